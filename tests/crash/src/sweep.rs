//! One process under strace: killed at its first write or sync, at its second, and so on; then with each failing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::journal;
use crate::kill::writer;
use crate::verdict::{Verdict, judge};

/// System calls that change the file, or wait for the disk.
const CALLS: &[&str] = &["pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "fallocate"];
/// Errors that calls return.
const INJECTED: [&str; 2] = ["ENOSPC", "EIO"];

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of records that the process enqueues.
    #[arg(long, default_value_t = 12)]
    records: usize,
    /// Test only every n-th call.
    #[arg(long, default_value_t = 1)]
    step: usize,
    /// Number of concurrent runs.
    #[arg(long, default_value_t = 8)]
    at_once: usize,
}

/// Sweeps through all calls.
pub(crate) fn run(options: &Options) -> Result<()> {
    let version = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
    ensure!(version.is_ok_and(|status| status.success()), "strace is needed: install it");
    for fsync in [false, true] {
        let calls = count(options, fsync)?;
        let sum: usize = calls.iter().map(|(_, count)| count).sum();
        let mode = if fsync { "fsync" } else { "os" };
        println!("durability {mode}: {} records make {sum} calls: {calls:?}", options.records);
        let kills = calls.iter().flat_map(|(call, count)| {
            let inject = move |when| format!("inject={call}:signal=KILL:when={when}");
            (1..=*count).step_by(options.step).map(inject)
        });
        let (hits, all) = trials(options, fsync, &kills.collect::<Vec<_>>())?;
        ensure!(hits > 0, "no process was killed");
        println!("killed at each of {hits} calls\n{all}");
        if fsync {
            continue;
        }
        for error in INJECTED {
            // From there on, ten calls fail.
            let failing = calls.iter().filter(|(call, _)| *call != "unlink");
            let failures = failing.flat_map(|(call, count)| {
                let inject =
                    move |when| format!("inject={call}:error={error}:when={when}..{}", when + 9);
                (1..=*count).step_by(options.step).map(inject)
            });
            let failures: Vec<_> = failures.collect();
            let (_, all) = trials(options, fsync, &failures)?;
            println!("{} runs with ten calls that fail with {error}\n{all}", failures.len());
        }
    }
    Ok(())
}

/// Runs trials concurrently, as they mostly wait; returns the number of killed processes.
fn trials(options: &Options, fsync: bool, injections: &[String]) -> Result<(usize, Verdict)> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<(usize, Verdict)> {
        let (mut hits, mut all) = (0, Verdict::default());
        while let Some(inject) = injections.get(next.fetch_add(1, Ordering::SeqCst)) {
            let (was_killed, verdict) = trial(options, inject, fsync)?;
            hits += usize::from(was_killed);
            add(&mut all, &verdict);
        }
        Ok((hits, all))
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.at_once).map(|_| scope.spawn(work)).collect();
        let (mut hits, mut all) = (0, Verdict::default());
        for worker in workers {
            let (more, verdict) =
                worker.join().map_err(|_| anyhow::anyhow!("a trial panicked"))??;
            hits += more;
            add(&mut all, &verdict);
        }
        Ok((hits, all))
    })
}

/// Counts each call of an undisturbed process. strace counts the calls of each thread separately: the totals exceed the
/// last number of any thread.
fn count(options: &Options, fsync: bool) -> Result<Vec<(&'static str, usize)>> {
    let scratch = tempfile::tempdir()?;
    let trace = scratch.path().join("trace");
    let status = traced(scratch.path(), &[])
        .args(["-o".as_ref(), trace.as_os_str()])
        .arg("--")
        .arg(std::env::current_exe()?)
        .args(arguments(options, scratch.path(), fsync))
        .status()?;
    ensure!(status.success(), "an undisturbed process failed: {status}");
    let text = std::fs::read_to_string(&trace)?;
    let count = |call: &&'static str| {
        let count = text.lines().filter(|line| line.contains(&format!(" {call}("))).count();
        (*call, count)
    };
    Ok(CALLS.iter().map(count).filter(|(_, count)| *count > 0).collect())
}

/// Runs one disturbed process, and then one that delivers the rest; returns true if the disturbance happened.
fn trial(options: &Options, inject: &str, fsync: bool) -> Result<(bool, Verdict)> {
    let scratch = tempfile::tempdir()?;
    let directory = scratch.path();
    let status = traced(directory, &["-e", inject])
        .args(["-o", "/dev/null", "--"])
        .arg(std::env::current_exe()?)
        .args(arguments(options, directory, fsync))
        .stderr(Stdio::null())
        .status()?;
    let was_killed = !status.success();
    if !directory.join("journal").exists() {
        bail!("{inject}: the process did not begin");
    }
    let last = writer(directory, "last", 0)?.output()?;
    let verdict = judge(&journal::read(directory)?);
    if !last.status.success() || !verdict.is_good() {
        let why = String::from_utf8_lossy(&last.stderr).into_owned();
        let kept = scratch.keep();
        bail!("{inject} (fsync {fsync}): {why}\n{verdict}see {}", kept.display());
    }
    let aside = std::fs::read_dir(directory)?
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("damaged"));
    ensure!(
        !aside,
        "{inject}: a sound file was taken for damaged; see {}",
        scratch.keep().display()
    );
    Ok((was_killed, verdict))
}

fn traced(directory: &Path, more: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", &format!("trace={}", CALLS.join(","))]).args(more);
    command.current_dir(directory).stdin(Stdio::null());
    command
}

fn arguments(options: &Options, directory: &Path, fsync: bool) -> Vec<String> {
    let mut arguments = vec!["write".to_owned(), "--name".into(), "first".into()];
    arguments.extend(["--records".into(), options.records.to_string()]);
    arguments.extend(["--conversations".into(), "3".into(), "--failing".into(), "0".into()]);
    arguments.extend(["--patience".into(), "60".into()]);
    arguments.extend(["--directory".into(), directory.display().to_string()]);
    arguments.extend(fsync.then(|| "--fsync".into()));
    arguments
}

fn add(all: &mut Verdict, one: &Verdict) {
    all.durable += one.durable;
    all.in_memory += one.in_memory;
    all.delivered += one.delivered;
    all.repeated += one.repeated;
    all.counted += one.counted;
}
