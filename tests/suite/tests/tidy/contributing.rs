//! The tables of CONTRIBUTING: every suite has a row with its time, and every package that a suite installs is named.

use super::tree::{Finding, Source, assert_none, file};

/// Sources with the programs of suites, each with its package.
const PROGRAMS: &[&str] = &[
    "tests/xtask/src/debian.rs",
    "tests/xtask/src/nats.rs",
    "tests/xtask/src/service.rs",
    "tests/xtask/src/store_server.rs",
    "tests/xtask/src/suites.rs",
];

/// The suites of `suites.rs`.
fn suites(source: &str) -> Vec<&str> {
    let names = source.split("name: \"").skip(1);
    names.filter_map(|rest| rest.split('"').next()).collect()
}

/// The packages of constant pairs `("program", "package")`.
fn packages(source: &str) -> Vec<&str> {
    let constants = source.split("const ").skip(1).filter_map(|rest| rest.split(";\n").next());
    let pairs = constants.flat_map(|text| text.split("(\"").skip(1));
    let pairs = pairs.filter_map(|pair| pair.split("\")").next()?.split_once("\", \""));
    pairs.map(|(_, package)| package).collect()
}

/// The numbered rows of the table of suites, each with its name.
fn rows(document: &Source) -> Vec<(usize, &str)> {
    let numbered = (1..).zip(document.text.lines());
    let table = numbered
        .skip_while(|(_, line)| !line.starts_with("| suite |"))
        .skip(2)
        .take_while(|(_, line)| line.starts_with('|'));
    table.filter_map(|(line, row)| Some((line, row.split('`').nth(1)?))).collect()
}

fn faults(document: &Source, suites: &[&str], packages: &[&str]) -> Vec<Finding> {
    let rows = rows(document);
    let of = |name: &str| rows.iter().filter(|(_, row)| *row == name).count();
    let wrong = suites
        .iter()
        .filter(|name| of(name) != 1)
        .map(|name| Finding::new(document, 1, format!("the suite `{name}` has {} rows", of(name))));
    let unknown = rows.iter().filter(|(_, name)| !suites.contains(name)).map(|(line, name)| {
        Finding::new(document, *line, format!("`{name}`: there is no such suite"))
    });
    let words: Vec<&str> = document.text.split([' ', '`', '\n']).collect();
    let unnamed = packages.iter().filter(|package| !words.contains(package)).map(|package| {
        Finding::new(document, 1, format!("the package {package} is installed, and not named"))
    });
    wrong.chain(unknown).chain(unnamed).collect()
}

#[test]
fn every_suite_has_a_row_and_every_package_is_named() {
    let suites_file = file("tests/xtask/src/suites.rs");
    let sources: Vec<Source> = PROGRAMS.iter().map(|path| file(path)).collect();
    let packages: Vec<&str> = sources.iter().flat_map(|source| packages(&source.text)).collect();
    assert!(packages.contains(&"espeak-ng") && packages.contains(&"procps"), "{packages:?}");
    assert_none(&faults(&file("CONTRIBUTING.md"), &suites(&suites_file.text), &packages));
}

#[test]
fn a_suite_without_a_row_and_a_package_without_its_name_are_found() {
    let text = "`vim`\n| suite | s |\n| --- | --- |\n| `a` | 1 |\n| `a` | 1 |\n| `c` | 2 |\n\n| `d` | 3 |\n";
    let document = Source::new("CONTRIBUTING.md", text);
    let source = "const A: [(&str, &str); 2] =\n[(\"vi\", \"vim\"), (\"ps\", \"procps\")];\nenv(\"A\", \"b\")";
    let found = faults(&document, &["a", "b"], &packages(source));
    let messages: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "the suite `a` has 2 rows",
            "the suite `b` has 0 rows",
            "`c`: there is no such suite",
            "the package procps is installed, and not named",
        ]
    );
}
