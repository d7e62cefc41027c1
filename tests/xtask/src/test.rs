//! `cargo xtask test`: runs suites and reports the result of each.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::failures::{self, Failure};
use crate::log;
use crate::repo::{Repo, WAITED};
use crate::suites::Suite;
use crate::tools;

/// The suites that run at a time, on a machine with as many cores.
const LANES: usize = 2;
/// The failures of one suite whose reports are repeated; of the others, only the names are.
const REPEATED: usize = 10;

/// The result of one suite.
struct Outcome {
    name: &'static str,
    /// The reason for a failure.
    result: Result<(), String>,
    failures: Vec<Failure>,
    /// Without the waits for what another suite held.
    took: Duration,
}

/// Runs all the suites, even when one fails, so that several faults can be fixed at once. Runs none while a tool is
/// missing, which would otherwise show only after the earlier suites.
///
/// Two run at a time, the next when one has ended: the last step of a build has one core at work, and many a test waits.
/// The output of each then shows whole, at its end.
pub(crate) fn run(repo: &Repo, suites: &[&'static Suite]) -> Result<ExitCode> {
    if let Some(missing) = tools::missing(repo, suites) {
        bail!(missing);
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let lanes = LANES.min(cores).min(suites.len());
    let began = Instant::now();
    let queue = Mutex::new(suites.iter().enumerate());
    let outcomes = Mutex::new(BTreeMap::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some((place, suite)) = next() {
            let outcome = run_one(repo, suite, lanes == 1);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(place, outcome);
        }
    };
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(work);
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let outcomes: Vec<_> = outcomes.into_values().collect();
    print!("\n{}", report(&outcomes, began.elapsed()));
    Ok(match outcomes.iter().all(|outcome| outcome.result.is_ok()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Runs a suite in a process of its own, `cargo xtask suite`, whose output is that of all its steps.
fn run_one(repo: &Repo, suite: &Suite, is_shown: bool) -> Outcome {
    let title = format!("\n=== {} ===\n", suite.name);
    match is_shown {
        true => print!("{title}"),
        false => println!("{} began", suite.name),
    }
    let began = Instant::now();
    let path = repo.target("logs").join(format!("{}.log", suite.name));
    let ended = std::env::current_exe().context("finding this program").and_then(|program| {
        let mut command = Command::new(program);
        // A backtrace of a large program takes seconds of a core, which other tests wait for, and hides the message.
        command.args(["suite", suite.name]).env("RUST_BACKTRACE", "0");
        log::run(&mut command, &path, is_shown)
    });
    if let (Ok((_, output)), false) = (&ended, is_shown) {
        // At once, as the other lane prints too.
        print!("{title}{output}");
    }
    outcome(suite.name, ended, began.elapsed())
}

/// The result of a suite from the end of its process, if it could be run, and its output.
fn outcome(name: &'static str, ended: Result<(ExitStatus, String)>, elapsed: Duration) -> Outcome {
    let (status, output) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            let result = Err(format!("{error:#}"));
            return Outcome { name, result, failures: Vec::new(), took: elapsed };
        }
    };
    let took = elapsed.saturating_sub(waited(&output));
    if status.success() {
        return Outcome { name, result: Ok(()), failures: Vec::new(), took };
    }
    let why = output.lines().rev().find_map(|line| line.strip_prefix("error: "));
    let why = why.map_or_else(|| format!("ended with {status}"), str::to_owned);
    Outcome { name, failures: failures::find(&output, &why), result: Err(why), took }
}

/// The time in which another suite held what this one needs.
fn waited(output: &str) -> Duration {
    let seconds = output.lines().filter_map(|line| line.strip_prefix(WAITED)?.parse().ok());
    seconds.filter_map(|seconds| Duration::try_from_secs_f64(seconds).ok()).sum()
}

/// The table; the reports of the failures, which later output has moved away; and last, as an end is all that is seen of
/// many a log, their names and the count.
fn report(outcomes: &[Outcome], took: Duration) -> String {
    let mut text = table(outcomes, took);
    for outcome in outcomes {
        for Failure { name, text: report } in outcome.failures.iter().take(REPEATED) {
            text.push_str(&format!("\n--- {}: {name} ---\n{report}\n", outcome.name));
        }
    }
    let names = outcomes
        .iter()
        .flat_map(|outcome| outcome.failures.iter().map(|failure| (outcome.name, &failure.name)));
    let names: String = names.map(|(suite, name)| format!("FAILED {suite}: {name}\n")).collect();
    if !names.is_empty() {
        text.push('\n');
    }
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    text.push_str(&format!("{names}{} passed, {failed} failed\n", outcomes.len() - failed));
    text
}

/// A line for each suite, and the time of the whole run.
fn table(outcomes: &[Outcome], took: Duration) -> String {
    let mut text = String::new();
    for Outcome { name, result, took, .. } in outcomes {
        let (word, why) = match result {
            Ok(()) => ("passed", ""),
            Err(why) => ("FAILED", why.as_str()),
        };
        let line = format!("{name:<11}{word} {:>7.1} s  {why}", took.as_secs_f64());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&format!("{:<17} {:>7.1} s\n", "whole run", took.as_secs_f64()));
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn a_suite_that_cannot_be_run_fails_and_waits_do_not_count() {
        let seconds = Duration::from_secs;
        let failed =
            outcome("fmt", Err(anyhow::anyhow!("disk full").context("writing")), seconds(1));
        assert_eq!(failed.result.unwrap_err(), "writing: disk full");
        let output = format!("$ mvn\n{WAITED}2.5\n{WAITED}0.5\nerror: no jar\n");
        let status = |code: i32| ExitStatus::from_raw(code << 8);
        let failed = outcome("store", Ok((status(1), output.clone())), seconds(10));
        assert_eq!((failed.result.unwrap_err().as_str(), failed.took), ("no jar", seconds(7)));
        let passed = outcome("store", Ok((status(0), output)), seconds(10));
        assert!(passed.result.is_ok() && passed.failures.is_empty() && passed.took == seconds(7));
    }

    #[test]
    fn the_report_ends_with_the_failures_their_names_and_the_count() {
        let outcome = |name, seconds| Outcome {
            name,
            result: Ok(()),
            failures: Vec::new(),
            took: Duration::from_millis(seconds),
        };
        let failure =
            |name: &str, text: &str| Failure { name: name.to_owned(), text: text.to_owned() };
        let outcomes = [
            outcome("fmt", 1_234),
            Outcome {
                result: Err("above: below".to_owned()),
                failures: vec![
                    failure("a.py::test_a", "left\nright"),
                    failure("b.py::test_b", "gone"),
                ],
                ..outcome("local-llm", 75_000)
            },
        ];
        let expected = "\
fmt        passed     1.2 s
local-llm  FAILED    75.0 s  above: below
whole run            75.0 s

--- local-llm: a.py::test_a ---
left
right

--- local-llm: b.py::test_b ---
gone

FAILED local-llm: a.py::test_a
FAILED local-llm: b.py::test_b
1 passed, 1 failed
";
        assert_eq!(report(&outcomes, Duration::from_secs(75)), expected);
        let expected =
            "fmt        passed     1.2 s\nwhole run             1.2 s\n1 passed, 0 failed\n";
        assert_eq!(report(&[outcome("fmt", 1_234)], Duration::from_millis(1_234)), expected);
    }
}
