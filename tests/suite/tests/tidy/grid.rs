//! The grid of examples: every program stands in it with the test that runs it.

use super::tree::{Finding, Source, assert_none, file, places, tree};

const GRID: &str = "examples/README.md";

/// Marks of a program, by the ending of its file: others are parts of one.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("rs", &["fn main("]),
    ("py", &["if __name__ ==", "app = Flask(", "app = FastAPI("]),
    ("mjs", &["listen(port", "listen({", "serve({", "parseArgs("]),
    ("js", &["createRoot("]),
    ("ts", &["implements ChatTransport", "chatHandler("]),
    ("tsx", &["createRoot(", "useExternalStoreRuntime("]),
    ("java", &["SpringApplication.run("]),
];

fn is_program(source: &Source) -> bool {
    let inside = source.path.strip_prefix("examples/");
    // The embedded service of a page, and tests.
    let is_part = |path: &str| {
        path.contains("/service/") || path.contains("/tests/") || path.starts_with("tests/")
    };
    let ending = source.path.rsplit('.').next().unwrap_or_default();
    inside.is_some_and(|path| !is_part(path))
        && PROGRAMS
            .iter()
            .any(|(of, marks)| *of == ending && marks.iter().any(|mark| source.text.contains(mark)))
}

/// The cells of the grid that name this file: `[name](path) · [test](path)`.
fn test_of<'a>(grid: &'a str, path: &str) -> Option<&'a str> {
    let link = format!("]({})", path.strip_prefix("examples/")?);
    let cell = grid.split('|').find(|cell| cell.contains(&link))?;
    cell.split_once("[test](")?.1.split(')').next()
}

fn missing(grid: &Source, sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for program in sources.iter().filter(|source| is_program(source)) {
        let Some(test) = test_of(&grid.text, &program.path) else {
            findings.push(Finding::new(
                program,
                1,
                format!("the program does not stand in {GRID} with its test"),
            ));
            continue;
        };
        let path =
            test.strip_prefix("../").map_or_else(|| format!("examples/{test}"), str::to_owned);
        let mut parts = program.path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let names = [format!("\"{stem}\""), name.to_owned()];
        let folder = program.path.split('/').nth(1).unwrap_or_default();
        let is_named =
            |text: &str| names.iter().any(|name| text.contains(name)) || text.contains(folder);
        if !sources.iter().any(|source| source.path == path && is_named(&source.text)) {
            findings.push(Finding::new(program, 1, format!("{path} does not run the program")));
        }
    }
    findings
}

#[test]
fn every_program_of_the_examples_stands_in_the_grid_with_its_test() {
    let programs = tree().iter().filter(|source| is_program(source)).count();
    assert!(programs >= 15, "{programs} programs are found");
    assert_none(&missing(&file(GRID), tree()));
}

#[test]
fn a_program_without_a_cell_or_a_test_is_found() {
    let grid = Source::new(
        GRID,
        "| [a](rust/a.rs) · [test](tests/a.rs) | [b](rust/b.rs) | [c](rust/c.rs) · [test](../tests/c.rs) |",
    );
    let mut sources =
        vec![Source::new("examples/tests/a.rs", "clean(\"a\")"), Source::new("tests/c.rs", "")];
    sources.extend(
        ["a", "b", "c", "d"]
            .map(|name| Source::new(format!("examples/rust/{name}.rs"), "fn main() {}")),
    );
    let found = places(&missing(&grid, &sources))
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect::<Vec<_>>();
    assert_eq!(found, ["examples/rust/b.rs", "examples/rust/c.rs", "examples/rust/d.rs"]);
}
