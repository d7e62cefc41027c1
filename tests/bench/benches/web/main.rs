//! A chat service in Flask on turnwire beside the same made by hand, behind the same gunicorn and on the same services: the
//! CPU time of the worker for a token, and the wait for the first content of a new conversation, with their bars.
//!
//! `cargo xtask bench web` builds the package and runs it. Each measurement is a gunicorn of its own with one worker; the
//! clients take turns. Readers and services are other processes, so that their CPU time is not counted with the worker's.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

mod gunicorn;
mod report;
#[path = "../turns/services.rs"]
mod services;

use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use turnwire_bench::{OURS, arguments, median};

use gunicorn::Gunicorn;
use report::{BARS, BY_HAND, Measured};
use services::{Load, Services};

/// The workers of gunicorn that are measured: both keep a stream open without blocking the others.
const WORKERS: [&str; 2] = ["gthread", "gevent"];

/// The settings of a run.
struct Options {
    python: PathBuf,
    /// Measurements of each client.
    rounds: usize,
    /// Only the bars whose worker and measurement, such as `gevent cpu`, contain this.
    only: String,
    load: Load,
}

fn main() -> Result<()> {
    let options = Options::read()?;
    let mut measured = Measured::new();
    for worker in WORKERS {
        let is_chosen = |what: &str| format!("{worker} {what}").contains(&options.only);
        for bar in BARS.iter().filter(|bar| is_chosen(bar.what)) {
            for _ in 0..options.rounds {
                for client in [OURS, BY_HAND] {
                    let value = measure(&options, worker, client, bar.what)
                        .with_context(|| format!("{worker}, {client}, {}", bar.what))?;
                    measured.entry((worker, bar.what, client)).or_default().push(value);
                }
            }
        }
    }
    println!("{}", report::table(&measured, &options.load));
    Ok(())
}

/// One measurement of one client, behind a gunicorn of its own.
fn measure(options: &Options, worker: &str, client: &str, what: &str) -> Result<f64> {
    let services = Services::start(what, &options.load)?;
    let place: Place = serde_json::from_value(services.place())?;
    let server = Gunicorn::start(&options.python, worker, client, &services.place())?;
    let value = match what {
        "cpu" => cpu_of_a_token(&server, &place)?,
        _ => first_content(&server, &place)?,
    };
    server.finish()?;
    services.check()?;
    Ok(value)
}

/// The facts that the readers need of the services.
#[derive(Deserialize)]
struct Place {
    workspaces: Vec<String>,
    batches: usize,
    firsts: usize,
    /// The number of tokens of a reply, where it is known.
    tokens: Option<usize>,
}

/// The CPU time of the worker for a token, in microseconds, with all that its turn does.
fn cpu_of_a_token(server: &Gunicorn, place: &Place) -> Result<f64> {
    let tokens = place.tokens.context("the replies have no number of tokens")?;
    batch(server, &place.workspaces, tokens)?; // it connects, and warms up
    let worker = server.finish()?;
    let before = gunicorn::cpu_time(worker)?;
    for _ in 0..place.batches {
        batch(server, &place.workspaces, tokens)?;
    }
    server.finish()?;
    let used = gunicorn::cpu_time(worker)? - before;
    let all = place.batches * place.workspaces.len() * tokens;
    Ok(used.as_secs_f64() * 1e6 / all as f64)
}

/// Reads a turn of every workspace, all at once.
fn batch(server: &Gunicorn, workspaces: &[String], tokens: usize) -> Result<()> {
    let read = |workspace: &String| {
        let message = json!({"message": "안녕하세요", "workspaceId": workspace});
        let mut reply = server.post("/chat/stream", Some(&message))?;
        reply.read_to_end()?;
        let found = reply.tokens();
        ensure!(found == tokens, "{found} tokens were read, not {tokens}");
        Ok(())
    };
    thread::scope(|threads| {
        let readers: Vec<_> =
            workspaces.iter().map(|workspace| threads.spawn(|| read(workspace))).collect();
        let ended = readers
            .into_iter()
            .map(|reader| reader.join().unwrap_or_else(|_| Err(anyhow!("a reader panicked"))));
        ended.collect()
    })
}

/// The wait for the first content of a new conversation, in milliseconds: the middle of some, after one that connects.
fn first_content(server: &Gunicorn, place: &Place) -> Result<f64> {
    let mut waits = Vec::new();
    for _ in 0..=place.firsts {
        let began = Instant::now();
        let message = json!({"message": "안녕하세요", "createWorkspace": true});
        let mut reply = server.post("/chat/stream", Some(&message))?;
        while reply.tokens() == 0 {
            ensure!(reply.read_some()?, "the reply has no content: {}", reply.text());
        }
        waits.push(began.elapsed().as_secs_f64() * 1e3);
        reply.read_to_end()?;
    }
    Ok(median(waits.drain(1..)))
}

impl Options {
    fn read() -> Result<Self> {
        let load = Load { streams: 100, tokens: 200, pace_ms: 20, batches: 2 };
        let mut python = None;
        let mut options = Options { python: PathBuf::new(), rounds: 3, only: String::new(), load };
        let mut words = arguments().into_iter();
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--python" => python = Some(value.into()),
                "--rounds" => options.rounds = value.parse()?,
                "--only" => options.only = value,
                "--streams" => options.load.streams = value.parse()?,
                "--tokens" => options.load.tokens = value.parse()?,
                "--pace" => options.load.pace_ms = value.parse()?,
                "--batches" => options.load.batches = value.parse()?,
                _ => bail!(
                    "there is no option {word}; there are --python, --rounds, --only, --streams, --tokens, --pace and \
                     --batches"
                ),
            }
        }
        options.python =
            python.context("`cargo xtask bench web` names the interpreter, with --python")?;
        Ok(options)
    }
}
