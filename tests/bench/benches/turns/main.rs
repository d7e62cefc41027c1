//! Turns in Python and in Node beside the same made by hand, on the same servers in one run: the cost of a token, the wait
//! for the first content of a new conversation, delays, imports and memory, with their bars.
//!
//! `cargo xtask bench turns` builds the packages and runs it. Each measurement is a process of its own, which prints a line
//! of JSON; the clients take turns. The services run here, so that their CPU time is not counted with a client's.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

mod report;
mod services;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use turnwire_bench::arguments;

use report::{BARS, Measured};
use services::{Load, Services};

/// Variables of the environment that the measured processes get.
const VARIABLES: [&str; 3] = ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH"];

/// The settings of a run.
struct Options {
    /// The interpreter of each language that is measured.
    python: Option<PathBuf>,
    node: Option<PathBuf>,
    /// Measurements of each client.
    rounds: usize,
    /// Only the bars whose measurement contains this.
    only: String,
    load: Load,
}

fn main() -> Result<()> {
    let options = Options::read()?;
    let mut measured = Measured::new();
    for (language, program) in [("Python", &options.python), ("Node", &options.node)] {
        let Some(program) = program else { continue };
        let mut whats: Vec<_> = BARS.iter().filter(|bar| bar.language == language).collect();
        whats.dedup_by_key(|bar| bar.what);
        for bar in whats.into_iter().filter(|bar| bar.what.contains(&options.only)) {
            for _ in 0..options.rounds {
                for &client in bar.clients() {
                    let services = Services::start(bar.what, &options.load)?;
                    let values = run(language, program, client, bar.what, &services)
                        .with_context(|| format!("{language}, {client}, {}", bar.what))?;
                    services.check()?;
                    let key = (language, bar.what, client);
                    measured.entry(key).or_default().push(values);
                }
            }
        }
    }
    ensure!(
        !measured.is_empty(),
        "nothing was measured: `cargo xtask bench turns` names the interpreters"
    );
    println!("{}", report::table(&measured, &options.load));
    Ok(())
}

/// One measurement of one client, in a process of its own.
fn run(
    language: &str,
    program: &Path,
    client: &str,
    what: &str,
    services: &Services,
) -> Result<BTreeMap<String, f64>> {
    let script = match language {
        "Python" => "../python/bench_turns.py",
        _ => "../node/bench-turns.mjs",
    };
    let variables = VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let output = Command::new(program)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .args([client, what, &services.place().to_string()])
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the process ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().last().context("the process printed nothing")?;
    let values: BTreeMap<String, Value> =
        serde_json::from_str(line).with_context(|| format!("it printed {line:?}"))?;
    let number = |(name, value): (String, Value)| {
        let number = value.as_f64().with_context(|| format!("{name} is {value}"))?;
        Ok((name, number))
    };
    values.into_iter().map(number).collect()
}

impl Options {
    fn read() -> Result<Self> {
        let load = Load { streams: 100, tokens: 200, pace_ms: 5, batches: 2 };
        let mut options =
            Options { python: None, node: None, rounds: 5, only: String::new(), load };
        let mut words = arguments().into_iter();
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--python" => options.python = Some(value.into()),
                "--node" => options.node = Some(value.into()),
                "--rounds" => options.rounds = value.parse()?,
                "--only" => options.only = value,
                "--streams" => options.load.streams = value.parse()?,
                "--tokens" => options.load.tokens = value.parse()?,
                "--pace" => options.load.pace_ms = value.parse()?,
                "--batches" => options.load.batches = value.parse()?,
                _ => bail!(
                    "there is no option {word}; there are --python, --node, --rounds, --only, --streams, --tokens, \
                     --pace and --batches"
                ),
            }
        }
        Ok(options)
    }
}
