//! Stops turns of another process that shares the outbox's file, while both cores and the file are busy.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures::StreamExt;
use turnwire::turn::OnDisconnect;
use turnwire::{ChatStore, OpenAi, Outbox, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Script};

use crate::outbox_in;
use crate::writer::wait_for;

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACE: &str = "workspace-of-the-run";

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of turns to stop.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// The longest median of the times from a request to its turn's end, in milliseconds: a pause of the machine lengthens a single
    /// one.
    #[arg(long, default_value_t = 250)]
    limit: u64,
    /// Number of other turns that run in the same process.
    #[arg(long, default_value_t = 50)]
    others: usize,
    /// Directory and services of the other process; set when this program starts itself.
    #[arg(long, hide = true, num_args = 4)]
    within: Vec<String>,
}

/// A process that does not outlive the run, and its lines.
struct Other {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn line(&mut self) -> Result<String> {
        Ok(self.lines.next().context("the other process has ended")??)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if let [directory, llm, store, tokens] = options.within.as_slice() {
        return wait_for(talk(Path::new(directory), (llm, store), tokens, options))?;
    }
    let scratch = tempfile::tempdir()?;
    let (llm, store) = (Fake::spawn_thread()?, FakeStore::spawn_thread()?);
    llm.script("m stream", Script::new().role("assistant").text("a").stall());
    store.add_workspace(WORKSPACE, USER);
    let login = store.login(USER);
    let turns = turns(scratch.path(), &llm.base_url(), &store.url())?;
    let mut process = Command::new(std::env::current_exe()?)
        .args(["stop", "--rounds", &options.rounds.to_string()])
        .args(["--others", &options.others.to_string(), "--within"])
        .arg(scratch.path())
        .args([&llm.base_url(), &store.url()])
        .arg(format!("{} {}", login.access, login.refresh))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(process.stdout.take().context("a pipe")?).lines();
    let mut other = Other { process, lines };

    let ends = Arc::new(AtomicBool::new(false));
    for _ in 0..thread::available_parallelism()?.get() {
        let ends = ends.clone();
        thread::spawn(move || while !ends.load(Ordering::Relaxed) {});
    }
    let stopped = stop_each(&turns, &mut other, options);
    ends.store(true, Ordering::Relaxed);
    let mut took = stopped?;
    took.sort_unstable();
    let (median, longest) = (took.get(took.len() / 2), took.last());
    println!(
        "{} turns of another process stopped: median {median:?}, longest {longest:?}",
        took.len()
    );
    let limit = Duration::from_millis(options.limit);
    ensure!(median.is_some_and(|median| *median <= limit), "the median's limit is {limit:?}");
    ensure!(!turns.stop("no turn"), "a turn that nobody has was stopped");
    Ok(())
}

/// The first rounds, in which a turn may not be in the file yet.
const EARLY: usize = 8;

/// The most later turns that may not be known.
const HIDDEN: usize = 2;

/// Stops the turns that the other process announces; returns the time that each took.
fn stop_each(turns: &Turns, other: &mut Other, options: &Options) -> Result<Vec<Duration>> {
    let (mut took, mut unknown) = (Vec::new(), 0);
    for round in 0..options.rounds {
        let id = other.line()?;
        // The first ones at once, before the turn is in the file.
        thread::sleep(Duration::from_millis(20 * round as u64));
        let asked = Instant::now();
        let is_known = turns.stop(&id);
        unknown += usize::from(!is_known && round >= EARLY);
        let end = other.line()?;
        took.push(asked.elapsed());
        ensure!(end == "stopped: a", "round {round} ended with {end:?}");
    }
    // A pause of the machine hides a single one. Its request is stored, and so it is not asked for again.
    ensure!(unknown <= HIDDEN, "{unknown} turns were not known when they were stopped");
    Ok(took)
}

fn turns(directory: &Path, llm: &str, store: &str) -> Result<Turns> {
    let llm = OpenAi::builder().base_url(llm).api_key("sk-of-the-test").no_proxy().build()?;
    let store = ChatStore::builder(store).no_proxy().build()?;
    let outbox = Outbox::open(outbox_in(directory))?;
    let turns = Turns::builder(llm).model("m").store(store).outbox(outbox);
    Ok(turns.on_disconnect(OnDisconnect::Finish).build()?)
}

/// Runs turns that never end by themselves, prints the id of each, and its text once it has been stopped.
async fn talk(
    directory: &Path,
    (llm, store): (&str, &str),
    tokens: &str,
    options: &Options,
) -> Result<()> {
    let (access, refresh) = tokens.split_once(' ').unwrap_or_default();
    let turns = turns(directory, llm, store)?;
    let request =
        || TurnRequest::new("hello").user_id(USER).workspace(WORKSPACE).tokens(access, refresh);
    // Their readers have gone, and they are finished nevertheless.
    (0..options.others).for_each(|_| drop(turns.start(request())));
    for _ in 0..options.rounds {
        let mut turn = turns.start(request());
        let mut text = String::new();
        while let Some(event) = turn.next().await {
            match event? {
                TurnEvent::Content { content } => {
                    text.push_str(&content);
                    println!("{}", turn.id());
                }
                TurnEvent::Done { stopped: true, .. } => println!("stopped: {text}"),
                TurnEvent::Done { .. } => println!("done: {text}"),
                _ => {}
            }
        }
    }
    Ok(())
}
