//! Metrics in the text format of Prometheus.

use std::fmt::Write;

/// The text of some metrics.
#[derive(Debug, Default)]
pub struct Metrics(String);

impl Metrics {
    /// Adds a value that only grows while the program runs. By custom its name ends with `_total`.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.add(name, "counter", help, value);
    }

    /// Adds a value that rises and falls.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Into<u64>) {
        self.add(name, "gauge", help, value.into());
    }

    /// The text, which is served as `text/plain; version=0.0.4`.
    pub fn text(self) -> String {
        self.0
    }

    fn add(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_its_help_its_type_and_its_value() {
        let mut metrics = Metrics::default();
        metrics.counter("records_total", "Records.", 3);
        metrics.gauge("ready", "1 while ready.", true);
        let expected = "\
# HELP records_total Records.
# TYPE records_total counter
records_total 3
# HELP ready 1 while ready.
# TYPE ready gauge
ready 1
";
        assert_eq!(metrics.text(), expected);
    }
}
