//! The cases that every language runs: `tests/vectors/turns`.

use std::collections::BTreeMap;
use std::future::pending;

use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use turnwire::chat::Message;
use turnwire::turn::StageOutcome;
use turnwire::{Error, ErrorKind, Turn, TurnRequest, Turns};

use super::vector_settings::{set, speech};
use super::{Bench, DEADLINE, USER, WORKSPACE, frames};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    llm: Map<String, Value>,
    #[serde(default = "no_scripts")]
    store: Value,
    sentiment: Option<Value>,
    speaker: Option<Value>,
    request: Value,
    again: Option<Map<String, Value>>,
    again_error: Option<Failure>,
    leave: Option<Leave>,
    asked: Option<Value>,
    asked_again: Option<Value>,
    events: Vec<Value>,
    #[serde(default)]
    beside: Vec<Value>,
    #[serde(default)]
    refused: bool,
    error: Option<Failure>,
    error_event: Option<Value>,
    error_message_has: Option<String>,
    saved: Option<Vec<(String, String)>>,
    ids: Option<Vec<String>>,
    workspace_name: Option<String>,
    flushed: Option<BTreeMap<String, u64>>,
    #[serde(default)]
    stages: BTreeMap<String, String>,
    #[serde(default)]
    timeline: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    by: String,
    after: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    code: String,
    partial: Option<String>,
    #[serde(default)]
    usage: Value,
}

fn no_scripts() -> Value {
    json!({})
}

fn cases() -> Vec<Case> {
    let folder = format!("{}/../vectors/turns", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|name| name == "json"));
    let read = |path: std::path::PathBuf| -> Vec<Case> {
        let json = std::fs::read(&path).unwrap();
        serde_json::from_slice(&json).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    files.flat_map(read).collect()
}

impl Case {
    async fn bench(&self) -> Bench {
        let bench = Bench::start().await;
        for (way, script) in &self.llm {
            let key = if way.contains(' ') { way.clone() } else { format!("m {way}") };
            let scripts = json!({key: script}).to_string();
            bench.llm.scripts_from_json(&scripts).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        }
        if self.store.is_object() {
            let scripts = self.store.to_string();
            let set = bench.store.fake().scripts_from_json(&scripts);
            set.unwrap_or_else(|e| panic!("{}: {e}", self.name));
        }
        bench
    }

    fn turns(&self, bench: &Bench) -> Turns {
        let start = match self.store.is_null() {
            true => Turns::builder(bench.openai()).model("m"),
            false => bench.settings(),
        };
        let start = match &self.speaker {
            Some(speaker) => start.speech(speech(speaker)),
            None => start,
        };
        let settings = self.settings.iter().fold(start, set);
        let settings = match &self.sentiment {
            None => settings,
            Some(answer) => {
                let answer = answer.clone();
                settings.sentiment(move |_: String| {
                    let answer = answer.clone();
                    async move {
                        match (answer["label"].as_str(), answer["error"].as_str()) {
                            (Some(label), _) => Ok(label.to_owned()),
                            (_, Some(error)) => Err(Error::new(ErrorKind::Config, "test", error)),
                            _ => pending().await,
                        }
                    }
                })
            }
        };
        settings.build().unwrap()
    }

    fn request(&self, bench: &Bench) -> TurnRequest {
        self.request_of(bench, &self.request)
    }

    /// Sends the request once more, if the case wants that, and reads its turn.
    async fn repeat(&self, bench: &Bench, turns: &Turns) {
        let Some(fields) = self.again.clone() else { return };
        let mut request = self.request.as_object().unwrap().clone();
        request.extend(fields);
        let request = self.request_of(bench, &request.into());
        let turn = match (turns.try_start(request), &self.again_error) {
            (Ok(turn), None) => turn,
            (Err(error), Some(expected)) => {
                assert_eq!(error.code(), expected.code, "{}: {error}", self.name);
                return;
            }
            (Ok(_), Some(_)) => panic!("{}: it was started again", self.name),
            (Err(error), None) => panic!("{}: {error}", self.name),
        };
        turn.finish().await.unwrap_or_else(|e| panic!("{}: {e}", self.name));
    }

    fn request_of(&self, bench: &Bench, fields: &Value) -> TurnRequest {
        let login = bench.store.login(USER);
        let text = |name: &str| {
            let given = fields.get(name)?.as_str().unwrap();
            let value = match given {
                "<user>" => USER,
                "<workspace>" => WORKSPACE,
                "<access>" => &login.access,
                "<refresh>" => &login.refresh,
                other => other,
            };
            Some(value.to_owned())
        };
        let mut request = TurnRequest::new(text("message").unwrap());
        if fields["create_workspace"] == true {
            request = request.new_workspace();
        }
        if let Some(id) = text("workspace_id") {
            request = request.workspace(id);
        }
        if let Some(id) = text("workspace_of") {
            request = request.workspace_of(id);
        }
        if let Some(id) = text("user_id") {
            request = request.user_id(id);
        }
        if let (Some(access), Some(refresh)) = (text("access_token"), text("refresh_token")) {
            request = request.tokens(access, refresh);
        }
        if let Some(id) = text("message_id") {
            request = request.message_id(id);
        }
        if let Some(id) = text("reply_id") {
            request = request.reply_id(id);
        }
        if let Some(history) = fields.get("history") {
            let messages: Vec<Message> = serde_json::from_value(history.clone()).unwrap();
            request = request.history(messages);
        }
        request.speech(fields["speech"] == true)
    }

    /// Compares the result with the case's expectation.
    fn compare(&self, bench: &Bench, mut found: Vec<Value>, expected: &[Value]) {
        let last = found.pop();
        for beside in &self.beside {
            let beside = self.filled(bench, beside);
            let at = found.iter().position(|event| matches(event, &beside));
            let at = at.unwrap_or_else(|| panic!("{}: no {beside} in {found:?}", self.name));
            found.remove(at);
        }
        found.extend(last);
        // Failures that no case lists individually: messages of a missing workspace.
        found.retain(|event| !event["stage"].as_str().is_some_and(|s| s.starts_with("save_")));
        let expected: Vec<_> = expected.iter().map(|event| self.filled(bench, event)).collect();
        let is_same = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(event, expected)| matches(event, expected));
        assert!(is_same, "{}:\n{found:#?}\nexpected\n{expected:#?}", self.name);
    }

    /// An expected event with the store's ids.
    fn filled(&self, bench: &Bench, event: &Value) -> Value {
        let stored = bench.store.stored();
        let id = |at: usize| {
            let row = stored.messages.get(at);
            row.map_or("not saved", |row| row.message["msgId"].as_str().unwrap()).to_owned()
        };
        let fields = event.as_object().unwrap().iter().map(|(name, value)| {
            let value = match value.as_str() {
                Some("<workspace>") => json!(WORKSPACE),
                Some("<new workspace>") => json!(stored.workspaces[1].workspace_id),
                Some("<message id>") => json!(id(0)),
                Some("<reply id>") => json!(id(1)),
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        Value::Object(fields.collect())
    }

    async fn check_after(&self, bench: &Bench, turns: &Turns) {
        let report = turns.flush(DEADLINE).await;
        let name = &self.name;
        if let Some(flushed) = &self.flushed {
            let counts = [
                ("delivered", report.delivered),
                ("pending", report.pending),
                ("dead", report.dead),
            ];
            for (count, number) in counts {
                let expected = flushed.get(count).copied().unwrap_or(number);
                assert_eq!(number, expected, "{name}: {count}");
            }
        }
        if let Some(saved) = &self.saved {
            assert_eq!(&bench.saved(), saved, "{name}");
        }
        if let Some(ids) = &self.ids {
            let rows = bench.store.stored().messages;
            let found: Vec<_> = rows.iter().map(|row| row.message["msgId"].clone()).collect();
            assert_eq!(&found, ids, "{name}");
        }
        if let Some(expected) = &self.workspace_name {
            assert_eq!(bench.store.stored().workspaces.len(), 2, "{name}");
            assert_eq!(&bench.store.stored().workspaces[1].workspace_name, expected, "{name}");
        }
        let streams = bench.llm.requests();
        let streams = streams.iter().filter_map(|request| request.json());
        let mut streams = streams.filter(|json| json["stream"] == true);
        if self.again_error.is_some() {
            assert_eq!(streams.clone().count(), 1, "{name}");
        }
        for expected in [&self.asked, &self.asked_again] {
            let asked = streams.next();
            if let Some(expected) = expected {
                assert_eq!(&asked.unwrap()["messages"], expected, "{name}");
            }
        }
        if self.refused {
            let requests = bench.llm.requests().len() + bench.store.fake().requests().len();
            assert_eq!(requests, 0, "{name}");
        }
    }
}

/// Returns true if the event matches the expected one, in which `<id>` and `<any>` match any text.
fn matches(event: &Value, expected: &Value) -> bool {
    let (event, expected) = (event.as_object().unwrap(), expected.as_object().unwrap());
    event.len() == expected.len()
        && expected.iter().all(|(name, expected)| match (event.get(name), expected.as_str()) {
            (Some(Value::String(text)), Some("<id>" | "<any>")) => !text.is_empty(),
            (found, _) => found == Some(expected),
        })
}

/// The outcome of a stage's last attempt.
fn outcome(turn: &turnwire::turn::Timeline, stage: &str) -> Option<String> {
    let last = turn.stages.iter().rfind(|found| found.name.as_str() == stage)?;
    let name = match &last.outcome {
        StageOutcome::Running => "running",
        StageOutcome::Done => "done",
        StageOutcome::Late => "late",
        StageOutcome::Cancelled => "cancelled",
        StageOutcome::Failed(_) => "failed",
        other => panic!("{other:?}"),
    };
    Some(name.to_owned())
}

/// Reads events until the turn ends or is left.
async fn read(case: &Case, turns: &Turns, turn: &mut Turn) -> (Vec<Value>, Option<Error>) {
    let mut events = Vec::new();
    loop {
        match &case.leave {
            Some(Leave { by, after }) if *after == events.len() && by == "cancel" => {
                turn.cancel();
                return (events, None);
            }
            Some(Leave { after, .. }) if *after == events.len() => {
                assert!(turns.stop(turn.id()), "{}", case.name);
            }
            _ => {}
        }
        match turn.next().await {
            None => return (events, None),
            Some(Err(error)) => return (events, Some(error)),
            Some(Ok(event)) => events.push(serde_json::from_str(&event.to_json()).unwrap()),
        }
    }
}

#[tokio::test]
async fn every_turn_gives_the_events_of_its_case() {
    let cases = cases();
    assert!(cases.len() >= 40, "only {} cases were found", cases.len());
    for case in cases {
        let bench = case.bench().await;
        let (turns, name) = (case.turns(&bench), &case.name);
        let mut turn = match turns.try_start(case.request(&bench)) {
            Ok(turn) => turn,
            Err(error) => {
                assert!(case.refused, "{name}: {error}");
                assert_eq!(error.code(), case.error.as_ref().unwrap().code, "{name}");
                case.check_after(&bench, &turns).await;
                continue;
            }
        };
        assert!(!case.refused, "{name}: it was started");
        let (found, error) = read(&case, &turns, &mut turn).await;
        case.repeat(&bench, &turns).await;
        case.check_after(&bench, &turns).await;
        case.compare(&bench, found, &case.events);
        match (&case.error, error) {
            (None, None) => {}
            (Some(expected), Some(error)) => {
                assert_eq!(error.code(), expected.code, "{name}: {error}");
                assert_eq!(error.partial(), expected.partial.as_deref(), "{name}");
                assert_eq!(json!(error.usage()), expected.usage, "{name}");
            }
            (_, error) => panic!("{name}: it ended with {error:?}"),
        }
        let facts = json!(turn.timeline());
        for (fact, expected) in &case.timeline {
            assert_eq!(&facts[fact], expected, "{name}: {fact}");
        }
        for (stage, expected) in &case.stages {
            let line = turn.timeline();
            assert_eq!(outcome(&line, stage).as_ref(), Some(expected), "{name}: {stage}\n{line}");
        }
    }
}

#[tokio::test]
async fn the_bytes_of_every_turn_are_the_events_of_its_case() {
    for case in cases() {
        let bench = case.bench().await;
        let (turns, name) = (case.turns(&bench), &case.name);
        let turn = turns.start(case.request(&bench));
        let stopper = turn.stopper();
        let mut body = turn.sse();
        let mut text = String::new();
        loop {
            match &case.leave {
                Some(Leave { by, after }) if *after == frames(&text).count() && by == "cancel" => {
                    break;
                }
                Some(Leave { after, .. }) if *after == frames(&text).count() => stopper.stop(),
                _ => {}
            }
            let Some(Ok(piece)) = body.next().await else { break };
            text += std::str::from_utf8(&piece).unwrap();
        }
        drop(body);
        case.repeat(&bench, &turns).await;
        case.check_after(&bench, &turns).await;
        let found = frames(&text).map(|frame| {
            let data = frame.strip_prefix("data: ").unwrap_or_else(|| panic!("{name}: {frame:?}"));
            serde_json::from_str::<Value>(data).unwrap()
        });
        let found: Vec<_> = found.collect();
        if let Some(words) = &case.error_message_has {
            let message = found.last().unwrap()["message"].as_str().unwrap();
            assert!(message.contains(words), "{name}: {message}");
        }
        let expected: Vec<_> = case.events.iter().chain(&case.error_event).cloned().collect();
        case.compare(&bench, found, &expected);
    }
}
