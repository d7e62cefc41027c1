//! The table of the README: how many times our CPU time each peer takes, for its worst and its best body.

use crate::OURS;
use crate::bars::is_of_services;
use crate::bodies::Shape;
use crate::framing::Framing;
use crate::line::{Lines, Metric, Row, Situation};
use crate::table::markdown;

struct Comparison {
    title: &'static str,
    peer: &'static str,
    peer_title: &'static str,
    language: &'static str,
    situations: &'static [Situation],
}

const LARGE: &[Situation] = &[Situation::Flood(Framing::Large)];
const CHUNKED: &[Situation] = &[Situation::Flood(Framing::Chunked)];
const PACED: &[Situation] = &[Situation::Paced(200, 20), Situation::Paced(1000, 20)];

#[rustfmt::skip]
const COMPARISONS: [Comparison; 9] = [
    of("Rust, large pieces", "async-openai", "`async-openai`", "rust", LARGE),
    of("", "eventsource", "`eventsource-stream` + serde", "rust", LARGE),
    of("Rust, an HTTP chunk for each event", "async-openai", "`async-openai`", "rust", CHUNKED),
    of("Rust, a packet for each event, 200 and 1,000 streams at 20 ms", "async-openai", "`async-openai`", "rust", PACED),
    of("Python, large pieces, sync", "openai", "`openai`", "python sync", LARGE),
    of("– asyncio", "openai", "`openai`", "python async", LARGE),
    of("Node, large pieces", "openai", "`openai`", "node", LARGE),
    of("– an HTTP chunk for each event", "openai", "`openai`", "node", CHUNKED),
    of("– a packet for each event, 200 streams at 20 ms", "openai", "`openai`", "node", PACED),
];

const fn of(
    title: &'static str,
    peer: &'static str,
    peer_title: &'static str,
    language: &'static str,
    situations: &'static [Situation],
) -> Comparison {
    Comparison { title, peer, peer_title, language, situations }
}

/// The comparisons that were measured; empty without any.
#[must_use]
pub fn summary(lines: &Lines) -> String {
    let rows = lines.rows();
    let body: Vec<_> = COMPARISONS.iter().filter_map(|of| cells(of, lines, &rows)).collect();
    if body.is_empty() {
        return String::new();
    }
    let heads = ["", "beside", "worst body", "best body"].map(str::to_owned);
    format!("\n### README: their CPU time ÷ ours\n\n{}", markdown(heads.to_vec(), body.into_iter()))
}

fn cells(of: &Comparison, lines: &Lines, rows: &[Row]) -> Option<Vec<String>> {
    let rows = rows.iter().filter(|row| {
        row.language == of.language
            && row.metric == Metric::Cpu
            && of.situations.contains(&row.situation)
            && is_of_services(&row.shape)
    });
    let times = |row: &Row| Some(lines.least(row, of.peer)? / lines.least(row, OURS)?);
    let mut measured: Vec<_> = rows.filter_map(|row| Some((times(row)?, body(row)))).collect();
    measured.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let ((worst, its_body), (best, other)) = (measured.first()?, measured.last()?);
    let of_body = |times: f64, body: &str| match times < 20.0 {
        true => format!("{times:.1} ({body})"),
        false => format!("{times:.0} ({body})"),
    };
    let (worst, best) = (of_body(*worst, its_body), of_body(*best, other));
    Some(vec![of.title.to_owned(), of.peer_title.to_owned(), worst, best])
}

/// The body in words.
fn body(row: &Row) -> &'static str {
    match Shape::from_name(&row.shape) {
        Some(Shape::Escaped) => "Korean escaped",
        Some(Shape::Moving) => "ids and usage that move",
        Some(Shape::Tools) => "tool arguments",
        Some(Shape::LlamaCpp) => "llama.cpp",
        Some(Shape::Ollama) => "Ollama",
        _ => "OpenAI",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_and_the_best_body_of_services_are_named() {
        let line = |client: &str, shape: &str, streams: u64, cpu: f64| {
            let (framing, pace) = if streams > 1 { ("packet", 20) } else { ("large", 0) };
            format!(
                r#"{{"language":"rust","client":"{client}","shape":"{shape}","framing":"{framing}","pace_ms":{pace},
                   "streams":{streams},"cpu_us":{cpu}}}"#
            )
            .replace('\n', "")
        };
        let all = [
            line("turnwire", "tools", 1, 0.5),
            line("async-openai", "tools", 1, 4.3),
            line("turnwire", "llamacpp", 1, 0.25),
            line("async-openai", "llamacpp", 1, 10.0),
            line("turnwire", "constant", 1, 0.25),
            line("async-openai", "constant", 1, 99.0),
            line("turnwire", "openai", 1000, 10.0),
            line("async-openai", "openai", 1000, 15.0),
        ];
        let lines = Lines::parse(&all.join("\n")).unwrap();
        let expected = "
### README: their CPU time ÷ ours

|                                                               | beside         | worst body           | best body      |
| ------------------------------------------------------------- | -------------- | -------------------- | -------------- |
| Rust, large pieces                                            | `async-openai` | 8.6 (tool arguments) | 40 (llama.cpp) |
| Rust, a packet for each event, 200 and 1,000 streams at 20 ms | `async-openai` | 1.5 (OpenAI)         | 1.5 (OpenAI)   |
";
        assert_eq!(summary(&lines), expected);
        assert_eq!(summary(&Lines::default()), "");
    }
}
