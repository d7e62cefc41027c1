//! The measurements as Markdown: the bars first, then every cell.

use std::fmt;

use crate::bars::{Verdict, is_limit, title};
use crate::line::{Lines, Metric, Row, Situation};
use crate::{OURS, median};

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Situation::Flood(framing) => f.write_str(framing.name()),
            Situation::Paced(streams, pace_ms) => write!(f, "{streams} streams at {pace_ms} ms"),
            Situation::Other(what) => f.write_str(what),
        }
    }
}

/// The bars with their worst and best measurement.
#[must_use]
pub fn bars(verdicts: &[Verdict]) -> String {
    let mut table = markdown(
        ["", "measured", "bar", "worst", "best", ""].map(str::to_owned).to_vec(),
        verdicts.iter().map(|v| {
            let verdict = match v.is_met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "not measured",
            };
            vec![
                v.language.clone(),
                v.title.clone(),
                v.bound.clone(),
                v.worst.clone(),
                v.best.clone(),
                verdict.to_owned(),
            ]
        }),
    );
    table.push_str(
        "\nCosts compared are the least of all rounds: noise only adds. The constant body, the easiest, does not count.\n",
    );
    table
}

/// Every cell, a table for each language and value. Ratios are marked: the worst of a situation **bold**, its best
/// in _italics_.
#[must_use]
pub fn details(lines: &Lines) -> String {
    let rows = lines.rows();
    let mut text = String::new();
    for group in rows.chunk_by(|a, b| a.language == b.language && a.metric == b.metric) {
        let Some(first) = group.first() else { continue };
        let measured =
            |client: &String| group.iter().any(|row| !lines.values(row, client).is_empty());
        let clients: Vec<String> =
            lines.clients(&first.language).into_iter().filter(measured).collect();
        let peers: Vec<&String> = clients.iter().filter(|client| *client != OURS).collect();
        let mut heads = vec![String::new(), "shape".to_owned()];
        heads.extend(clients.iter().map(|client| title(client).to_owned()));
        heads.extend(peers.iter().map(|peer| match is_limit(peer) {
            true => format!("ours ÷ {}", title(peer)),
            false => format!("{} ÷ ours", title(peer)),
        }));
        text.push_str(&format!("\n### {}: {}\n\n", first.language, unit(first.metric)));
        let body = group.iter().map(|row| {
            let mut cells = vec![row.situation.to_string(), row.shape.clone()];
            cells.extend(clients.iter().map(|client| cost(lines, row, client)));
            cells.extend(peers.iter().map(|peer| marked_ratio(lines, group, row, peer)));
            cells
        });
        text.push_str(&markdown(heads, body));
        if first.metric == Metric::Instructions {
            text.push_str(
                "\neventsource-stream, and async-openai with it, moves the rest of its buffer for each event: in large pieces \
                 that is most of its instructions, but not of its time. Compare the peers there by CPU time.\n",
            );
        }
    }
    text
}

fn unit(metric: Metric) -> &'static str {
    match metric {
        Metric::Cpu => "CPU µs a chunk, the least of all rounds (their median)",
        Metric::Instructions => "instructions a chunk, the kernel's not counted",
        Metric::Memory => "memory, KiB, all streams together",
        Metric::Time => "CPU ms",
    }
}

fn cost(lines: &Lines, row: &Row, client: &str) -> String {
    let Some(least) = lines.least(row, client) else { return String::new() };
    let number = |value: f64| match row.metric {
        Metric::Cpu => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    };
    match lines.values(row, client) {
        [_] => number(least),
        all => format!("{} ({})", number(least), number(median(all.iter().copied()))),
    }
}

/// The peer's cost by ours, or ours by the limit's, with its mark among the rows of the same situation.
fn marked_ratio(lines: &Lines, group: &[Row], row: &Row, peer: &str) -> String {
    let times = |row: &Row| Some(lines.least(row, peer)? / lines.least(row, OURS)?);
    let Some(this) = times(row) else { return String::new() };
    let alike = group.iter().filter(|other| other.situation == row.situation);
    let others: Vec<f64> = alike.filter_map(times).collect();
    let shown = if is_limit(peer) { this.recip() } else { this };
    if others.len() < 2 {
        format!("{shown:.2}")
    } else if others.iter().all(|other| this <= *other) {
        format!("**{shown:.2}**")
    } else if others.iter().all(|other| this >= *other) {
        format!("_{shown:.2}_")
    } else {
        format!("{shown:.2}")
    }
}

/// A table whose columns are as wide as their widest cell.
pub(crate) fn markdown(heads: Vec<String>, body: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = std::iter::once(heads).chain(body).collect();
    let width = |cell: &String| cell.chars().count();
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(width).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&format!("| {cell:width$} "));
        }
        text.push_str("|\n");
        if number == 0 {
            widths
                .iter()
                .for_each(|width| text.push_str(&format!("| {:-<1$} ", "", 3.max(*width))));
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::verdicts;

    #[test]
    fn the_worst_and_the_best_of_a_situation_are_marked() {
        let lines = |client: &str, values: [(&str, f64); 3]| {
            values.map(|(shape, cpu)| {
                format!(
                    r#"{{"language":"rust","client":"{client}","shape":"{shape}","framing":"large","cpu_us":{cpu}}}"#
                )
            })
        };
        let ours = lines("turnwire", [("openai", 1.0), ("tools", 2.0), ("moving", 2.0)]);
        let body = lines("body", [("openai", 0.5), ("tools", 0.5), ("moving", 0.6)]);
        let again = lines("turnwire", [("openai", 1.5), ("tools", 2.5), ("moving", 2.5)]);
        let alone = r#"{"language":"rust","client":"turnwire","shape":"openai","framing":"chunked","cpu_us":4}"#;
        let all = [ours, body, again].concat().join("\n") + "\n" + alone;
        let lines = Lines::parse(&all).unwrap();
        let expected = "
### rust: CPU µs a chunk, the least of all rounds (their median)

|         | shape  | turnwire    | reqwest, unparsed | ours ÷ reqwest, unparsed |
| ------- | ------ | ----------- | ----------------- | ------------------------ |
| large   | moving | 2.00 (2.50) | 0.60              | 3.33                     |
| large   | openai | 1.00 (1.50) | 0.50              | _2.00_                   |
| large   | tools  | 2.00 (2.50) | 0.50              | **4.00**                 |
| chunked | openai | 4.00        |                   |                          |
";
        assert_eq!(details(&lines), expected);
    }

    #[test]
    fn instructions_come_with_a_warning() {
        let line = r#"{"language":"rust","client":"turnwire","shape":"openai","framing":"large","instructions":9}"#;
        assert!(
            details(&Lines::parse(line).unwrap()).contains("Compare the peers there by CPU time")
        );
        let line = line.replace("instructions", "cpu_us");
        assert!(!details(&Lines::parse(&line).unwrap()).contains("Compare"));
    }

    #[test]
    fn bars_without_a_measurement_are_shown_as_such() {
        let lines = Lines::parse(
            r#"{"language":"node","client":"turnwire","what":"import","ms":2}
               {"language":"node","client":"openai","what":"import","ms":10}"#,
        );
        let table = bars(&verdicts(&lines.unwrap()));
        let row = |start: &str| table.lines().find(|line| line.contains(start)).unwrap();
        assert!(row("| import ").ends_with("| 5.00× | **missed**   |"), "{table}");
        assert!(row("| burst ").ends_with("| not measured |"), "{table}");
    }
}
