//! The bars, and the table with their verdicts.

use std::collections::BTreeMap;
use std::fmt::Write;

use turnwire_bench::{OURS, median};

use super::services::Load;

/// The values of each measurement, by language, measurement and client.
pub(super) type Measured =
    BTreeMap<(&'static str, &'static str, &'static str), Vec<BTreeMap<String, f64>>>;

/// The client that is made by hand.
const BY_HAND: &str = "by-hand";

/// A bound of a measurement.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// The one made by hand takes at least so many times as much.
    Times(f64),
    /// Ours is below this.
    Below(f64),
}

pub(super) struct Bar {
    pub(super) language: &'static str,
    /// The measurement, as the measured process knows it.
    pub(super) what: &'static str,
    /// The value of that measurement.
    value: &'static str,
    title: &'static str,
    /// Makes one number of the rounds: of costs the least, as noise only adds, of waits the middle.
    of_rounds: fn(&[f64]) -> f64,
    bound: Bound,
}

const CPU: &str = "CPU µs a token, of the whole turn";
const FIRST: &str = "ms to the first content of a new conversation";
const DELAY: &str = "ms of delay of a token, p99, beside functions that block";
const IMPORT: &str = "CPU ms of the import";
const MEMORY: &str = "KiB of client and first stream";

pub(super) const BARS: &[Bar] = &[
    bar("Python", "cpu", "us", CPU, least, Bound::Times(5.0)),
    bar("Python", "first", "ms", FIRST, middle, Bound::Times(2.8)),
    bar("Python", "delay", "ms", DELAY, least, Bound::Below(20.0)),
    bar("Python", "import", "ms", IMPORT, least, Bound::Times(50.0)),
    bar("Python", "memory", "kib", MEMORY, least, Bound::Times(8.0)),
    bar("Node", "cpu", "us", CPU, least, Bound::Times(3.0)),
    bar("Node", "first", "ms", FIRST, middle, Bound::Times(2.8)),
    bar("Node", "delay", "ms", DELAY, least, Bound::Below(20.0)),
    bar("Node", "import", "ms", IMPORT, least, Bound::Times(7.0)),
    bar("Node", "memory", "kib", MEMORY, least, Bound::Times(4.0)),
];

const fn bar(
    language: &'static str,
    what: &'static str,
    value: &'static str,
    title: &'static str,
    of_rounds: fn(&[f64]) -> f64,
    bound: Bound,
) -> Bar {
    Bar { language, what, value, title, of_rounds, bound }
}

impl Bar {
    /// The clients to measure.
    pub(super) fn clients(&self) -> &'static [&'static str] {
        match self.bound {
            Bound::Times(_) => &[OURS, BY_HAND],
            Bound::Below(_) => &[OURS],
        }
    }

    fn number(&self, measured: &Measured, client: &'static str) -> Option<f64> {
        let rounds = measured.get(&(self.language, self.what, client))?;
        let numbers: Option<Vec<f64>> =
            rounds.iter().map(|round| round.get(self.value).copied()).collect();
        Some((self.of_rounds)(&numbers?))
    }
}

fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, f64::min)
}

fn middle(numbers: &[f64]) -> f64 {
    median(numbers.iter().copied())
}

/// The bars of what was measured, as Markdown.
pub(super) fn table(measured: &Measured, load: &Load) -> String {
    let mut text = String::from(
        "| | | turnwire | by hand | by hand ÷ turnwire | bar | |\n| --- | --- | ---: | ---: | ---: | --- | --- |\n",
    );
    for bar in BARS {
        let Some(ours) = bar.number(measured, OURS) else { continue };
        let by_hand = bar.number(measured, BY_HAND);
        let ratio = by_hand.map(|by_hand| by_hand / ours);
        let (bound, is_met) = match bar.bound {
            Bound::Times(least) => {
                (format!("≥ {least}×"), ratio.is_some_and(|ratio| ratio >= least))
            }
            Bound::Below(most) => (format!("< {most}"), ours < most),
        };
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {ours:.1} | {} | {} | {bound} | {} |",
            bar.language,
            bar.title,
            by_hand.map(|number| format!("{number:.1}")).unwrap_or_default(),
            ratio.map(|ratio| format!("{ratio:.1}×")).unwrap_or_default(),
            if is_met { "met" } else { "**missed**" },
        );
    }
    let Load { streams, tokens, pace_ms, .. } = load;
    let _ = write!(
        text,
        "\n{streams} streams at once, {tokens} tokens each at {pace_ms} ms, read as bytes of the event stream; messages are \
         read from a chat store, and saved and counted there. By hand: `openai`, a thread a stream, `json.dumps` and \
         `requests` in threads; in Node `openai`, `JSON.stringify` and `fetch`; a new conversation goes step by step \
         (sentiment, name, workspace, session, stream). Costs are the least of the rounds, waits their middle."
    );
    text
}
