//! `cargo xtask bench`: the benchmarks.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::args::BenchOptions;
use crate::languages::{Node, Purpose, Python};
use crate::nats;
use crate::repo::Repo;
use crate::step::Step;
use crate::system;

/// The bench that compares the clients of all languages, and those of one.
const CHUNK: &str = "chunk";
const LANGUAGES: [&str; 2] = ["python", "node"];
/// The bench of turns in Python and in Node.
const TURNS: &str = "turns";
/// The bench of a chat service behind a Python web server.
const WEB: &str = "web";
/// The bench of the outbox over NATS, which needs servers.
const NATS: &str = "nats";
/// The bench of a new conversation on the whole system.
const SYSTEM: &str = "system";
/// Options of the bench `chunk` that its halves in other languages have as well. Each takes a value.
const SHARED: [&str; 4] = ["--shapes", "--framings", "--streams", "--rounds"];

/// Runs the benches named, or all. `chunk` compares the clients of all languages in one table; `python` and `node` are
/// its parts for one. `turns` is in Python and in Node, `web` in Python; `system` starts all services.
///
/// # Errors
/// When one does not build or run.
pub(crate) fn run(repo: &Repo, options: &BenchOptions) -> Result<()> {
    let all = options.names.is_empty();
    let is_named = |name: &str| options.names.iter().any(|chosen| chosen == name);
    let is_of_chunk = |name: &str| name == CHUNK || LANGUAGES.contains(&name);
    let others = match all {
        true => benches(repo)?,
        false => options.names.clone(),
    };
    let is_of_packages =
        |name: &str| is_of_chunk(name) || [TURNS, WEB, NATS, SYSTEM].contains(&name);
    let others: Vec<_> = others.iter().filter(|name| !is_of_packages(name)).collect();
    if !others.is_empty() {
        let chosen = others.into_iter().flat_map(|name| ["--bench", name]);
        let mut step = Step::cargo(repo, "bench -p turnwire-bench").args(chosen);
        let is_for_others = options.names.iter().any(|name| is_of_packages(name));
        if !options.passed_through.is_empty() && !is_for_others {
            step = step.args(["--"]).args(&options.passed_through);
        }
        step.run()?;
    }
    let has_all_languages = all || is_named(CHUNK);
    let languages = LANGUAGES.into_iter().filter(|name| has_all_languages || is_named(name));
    let languages: Vec<_> = languages.collect();
    if has_all_languages || !languages.is_empty() {
        chunk(repo, has_all_languages, &languages, &options.passed_through)?;
    }
    if all || is_named(TURNS) {
        turns(repo, &options.passed_through)?;
    }
    if all || is_named(WEB) {
        web(repo, &options.passed_through)?;
    }
    if all || is_named(NATS) {
        nats::bench(repo, &options.passed_through)?;
    }
    match all || is_named(SYSTEM) {
        true => system::bench(repo, &options.passed_through),
        false => Ok(()),
    }
}

/// Measures turns in Python and in Node, beside the same made by hand.
fn turns(repo: &Repo, options: &[OsString]) -> Result<()> {
    let python = Python::prepare(repo, Purpose::Turns)?;
    let _node = Node::prepare(repo, Purpose::Turns)?;
    Step::cargo(repo, "bench -p turnwire-bench --bench turns --")
        .args(["--python".as_ref(), python.program().as_os_str()])
        .args(["--node", "node"])
        .args(options)
        .run()
}

/// Measures a chat service behind gunicorn, beside the same made by hand.
fn web(repo: &Repo, options: &[OsString]) -> Result<()> {
    let python = Python::prepare(repo, Purpose::Turns)?;
    Step::cargo(repo, "bench -p turnwire-bench --bench web --")
        .args(["--python".as_ref(), python.program().as_os_str()])
        .args(options)
        .run()
}

/// The benches in Rust, by their files.
fn benches(repo: &Repo) -> Result<Vec<String>> {
    let folder = repo.root().join("tests/bench/benches");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let name = entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned());
        names.extend(name);
    }
    names.sort();
    Ok(names)
}

/// Measures in each language, and prints one table of all.
fn chunk(repo: &Repo, with_rust: bool, languages: &[&str], options: &[OsString]) -> Result<()> {
    let folder = repo.target("bench");
    fs::create_dir_all(&folder)?;
    let file = |name: &str| folder.join(format!("chunk-{name}.jsonl"));
    let bench = || Step::cargo(repo, "bench -p turnwire-bench --bench chunk --");
    let mut measured = Vec::new();
    if with_rust {
        let lines = file("rust");
        bench().args(options).args(["--lines".as_ref(), lines.as_os_str()]).run()?;
        measured.push(lines);
    }
    if !languages.is_empty() {
        let build = "build -p turnwire-bench --bin turnwire-bench-server --profile bench";
        Step::cargo(repo, build).run()?;
    }
    let server = repo.target("release/turnwire-bench-server");
    for language in languages {
        let step = match *language {
            "python" => Python::prepare(repo, Purpose::Benchmarks)?
                .step(repo)
                .args(["tests/python/bench.py"]),
            // Silent, so that nothing but the measurements is on standard output.
            _ => Node::prepare(repo, Purpose::Benchmarks)?
                .script(repo, "bench")
                .env("npm_config_loglevel", "silent")
                .args(["--"]),
        };
        let lines = file(language);
        step.args(shared(options))
            .env("TURNWIRE_BENCH_SERVER", &server.to_string_lossy())
            .output_to_file(&lines)?
            .run()?;
        measured.push(lines);
    }
    // Rust's own table was printed already; it comes again with the others.
    if languages.is_empty() { Ok(()) } else { print_table(bench(), &measured, &file("all")) }
}

fn print_table(bench: Step, measured: &[PathBuf], all: &Path) -> Result<()> {
    let mut lines = String::new();
    for path in measured {
        let text = fs::read_to_string(path);
        lines += &text.with_context(|| format!("reading {}", path.display()))?;
    }
    fs::write(all, lines).with_context(|| format!("writing {}", all.display()))?;
    bench.args(["--table".as_ref(), all.as_os_str()]).run()
}

/// Options that every language has, with their values.
fn shared(options: &[OsString]) -> impl Iterator<Item = &OsString> {
    let pairs = options.iter().zip(options.iter().skip(1));
    let of_all = pairs.filter(|(name, _)| SHARED.iter().any(|shared| name == shared));
    of_all.flat_map(|(name, value)| [name, value])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_languages_get_only_the_options_that_they_have() {
        let words =
            ["--instructions", "--rounds", "3", "--count", "500", "--shapes", "openai,tools"];
        let options = words.map(OsString::from);
        let found: Vec<_> = shared(&options).map(|word| word.to_string_lossy()).collect();
        assert_eq!(found, ["--rounds", "3", "--shapes", "openai,tools"]);
    }

    #[test]
    fn benches_are_found_by_their_files() {
        let names = benches(&Repo::locate().unwrap()).unwrap();
        assert!(
            names.contains(&"chunk".to_owned()) && names.contains(&"sse".to_owned()),
            "{names:?}"
        );
    }
}
