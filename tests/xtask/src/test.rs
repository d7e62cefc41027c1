//! `cargo xtask test`: runs suites one after another and reports the result of each.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::repo::Repo;
use crate::suites::Suite;
use crate::tools;

/// The result of one suite.
struct Outcome {
    name: &'static str,
    result: Result<()>,
    took: Duration,
}

/// Runs all the suites, even when one fails, so that several faults can be fixed at once. Runs none while a tool is
/// missing, which would otherwise show only after the earlier suites.
pub(crate) fn run(repo: &Repo, suites: &[&'static Suite]) -> ExitCode {
    if let Some(missing) = tools::missing(repo, suites) {
        eprintln!("error: {missing}");
        return ExitCode::FAILURE;
    }
    let outcomes: Vec<_> = suites.iter().map(|suite| run_one(repo, suite)).collect();
    print!("\n{}", table(&outcomes));
    if outcomes.iter().all(|outcome| outcome.result.is_ok()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_one(repo: &Repo, suite: &Suite) -> Outcome {
    eprintln!("\n=== {} ===", suite.name);
    let began = Instant::now();
    let result = (suite.run)(repo);
    if let Err(error) = &result {
        eprintln!("{} failed: {error:#}", suite.name);
    }
    Outcome { name: suite.name, result, took: began.elapsed() }
}

/// A line for each suite, the total time, and the count, which is the last line.
fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let mut failed = 0;
    for Outcome { name, result, took } in outcomes {
        let (word, why) = match result {
            Ok(()) => ("passed", String::new()),
            Err(error) => {
                failed += 1;
                // One line in the table; the rest was printed at the failure.
                ("FAILED", format!("{error:#}").lines().next().unwrap_or_default().to_owned())
            }
        };
        let line = format!("{name:<11}{word} {:>7.1} s  {why}", took.as_secs_f64());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    text.push_str(&format!("{:<17} {:>7.1} s\n", "total", total.as_secs_f64()));
    let passed = outcomes.len() - failed;
    text.push_str(&format!("{passed} passed, {failed} failed\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ends_with_the_count() {
        let outcomes = [
            Outcome { name: "fmt", result: Ok(()), took: Duration::from_millis(1_234) },
            Outcome {
                name: "local-llm",
                result: Err(anyhow::anyhow!("below\nmore").context("above")),
                took: Duration::from_secs(75),
            },
        ];
        let expected = "\
fmt        passed     1.2 s
local-llm  FAILED    75.0 s  above: below
total                76.2 s
1 passed, 1 failed
";
        assert_eq!(table(&outcomes), expected);
    }
}
