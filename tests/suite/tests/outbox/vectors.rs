//! The cases that every language runs: `tests/vectors/outbox`.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Body, HostAnswer, Taken, Waiting};
use turnwire::outbox::{Outcome, Record, Sink};
use turnwire::{Error, Outbox};

const FIELDS: [&str; 9] =
    ["name", "settings", "path", "content", "sink", "error", "steps", "deliveries", "payloads"];

#[tokio::test]
async fn every_case_holds() {
    let folder = format!("{}/../vectors/outbox", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "json") {
            let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            for case in cases {
                run(&case).await;
                count += 1;
            }
        }
    }
    assert!(count >= 25, "only {count}");
}

async fn run(case: &Value) {
    let name = &case["name"];
    let unknown = case.as_object().unwrap().keys().find(|field| !FIELDS.contains(&field.as_str()));
    assert_eq!(unknown, None, "{name}");
    let directory = tempfile::tempdir().unwrap();
    let path = case["path"].as_str().map(|path| directory.path().join(path));
    match (&path, case.get("content")) {
        (Some(path), Some(Value::String(text))) => std::fs::write(path, text).unwrap(),
        (Some(path), Some(_)) => std::fs::create_dir(path).unwrap(),
        _ => {}
    }
    let sink = Scripted::new(case);
    let make = || make(case, path.as_deref(), &sink);
    if let Some(expected) = case.get("error") {
        return check_error(&make().unwrap_err(), expected, name);
    }
    let mut outbox = make().unwrap();
    for step in case["steps"].as_array().unwrap() {
        if step["reopen"] == true {
            outbox.shutdown(Duration::ZERO).await;
            outbox = make().unwrap();
        } else {
            take(&outbox, step, name).await;
        }
    }
    outbox.shutdown(Duration::ZERO).await;
    if let Some(expected) = case.get("deliveries") {
        assert_eq!(json!(*sink.0.deliveries.lock().unwrap()), *expected, "{name}");
    }
    for (id, payload) in case["payloads"].as_object().into_iter().flatten() {
        assert_eq!(&sink.0.payloads.lock().unwrap()[id], payload, "{name}");
    }
}

fn make(case: &Value, path: Option<&Path>, sink: &Scripted) -> turnwire::Result<Outbox> {
    let given = case.get("settings").cloned().unwrap_or_else(|| json!({}));
    let mut builder = settings::outbox(&given.to_string(), Names::Snake, false)?;
    if let Some(path) = path {
        builder = builder.path(path);
    }
    if case.get("sink") != Some(&Value::Null) {
        builder = builder.sink(sink.clone());
    }
    builder.start()
}

async fn take(outbox: &Outbox, step: &Value, name: &Value) {
    let has = |field: &str| step.get(field);
    let within = |seconds: &Value| Duration::from_secs_f64(seconds.as_f64().unwrap());
    if let Some((entrance, record)) =
        ["enqueue", "hold", "release"].iter().find_map(|name| has(name).map(|given| (name, given)))
    {
        match (enter(outbox, entrance, record), has("error")) {
            (Err(error), Some(expected)) => check_error(&error, expected, name),
            (Ok(receipt), None) => {
                assert_eq!(receipt, *has("receipt").unwrap_or(&receipt), "{name}");
            }
            (answer, _) => panic!("{name}: {step}: {answer:?}"),
        }
    } else if let Some(expected) = has("until") {
        let mut tries = 0;
        while compared(expected, json!(outbox.pending().unwrap())) != *expected {
            tries += 1;
            assert!(tries < 500, "{name}: {step}: {:?}", outbox.pending());
            outbox.flush(Duration::from_millis(20)).await;
        }
    } else if let Some(limit) = has("flush") {
        let report = json!(outbox.flush(within(limit)).await);
        assert_eq!(report, *has("report").unwrap_or(&report), "{name}");
    } else if let Some(limit) = has("shutdown") {
        let report = json!(outbox.shutdown(within(limit)).await);
        assert_eq!(report, *has("report").unwrap_or(&report), "{name}");
    } else if let Some(id) = has("requeue") {
        assert_eq!(outbox.requeue(id.as_str().unwrap()).unwrap(), step["found"], "{name}");
    } else if let Some(id) = has("discard") {
        assert_eq!(outbox.discard(id.as_str().unwrap()).unwrap(), step["found"], "{name}");
    } else if let Some(expected) = has("stats") {
        assert_eq!(compared(expected, json!(outbox.stats())), *expected, "{name}");
    } else if let Some(expected) = has("pending") {
        let found = json!(outbox.pending().unwrap());
        assert_eq!(compared(expected, found), *expected, "{name}");
    } else if let Some(expected) = has("dead_letters") {
        let found = json!(outbox.dead_letters().unwrap());
        assert_eq!(compared(expected, found), *expected, "{name}");
    } else {
        panic!("{name}: a step that this runner does not know: {step}");
    }
}

/// Enters a record as a host does.
fn enter(outbox: &Outbox, entrance: &str, record: &Value) -> turnwire::Result<Value> {
    let enter = match entrance {
        "enqueue" => bridge::enqueue,
        "hold" => bridge::hold,
        _ => bridge::release,
    };
    let call = enter(outbox, &record.to_string(), Names::Snake)?;
    loop {
        match call.take_answer() {
            Taken::Items(answer) => match answer.body {
                Body::Json(receipt) => return Ok(serde_json::from_str(&receipt).unwrap()),
                body => panic!("{body:?}"),
            },
            Taken::Failed(error) => return Err(error),
            Taken::Nothing => drop(call.wait(Duration::from_millis(50))),
            Taken::End => panic!("a call without an answer"),
        }
    }
}

fn check_error(error: &Error, expected: &Value, name: &Value) {
    let part = expected["has"].as_str().unwrap();
    assert_eq!(error.kind().code(), expected["code"], "{name}: {error}");
    assert!(error.to_string().contains(part), "{name}: {error}");
}

/// The fields that are compared.
fn compared(expected: &Value, found: Value) -> Value {
    match (expected, found) {
        (Value::Object(fields), Value::Object(found)) => {
            let found = found.into_iter().filter(|(field, _)| fields.contains_key(field));
            Value::Object(found.collect())
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            expected.iter().zip(found).map(|(expected, found)| compared(expected, found)).collect()
        }
        (_, found) => found,
    }
}

/// A sink that follows the script of a case.
#[derive(Clone)]
struct Scripted(Arc<Script>);

struct Script {
    outcomes: Mutex<HashMap<String, VecDeque<Value>>>,
    deliveries: Mutex<Vec<String>>,
    payloads: Mutex<HashMap<String, Value>>,
}

impl Scripted {
    fn new(case: &Value) -> Self {
        let outcomes = case.get("sink").cloned().unwrap_or(Value::Null);
        let outcomes: Option<HashMap<_, _>> = serde_json::from_value(outcomes).unwrap();
        Scripted(Arc::new(Script {
            outcomes: Mutex::new(outcomes.unwrap_or_default()),
            deliveries: Mutex::default(),
            payloads: Mutex::default(),
        }))
    }
}

#[turnwire::async_trait]
impl Sink for Scripted {
    async fn deliver(&self, record: &Record) -> Outcome {
        let id = record.id().to_owned();
        self.0.deliveries.lock().unwrap().push(id.clone());
        self.0.payloads.lock().unwrap().insert(id.clone(), record.payload().clone());
        let mut outcomes = self.0.outcomes.lock().unwrap();
        let next = match outcomes.get_mut(&id) {
            Some(left) if left.len() > 1 => left.pop_front(),
            Some(left) => left.front().cloned(),
            None => None,
        };
        match next {
            Some(outcome) if outcome != "delivered" => Outcome::from_json(outcome).unwrap(),
            _ => Outcome::Delivered,
        }
    }
}
