//! The cases that every language runs: `tests/vectors/events`.

use serde::Deserialize;
use serde_json::Value;
use turnwire::TurnEvent;
use turnwire::service::Wire;

use super::{WORKSPACE, ask, read, settings};
use turnwire_fakes::FakeChat;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    name: String,
    #[serde(default)]
    wire: Option<String>,
    script: Value,
    events: Vec<Value>,
    #[serde(default)]
    error: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    code: String,
    message: Option<String>,
    partial: Option<String>,
    retryable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Writing {
    name: String,
    event: Value,
    bytes: String,
}

fn cases<T: for<'de> Deserialize<'de>>(file: &str) -> Vec<T> {
    let path = format!("{}/../vectors/events/{file}", env!("CARGO_MANIFEST_DIR"));
    let json = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_slice(&json).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[tokio::test]
async fn every_stream_is_read_as_its_case_says() {
    let mut cases: Vec<Reading> = self::cases("reading.json");
    cases.extend(self::cases::<Reading>("content.json"));
    cases.extend(self::cases::<Reading>("odd.json"));
    cases.extend(self::cases::<Reading>("codes.json"));
    cases.extend(self::cases::<Reading>("stop.json"));
    assert!(cases.len() >= 72, "only {} cases were found", cases.len());
    let fake = FakeChat::start().await.unwrap();
    fake.add_workspace(WORKSPACE);
    for case in cases {
        let name = case.name.as_str();
        let scripts = serde_json::json!({name: case.script}).to_string();
        fake.fake().scripts_from_json(&scripts).unwrap_or_else(|e| panic!("{name}: {e}"));
        let wire = case.wire.as_deref().unwrap_or("events");
        let service =
            settings(&fake).wire(wire.parse::<Wire>().unwrap()).fallback(false).build().unwrap();
        let (events, error) = match service.stream(ask(name)).await {
            Ok(mut turn) => {
                let found = read(&mut turn).await;
                (found.events, found.error)
            }
            Err(error) => (Vec::new(), Some(error)),
        };
        let written: Vec<Value> =
            events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect();
        assert_eq!(written, case.events, "{name}");
        match (case.error, error) {
            (None, None) => {}
            (None, Some(error)) => panic!("{name}: {error}"),
            (Some(expected), None) => panic!("{name}: it ended well, not with {}", expected.code),
            (Some(expected), Some(error)) => {
                assert_eq!(error.code(), expected.code, "{name}: {error}");
                assert_eq!(error.partial(), expected.partial.as_deref(), "{name}");
                let message = expected.message.unwrap_or_else(|| error.message().to_owned());
                assert_eq!(error.message(), message, "{name}");
                let retryable = expected.retryable.unwrap_or(error.is_retryable());
                assert_eq!(error.is_retryable(), retryable, "{name}");
            }
        }
    }
}

#[test]
fn every_event_is_written_as_its_case_says() {
    let mut cases: Vec<Writing> = self::cases("writing.json");
    cases.extend(self::cases::<Writing>("stop-writing.json"));
    assert!(cases.len() >= 12, "only {} cases were found", cases.len());
    for case in cases {
        let event = TurnEvent::from_json(&case.event.to_string()).unwrap().unwrap();
        let mut bytes = Vec::new();
        event.encode(&mut bytes);
        assert_eq!(String::from_utf8(bytes).unwrap(), case.bytes, "{}", case.name);
    }
}
