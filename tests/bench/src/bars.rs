//! The bars that the measurements must meet, and by how much they do.

use crate::OURS;
use crate::bodies::Shape;
use crate::framing::Framing;
use crate::line::{Lines, Metric, Row, Situation};

/// A bound for the ratio or the difference of two clients.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    /// The peer's value is at least so many times ours.
    Times(f64),
    /// Ours is at most so many times the peer's.
    AtMost(f64),
    /// Ours is at most so much above the peer's.
    Above(f64),
}

#[derive(Debug)]
struct Bar {
    language: &'static str,
    metric: Metric,
    peer: &'static str,
    situations: fn(&Situation) -> bool,
    title: &'static str,
    bound: Bound,
}

const BARS: &[Bar] = &[
    bar("rust", Metric::Cpu, "async-openai", is_large, "flood, large pieces", Bound::Times(5.0)),
    bar("rust", Metric::Cpu, "eventsource", is_large, "flood, large pieces", Bound::Times(3.0)),
    bar("rust", Metric::Cpu, "body", is_many, "200 and 1,000 paced streams", Bound::AtMost(1.15)),
    bar(
        "rust",
        Metric::Instructions,
        "body",
        is_paced,
        "paced, instructions",
        Bound::Above(2500.0),
    ),
    bar("rust", Metric::Memory, "body", is_thousand, "1,000 streams, memory", Bound::AtMost(1.2)),
    bar("node", Metric::Cpu, "openai", is_burst, "burst", Bound::Times(8.0)),
    bar("node", Metric::Cpu, "openai", is_paced, "paced", Bound::Times(2.0)),
    bar("node", Metric::Memory, "openai", is_other, "memory above bare Node", Bound::Times(4.0)),
    bar("node", Metric::Time, "openai", is_other, "import", Bound::Times(8.0)),
    bar("python sync", Metric::Cpu, "openai", is_burst, "burst", Bound::Times(60.0)),
    bar("python async", Metric::Cpu, "openai", is_burst, "burst", Bound::Times(60.0)),
];

/// Growth of a shape's cost over an earlier run that is still allowed.
const SLOWER: f64 = 1.03;

const fn bar(
    language: &'static str,
    metric: Metric,
    peer: &'static str,
    situations: fn(&Situation) -> bool,
    title: &'static str,
    bound: Bound,
) -> Bar {
    Bar { language, metric, peer, situations, title, bound }
}

fn is_large(situation: &Situation) -> bool {
    matches!(situation, Situation::Flood(Framing::Large))
}

fn is_burst(situation: &Situation) -> bool {
    matches!(situation, Situation::Flood(Framing::Large | Framing::Chunked))
}

fn is_paced(situation: &Situation) -> bool {
    matches!(situation, Situation::Paced(..))
}

fn is_many(situation: &Situation) -> bool {
    matches!(situation, Situation::Paced(200 | 1000, _))
}

fn is_thousand(situation: &Situation) -> bool {
    matches!(situation, Situation::Paced(1000, _))
}

fn is_other(situation: &Situation) -> bool {
    matches!(situation, Situation::Other(_))
}

/// A bar beside the measurements.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    /// The language.
    pub language: String,
    /// The measurement.
    pub title: String,
    /// The bound, in words.
    pub bound: String,
    /// The worst of the measurements and its place.
    pub worst: String,
    /// The best of the measurements and its place.
    pub best: String,
    /// The worst one is within the bound; `None` where nothing was measured.
    pub is_met: Option<bool>,
}

/// Compares the measurements with every bar of the languages that were measured.
#[must_use]
pub fn verdicts(lines: &Lines) -> Vec<Verdict> {
    let rows = lines.rows();
    let measured = |bar: &&Bar| rows.iter().any(|row| row.language == bar.language);
    BARS.iter().filter(measured).map(|bar| verdict(bar, lines, &rows)).collect()
}

fn verdict(bar: &Bar, lines: &Lines, rows: &[Row]) -> Verdict {
    let of_bar = rows.iter().filter(|row| {
        row.language == bar.language
            && row.metric == bar.metric
            && (bar.situations)(&row.situation)
            && is_of_services(&row.shape)
    });
    let compared = of_bar.filter_map(|row| {
        let (ours, peer) = (lines.least(row, OURS)?, lines.least(row, bar.peer)?);
        let value = match bar.bound {
            Bound::Times(_) => peer / ours,
            Bound::AtMost(_) => ours / peer,
            Bound::Above(_) => ours - peer,
        };
        Some((value, row))
    });
    let mut compared: Vec<_> = compared.collect();
    compared.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    if !matches!(bar.bound, Bound::Times(_)) {
        compared.reverse();
    }
    let worst = compared.first();
    let is_met = worst.map(|(value, _)| match bar.bound {
        Bound::Times(least) => *value >= least,
        Bound::AtMost(most) | Bound::Above(most) => *value <= most,
    });
    let place =
        |found: Option<&(f64, &Row)>| found.map(|f| words(bar.bound, f)).unwrap_or_default();
    let peer = title(bar.peer);
    Verdict {
        language: bar.language.to_owned(),
        title: bar.title.to_owned(),
        bound: match bar.bound {
            Bound::Times(least) => format!("≥ {least}× {peer}"),
            Bound::AtMost(most) => format!("≤ {most}× {peer}"),
            Bound::Above(most) => format!("≤ {most} above {peer}"),
        },
        worst: place(worst),
        best: place(compared.last()),
        is_met,
    }
}

/// True for shapes of services, and where there is no stream; false for the constant one and for events.
pub(crate) fn is_of_services(shape: &str) -> bool {
    Shape::from_name(shape).is_none_or(|shape| !shape.is_events() && shape != Shape::Constant)
}

fn words(bound: Bound, (value, row): &(f64, &Row)) -> String {
    let value = match bound {
        Bound::Times(_) | Bound::AtMost(_) => format!("{value:.2}×"),
        Bound::Above(_) => format!("{value:.0}"),
    };
    match row.shape.as_str() {
        "" => value,
        shape => format!("{value} ({shape}, {})", row.situation),
    }
}

/// True for a client that only reads, and is the limit: ours is compared with it the other way round.
#[must_use]
pub fn is_limit(client: &str) -> bool {
    client == "body"
}

/// The name of a client in tables.
#[must_use]
pub fn title(client: &str) -> &str {
    match client {
        "body" => "reqwest, unparsed",
        "turnwire-choices" => "turnwire, all choices read",
        "eventsource" => "eventsource-stream + serde",
        other => other,
    }
}

/// Compares our costs with those of an earlier run: by instructions where both have them, else by CPU time.
#[must_use]
pub fn slower(lines: &Lines, before: &Lines) -> Vec<Verdict> {
    let rows = lines.rows();
    let ratio = |row: &Row| Some(lines.least(row, OURS)? / before.least(row, OURS)?);
    let by_instructions = |row: &Row| {
        rows.iter().any(|other| {
            let row = Row { metric: Metric::Instructions, ..row.clone() };
            *other == row && ratio(other).is_some()
        })
    };
    let of_chunks = rows.iter().filter(|row| match row.metric {
        Metric::Instructions => true,
        Metric::Cpu => !by_instructions(row),
        _ => false,
    });
    let mut compared: Vec<(f64, &Row)> =
        of_chunks.filter_map(|row| Some((ratio(row)?, row))).collect();
    compared.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let words = |found: &(f64, &Row)| {
        format!("{}: {}", found.1.language, words(Bound::AtMost(SLOWER), found))
    };
    vec![Verdict {
        language: "all".into(),
        title: "every shape beside the run before".into(),
        bound: format!("≤ {SLOWER}×"),
        worst: compared.first().map(words).unwrap_or_default(),
        best: compared.last().map(words).unwrap_or_default(),
        is_met: compared.first().map(|(worst, _)| *worst <= SLOWER),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Line;

    fn line(client: &str, shape: &str, cpu_us: f64) -> Line {
        Line {
            language: "rust".into(),
            client: client.into(),
            shape: shape.into(),
            framing: "large".into(),
            streams: 1,
            cpu_us: Some(cpu_us),
            ..Line::default()
        }
    }

    fn lines(all: &[Line]) -> Lines {
        let mut lines = Lines::default();
        all.iter().for_each(|line| lines.add(line));
        lines
    }

    #[test]
    fn the_worst_shape_decides_by_the_least_of_its_rounds() {
        let mut all = vec![
            line("turnwire", "openai", 1.0),
            line("async-openai", "openai", 9.0),
            line("turnwire", "tools", 3.0),
            line("turnwire", "tools", 2.0),
            line("async-openai", "tools", 10.0),
            // Neither counts: the easiest body, and another wire.
            line("turnwire", "constant", 9.0),
            line("async-openai", "constant", 9.0),
        ];
        let found = &verdicts(&lines(&all))[0];
        assert_eq!(found.worst, "5.00× (tools, large)");
        assert_eq!(found.best, "9.00× (openai, large)");
        assert_eq!(found.is_met, Some(true));
        all.push(line("async-openai", "tools", 9.9));
        assert_eq!(verdicts(&lines(&all))[0].is_met, Some(false));
    }

    #[test]
    fn upper_bounds_take_the_greatest_and_unmeasured_bars_say_so() {
        let paced = |client: &str, shape: &str, cpu_us, instructions| Line {
            pace_ms: 20,
            streams: 200,
            instructions: Some(instructions),
            ..line(client, shape, cpu_us)
        };
        let lines = lines(&[
            paced("turnwire", "openai", 11.0, 9_000.0),
            paced("body", "openai", 10.0, 7_000.0),
            paced("turnwire", "moving", 12.0, 9_501.0),
            paced("body", "moving", 10.0, 7_000.0),
        ]);
        let found: Vec<_> = verdicts(&lines).into_iter().map(|v| (v.worst, v.is_met)).collect();
        let expected = [
            (String::new(), None),
            (String::new(), None),
            ("1.20× (moving, 200 streams at 20 ms)".to_owned(), Some(false)),
            ("2501 (moving, 200 streams at 20 ms)".to_owned(), Some(false)),
            (String::new(), None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_shape_that_became_slower_is_named() {
        let before = lines(&[line("turnwire", "openai", 1.0), line("turnwire", "constant", 1.0)]);
        let now = lines(&[line("turnwire", "openai", 0.5), line("turnwire", "constant", 1.04)]);
        let [found] = &slower(&now, &before)[..] else { panic!("one verdict") };
        assert_eq!(found.worst, "rust: 1.04× (constant, large)");
        assert_eq!(found.is_met, Some(false));
        assert_eq!(slower(&now, &now)[0].is_met, Some(true));
    }
}
