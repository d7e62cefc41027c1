//! Measurements as lines of JSON, in which the benches of all languages write them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::framing::Framing;

/// One measurement of one client. Values that were not measured are absent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Line {
    /// The language, and the way of calling where there are several: `rust`, `node`, `python sync`.
    pub language: String,
    /// The client; ours is `turnwire`.
    pub client: String,
    /// The measurement, if it is not of a stream: `import`, `memory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The body's shape.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub shape: String,
    /// The body's framing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub framing: String,
    /// Milliseconds between two chunks of a stream; 0 for a flood.
    pub pace_ms: u64,
    /// Streams at once.
    pub streams: u64,
    /// CPU time of a chunk, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_us: Option<f64>,
    /// Instructions of a chunk, outside the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<f64>,
    /// Memory of all streams together, in KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_kib: Option<f64>,
    /// CPU time as a whole, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
}

/// A value of a measurement.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Metric {
    /// [`Line::cpu_us`].
    Cpu,
    /// [`Line::instructions`].
    Instructions,
    /// [`Line::memory_kib`].
    Memory,
    /// [`Line::ms`].
    Time,
}

/// The circumstances of a measurement, in the order of tables.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Situation {
    /// One stream as fast as it can be read, in this framing.
    Flood(Framing),
    /// So many streams, with so many milliseconds between two chunks of each.
    Paced(u64, u64),
    /// No stream: the name of the measurement.
    Other(String),
}

impl Line {
    fn value(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Cpu => self.cpu_us,
            Metric::Instructions => self.instructions,
            Metric::Memory => self.memory_kib,
            Metric::Time => self.ms,
        }
    }

    fn situation(&self) -> Situation {
        match (&self.what, Framing::from_name(&self.framing), self.pace_ms) {
            (Some(what), _, _) => Situation::Other(what.clone()),
            (None, Some(framing), 0) => Situation::Flood(framing),
            (None, None, 0) => Situation::Other(self.framing.clone()),
            (None, _, pace_ms) => Situation::Paced(self.streams, pace_ms),
        }
    }
}

/// The measurements of a run, by the cell of the table that they belong to.
#[derive(Debug, Default)]
pub struct Lines {
    cells: BTreeMap<(String, Metric, Situation, String, String), Vec<f64>>,
}

/// A row of cells: one body in one situation, read by the clients of one language.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Row {
    /// The language.
    pub language: String,
    /// The value.
    pub metric: Metric,
    /// The circumstances.
    pub situation: Situation,
    /// The shape; empty where there is no stream.
    pub shape: String,
}

impl Lines {
    /// Reads lines of JSON. Empty lines are skipped.
    ///
    /// # Errors
    /// When one is not a measurement.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = Lines::default();
        for (number, line) in (1..).zip(text.lines()) {
            if !line.trim().is_empty() {
                let line = serde_json::from_str(line)
                    .with_context(|| format!("line {number} is not a measurement: {line}"))?;
                lines.add(&line);
            }
        }
        Ok(lines)
    }

    /// Adds a measurement.
    pub fn add(&mut self, line: &Line) {
        for metric in [Metric::Cpu, Metric::Instructions, Metric::Memory, Metric::Time] {
            if let Some(value) = line.value(metric) {
                let Line { language, client, shape, .. } = line.clone();
                let key = (language, metric, line.situation(), shape, client);
                self.cells.entry(key).or_default().push(value);
            }
        }
    }

    /// The rows, in the order of tables.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let row =
            |(language, metric, situation, shape, _): &(String, _, Situation, String, _)| Row {
                language: language.clone(),
                metric: *metric,
                situation: situation.clone(),
                shape: shape.clone(),
            };
        let mut rows: Vec<Row> = self.cells.keys().map(row).collect();
        rows.dedup();
        rows
    }

    /// The clients of a language, ours first.
    #[must_use]
    pub fn clients(&self, language: &str) -> Vec<String> {
        let of = self.cells.keys().filter(|(l, ..)| l == language);
        let mut clients: Vec<String> = of.map(|(.., client)| client.clone()).collect();
        clients.sort_by_key(|client| (client != crate::OURS, client.clone()));
        clients.dedup();
        clients
    }

    /// The values of a client in a row, one a round.
    #[must_use]
    pub fn values(&self, row: &Row, client: &str) -> &[f64] {
        let Row { language, metric, situation, shape } = row.clone();
        let key = (language, metric, situation, shape, client.to_owned());
        self.cells.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The least of the values: noise only adds.
    #[must_use]
    pub fn least(&self, row: &Row, client: &str) -> Option<f64> {
        self.values(row, client).iter().copied().min_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_languages_become_cells() {
        let lines = Lines::parse(
            r#"{"language":"node","client":"openai","shape":"tools","framing":"large","pace_ms":0,"streams":1,"cpu_us":30.5,"instructions":null}
               {"language":"node","client":"turnwire","shape":"tools","framing":"large","cpu_us":3}

               {"language":"node","client":"turnwire","shape":"tools","framing":"large","cpu_us":2}
               {"language":"node","client":"turnwire","what":"import","ms":12}"#,
        )
        .unwrap();
        let [first, second] = &lines.rows()[..] else { panic!("{:?}", lines.rows()) };
        assert_eq!(first.situation, Situation::Flood(Framing::Large));
        assert_eq!(second.situation, Situation::Other("import".into()));
        assert_eq!(lines.clients("node"), ["turnwire", "openai"]);
        assert_eq!(lines.values(first, "turnwire"), [3.0, 2.0]);
        assert_eq!(lines.least(first, "turnwire"), Some(2.0));
        assert_eq!(lines.least(first, "openai"), Some(30.5));
        assert_eq!(lines.least(second, "openai"), None);
        assert!(Lines::parse("{}\nno").unwrap_err().to_string().contains("line 2"));
    }

    #[test]
    fn a_line_is_written_as_it_is_read() {
        let line =
            Line { language: "rust".into(), cpu_us: Some(1.5), streams: 1, ..Line::default() };
        let json = serde_json::to_string(&line).unwrap();
        assert_eq!(json, r#"{"language":"rust","client":"","pace_ms":0,"streams":1,"cpu_us":1.5}"#);
        assert_eq!(serde_json::from_str::<Line>(&json).unwrap(), line);
    }
}
