//! The bars, and the table with their verdicts.

use std::collections::BTreeMap;
use std::fmt::Write;

use turnwire_bench::{OURS, median};

use super::services::Load;

/// The values of each measurement, by worker, measurement and client.
pub(super) type Measured = BTreeMap<(&'static str, &'static str, &'static str), Vec<f64>>;

/// The service that is made by hand.
pub(super) const BY_HAND: &str = "by-hand";

/// A measurement, and its bar: the service made by hand takes at least so many times as much.
pub(super) struct Bar {
    pub(super) what: &'static str,
    title: &'static str,
    /// Makes one number of the rounds: of costs the least, as noise only adds, of waits the middle.
    of_rounds: fn(&[f64]) -> f64,
    least: f64,
}

pub(super) const BARS: &[Bar] = &[
    Bar {
        what: "first",
        title: "ms to the first content of a new conversation",
        of_rounds: middle,
        least: 2.8,
    },
    Bar {
        what: "cpu",
        title: "CPU µs of the worker a token, of the whole turn",
        of_rounds: least,
        least: 4.0,
    },
];

fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, f64::min)
}

fn middle(numbers: &[f64]) -> f64 {
    median(numbers.iter().copied())
}

/// The bars of what was measured, as Markdown.
pub(super) fn table(measured: &Measured, load: &Load) -> String {
    let mut text = String::from(
        "| worker | | turnwire | by hand | by hand ÷ turnwire | bar | |\n| --- | --- | ---: | ---: | ---: | --- | --- |\n",
    );
    for worker in super::WORKERS {
        for bar in BARS {
            let number = |client| Some((bar.of_rounds)(measured.get(&(worker, bar.what, client))?));
            let (Some(ours), Some(by_hand)) = (number(OURS), number(BY_HAND)) else { continue };
            let verdict = if by_hand / ours >= bar.least { "met" } else { "**missed**" };
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "| {worker} | {} | {ours:.1} | {by_hand:.1} | {:.1}× | ≥ {}× | {verdict} |",
                bar.title,
                by_hand / ours,
                bar.least,
            );
        }
    }
    let Load { streams, tokens, pace_ms, .. } = load;
    let _ = write!(
        text,
        "\n{streams} streams at once, {tokens} tokens each at {pace_ms} ms, of one worker of gunicorn with Flask. By hand: \
         `openai`, `json.dumps`, and `requests` in threads; a new conversation goes step by step (sentiment, name, \
         workspace, session, stream). Costs are the least of the rounds, waits their middle."
    );
    text
}
