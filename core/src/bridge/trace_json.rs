//! Finished spans, and the points of the metrics that follow from them, as JSON for a host's tracing API.
//!
//! The names are those of OpenTelemetry's conventions for generative AI. The time per chunk is a single point for each call, the mean:
//! each chunk's own would cost a measurement of it.

use std::fmt::Debug;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};

/// The attributes of all metrics of a model's call.
const OF_A_CALL: [&str; 6] = [
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
];

/// A span, from its begin.
pub(super) struct SpanData {
    /// The name in core, such as `chat`.
    kind: &'static str,
    name: String,
    is_client: bool,
    start: SystemTime,
    began: Instant,
    took: Option<Duration>,
    parent: Option<usize>,
    attributes: Map<String, Value>,
}

impl SpanData {
    pub(super) fn begin(kind: &'static str, parent: Option<usize>) -> Self {
        SpanData {
            kind,
            name: kind.to_owned(),
            is_client: false,
            start: SystemTime::now(),
            began: Instant::now(),
            took: None,
            parent,
            attributes: Map::new(),
        }
    }

    pub(super) fn end(&mut self) {
        self.took = Some(self.began.elapsed());
    }

    /// Its duration: of a turn the time for its reader, as its span goes on until the messages are saved.
    fn took(&self) -> Duration {
        let of_turn =
            self.number("turnwire.turn.duration").and_then(|s| Duration::try_from_secs_f64(s).ok());
        of_turn.or(self.took).unwrap_or_else(|| self.began.elapsed())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.attributes.get(name)?.as_f64()
    }

    fn set(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("otel.name", Value::String(name)) => self.name = name,
            ("otel.kind", kind) => self.is_client = kind == "client",
            // The attribute `error.type` tells it, too.
            ("otel.status_code", _) => {}
            (name, value) => {
                self.attributes.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for SpanData {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    /// A list of words, which `tracing` has no type for, or formatted text.
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        let list = serde_json::from_str::<Vec<String>>(&text);
        self.set(field, list.map_or(Value::String(text), Value::from));
    }
}

/// The spans of a trace, the first of which is the host's own. Without any, the call never began, and has this error.
pub(super) fn written(spans: Vec<SpanData>, error: Option<String>) -> String {
    let metrics: Vec<Value> = spans.iter().flat_map(metrics).collect();
    let Some(host) = spans.first() else {
        let attributes = error.map_or_else(|| json!({}), |code| json!({ "error.type": code }));
        let end = moment(SystemTime::now());
        return json!({ "name": null, "end": end, "attributes": attributes, "spans": [], "metrics": [] })
            .to_string();
    };
    // Numbers of the spans that are handed over: those that still run are left out.
    let mut places = vec![None];
    let mut below = Vec::new();
    for span in spans.iter().skip(1) {
        let parent = span.parent.and_then(|parent| places.get(parent).copied().flatten());
        let place = span.took.map(|took| {
            below.push(json!({
                "name": span.name,
                "is_client": span.is_client,
                "start": moment(span.start),
                "end": moment(span.start + took),
                "parent": parent,
                "attributes": span.attributes,
            }));
            below.len() - 1
        });
        places.push(place);
    }
    json!({
        "name": host.name,
        "end": moment(host.start + host.took()),
        "attributes": host.attributes,
        "spans": below,
        "metrics": metrics,
    })
    .to_string()
}

fn moment(time: SystemTime) -> Value {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!([since.as_secs(), since.subsec_nanos()])
}

/// The points of the metrics of a call or a turn.
fn metrics(span: &SpanData) -> Vec<Value> {
    match span.kind {
        "chat" if span.took.is_some() => metrics_of_call(span),
        "turn" => {
            let attributes = copied(span, &["gen_ai.workflow.name", "error.type"]);
            vec![point(OF_A_TURN, span.took().as_secs_f64().into(), attributes)]
        }
        _ => Vec::new(),
    }
}

fn metrics_of_call(span: &SpanData) -> Vec<Value> {
    let attributes = copied(span, &OF_A_CALL);
    let mut of_duration = attributes.clone();
    of_duration.append(&mut copied(span, &["error.type"]));
    let duration = span.took().as_secs_f64();
    let mut points = vec![point(DURATION, duration.into(), of_duration)];
    for (metric, field) in [
        (FIRST_CHUNK, "gen_ai.response.time_to_first_chunk"),
        (PER_CHUNK, "turnwire.response.time_per_output_chunk"),
    ] {
        if let Some(time) = span.attributes.get(field) {
            points.push(point(metric, time.clone(), attributes.clone()));
        }
    }
    for (kind, field) in
        [("input", "gen_ai.usage.input_tokens"), ("output", "gen_ai.usage.output_tokens")]
    {
        if let Some(tokens) = span.attributes.get(field) {
            let mut attributes = attributes.clone();
            attributes.insert("gen_ai.token.type".to_owned(), kind.into());
            points.push(point(TOKENS, tokens.clone(), attributes));
        }
    }
    points
}

/// A histogram: its name, its unit, and the upper bounds of its buckets.
type Metric = (&'static str, &'static str, &'static [f64]);

const SECONDS_OF_A_CALL: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const DURATION: Metric = ("gen_ai.client.operation.duration", "s", SECONDS_OF_A_CALL);
const FIRST_CHUNK: Metric = ("gen_ai.client.operation.time_to_first_chunk", "s", SECONDS_OF_A_CALL);
const PER_CHUNK: Metric = ("gen_ai.client.operation.time_per_output_chunk", "s", SECONDS_OF_A_CALL);
const TOKENS: Metric = (
    "gen_ai.client.token.usage",
    "{token}",
    &[
        1.0,
        4.0,
        16.0,
        64.0,
        256.0,
        1024.0,
        4096.0,
        16384.0,
        65536.0,
        262_144.0,
        1_048_576.0,
        4_194_304.0,
        16_777_216.0,
        67_108_864.0,
    ],
);
const OF_A_TURN: Metric = (
    "gen_ai.invoke_workflow.duration",
    "s",
    &[1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0],
);

fn point((name, unit, buckets): Metric, value: Value, attributes: Map<String, Value>) -> Value {
    json!({ "name": name, "unit": unit, "buckets": buckets, "value": value, "attributes": attributes })
}

fn copied(span: &SpanData, names: &[&str]) -> Map<String, Value> {
    let found = names.iter().filter_map(|&name| Some((name, span.attributes.get(name)?.clone())));
    found.map(|(name, value)| (name.to_owned(), value)).collect()
}
