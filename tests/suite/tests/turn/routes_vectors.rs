//! The cases that every web framework runs, against core: `tests/vectors/web`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use turnwire::web::{Admitted, ChatRoutes, Reply, ReplyBody, Route};
use turnwire::{Bytes, SqliteStore, Turns};

use super::vector_settings::{set, speech};
use super::{Bench, DEADLINE, USER, WORKSPACE, frames};

const OTHER_USER: &str = "0b1e55ed-0000-4000-8000-000000000002";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    llm: Map<String, Value>,
    #[serde(default = "chat")]
    store: Value,
    speaker: Option<Value>,
    #[serde(default)]
    routes: Map<String, Value>,
    #[serde(default = "user")]
    user: Value,
    #[serde(default)]
    before: Vec<Sent>,
    running: Option<Sent>,
    request: Request,
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    absent: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    json: Option<Value>,
    text: Option<String>,
    events: Option<Vec<Value>>,
    #[serde(default)]
    beside: Vec<Value>,
    part_types: Option<Vec<String>>,
    #[serde(default)]
    saved: Vec<(String, String)>,
    #[serde(default)]
    asked: usize,
}

/// A request that is sent beside the one of the case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    #[serde(default = "user")]
    user: Value,
    request: Request,
    #[serde(default)]
    events: Vec<Value>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default = "post")]
    method: String,
    path: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default, deserialize_with = "present")]
    json: Option<Value>,
    text: Option<String>,
    base64: Option<String>,
}

fn chat() -> Value {
    json!("chat")
}

fn user() -> Value {
    json!("<user>")
}

fn post() -> String {
    "POST".to_owned()
}

/// A field that is present, even as null.
fn present<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(field).map(Some)
}

fn cases() -> Vec<Case> {
    let folder = format!("{}/../vectors/web", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|name| name == "json"));
    let read = |path: std::path::PathBuf| -> Vec<Case> {
        let json = std::fs::read(&path).unwrap();
        serde_json::from_slice(&json).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    files.flat_map(read).collect()
}

/// The services of a case, and its routes.
struct Site {
    bench: Bench,
    embedded: Option<(SqliteStore, TempDir)>,
    turns: Turns,
    routes: ChatRoutes,
    /// A workspace of the user.
    workspace: String,
    turn_id: String,
}

impl Site {
    async fn start(case: &Case) -> Self {
        let bench = Bench::start().await;
        for (way, script) in &case.llm {
            let scripts = json!({format!("m {way}"): script}).to_string();
            bench.llm.scripts_from_json(&scripts).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        }
        let mut workspace = WORKSPACE.to_owned();
        let mut embedded = None;
        let start = match case.store.as_str() {
            None => Turns::builder(bench.openai()).model("m"),
            Some("chat") => bench.settings(),
            Some("embedded") => {
                let folder = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
                workspace = store.create_workspace(USER, "a").await.unwrap().id;
                embedded = Some((store.clone(), folder));
                Turns::builder(bench.openai()).model("m").store(store)
            }
            Some(other) => panic!("{}: no store {other}", case.name),
        };
        let start = match &case.speaker {
            Some(speaker) => start.speech(speech(speaker)),
            None => start,
        };
        let turns = case.settings.iter().fold(start, set).build().unwrap();
        let routes = routes(&turns, &case.routes);
        Site { bench, embedded, turns, routes, workspace, turn_id: String::new() }
    }

    /// A text of a request, with values in the place of names.
    fn filled(&self, text: &str) -> String {
        let login = self.bench.store.login(USER);
        [
            ("<user>", USER),
            ("<other user>", OTHER_USER),
            ("<workspace>", &self.workspace),
            ("<access>", &login.access),
            ("<refresh>", &login.refresh),
            ("<turn id>", &self.turn_id),
        ]
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Sends a request as a server would, on behalf of this user.
    async fn send(&self, user: &Value, request: &Request) -> Reply {
        let body = match (&request.json, &request.text, &request.base64) {
            (Some(json), None, None) => self.filled(&json.to_string()).into_bytes(),
            (None, Some(text), None) => self.filled(text).into_bytes(),
            (None, None, Some(bytes)) => BASE64.decode(bytes).unwrap(),
            _ => Vec::new(),
        };
        let mut headers = json!({
            "content-type": "application/json",
            "authorization": "Bearer <access>",
            "refreshtoken": "Bearer <refresh>",
        });
        for (name, value) in &request.headers {
            headers[name.to_ascii_lowercase()] = value.clone();
        }
        if !body.is_empty() {
            headers["content-length"] = json!(body.len().to_string());
        }
        let headers = headers.as_object().unwrap().iter();
        let headers: Vec<_> = headers
            .filter_map(|(name, value)| Some((name.clone(), self.filled(value.as_str()?))))
            .collect();
        let header = |name: &str| {
            let mut found = headers.iter().filter(|(its, _)| its == name);
            found.next().map(|(_, value)| value.as_str())
        };
        let route = self.routes.route_of(&request.path);
        match self.routes.admit(route, &request.method, header) {
            Admitted::Reply(reply) => reply,
            Admitted::Call(call) => match user {
                Value::Null => call.unauthorized(),
                Value::String(user) => call.answer(&self.filled(user), Bytes::from(body)).await,
                _ => call.failed(),
            },
        }
    }

    /// The texts of the stored messages.
    async fn saved(&self) -> Vec<(String, String)> {
        let Some((store, _folder)) = &self.embedded else { return self.bench.saved() };
        let messages = store.history(USER, &self.workspace).await.unwrap().into_iter();
        let role = |role| json!(role).as_str().unwrap().to_owned();
        messages.map(|message| (role(message.role), message.content)).collect()
    }
}

fn routes(turns: &Turns, settings: &Map<String, Value>) -> ChatRoutes {
    let mut builder = ChatRoutes::builder(turns.clone());
    for (name, value) in settings {
        match name.as_str() {
            "origins" => {
                let origins =
                    value.as_array().unwrap().iter().map(|origin| origin.as_str().unwrap());
                builder = origins.fold(builder, |builder, origin| builder.origin(origin));
            }
            "max_body" => {
                builder = builder.max_body(value.as_u64().unwrap().try_into().unwrap());
            }
            "max_text" => {
                builder = builder.max_text(value.as_u64().unwrap().try_into().unwrap());
            }
            "paths" => {
                for (route, path) in value.as_object().unwrap() {
                    let route = Route::from_name(route).unwrap();
                    builder = builder.path(route, path.as_str().unwrap());
                }
            }
            other => panic!("no setting {other}"),
        }
    }
    builder.build().unwrap()
}

/// The body of a reply, as far as the case is about it.
struct Body {
    text: String,
    /// The turn on its wire, until it is read to its end.
    rest: Option<turnwire::turn::TurnBytes>,
}

impl Body {
    fn of(body: ReplyBody) -> Self {
        match body {
            ReplyBody::Nothing => Body { text: String::new(), rest: None },
            ReplyBody::Whole(bytes) => {
                Body { text: String::from_utf8(bytes.into()).unwrap(), rest: None }
            }
            ReplyBody::Turn(turn, wire) => {
                Body { text: String::new(), rest: Some(turn.bytes(wire)) }
            }
        }
    }

    async fn read_until(&mut self, is_enough: impl Fn(&str) -> bool) {
        while let Some(rest) = &mut self.rest
            && !is_enough(&self.text)
        {
            match rest.next().await {
                Some(piece) => self.text += std::str::from_utf8(&piece.unwrap()).unwrap(),
                None => self.rest = None,
            }
        }
    }

    /// The JSON of each frame.
    fn frames(&self) -> Vec<&str> {
        frames(&self.text).map(|frame| frame.strip_prefix("data: ").unwrap()).collect()
    }

    fn events(&self) -> Vec<Value> {
        let events = self.frames().into_iter();
        events.map(|json| serde_json::from_str(json).unwrap()).collect()
    }
}

/// Returns true if the value is the expected one, in which `<any>` stands for any text and `<workspace>` for the user's.
fn is_like(site: &Site, found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && expected.iter().all(|(name, expected)| {
                    found.get(name).is_some_and(|found| is_like(site, found, expected))
                })
        }
        (Value::String(found), Value::String(expected)) => match expected.as_str() {
            "<any>" => !found.is_empty(),
            "<workspace>" => *found == site.workspace,
            expected => found == expected,
        },
        (found, expected) => found == expected,
    }
}

fn compare_events(site: &Site, name: &str, body: &Body, expected: &[Value], beside: &[Value]) {
    let mut found = body.events();
    let last = found.pop();
    for event in beside {
        let at = found.iter().position(|other| is_like(site, other, event));
        found.remove(at.unwrap_or_else(|| panic!("{name}: no {event} in {found:?}")));
    }
    found.extend(last);
    let is_same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| is_like(site, found, expected));
    assert!(is_same, "{name}:\n{found:#?}\nexpected\n{expected:#?}");
}

impl Case {
    fn compare_head(&self, reply: &Reply) {
        let name = &self.name;
        assert_eq!(reply.status, self.status, "{name}: {:?}", reply.headers);
        let values = |wanted: &str| -> Vec<&str> {
            let found = reply.headers.iter().filter(|(its, _)| its.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.as_str()).collect()
        };
        for (header, expected) in &self.headers {
            assert_eq!(values(header), [expected.as_str().unwrap()], "{name}: {header}");
        }
        for header in &self.absent {
            assert_eq!(values(header), [""; 0], "{name}: {header}");
        }
    }

    fn compare_body(&self, site: &Site, body: &Body) {
        let (name, text) = (&self.name, &body.text);
        assert!(!text.contains("secret"), "{name}: {text}");
        if let Some(expected) = &self.json {
            let found: Value = serde_json::from_str(text).unwrap();
            assert!(is_like(site, &found, expected), "{name}: {found}, expected {expected}");
        }
        if let Some(expected) = &self.text {
            assert_eq!(text, expected, "{name}");
        }
        if let Some(expected) = &self.events {
            compare_events(site, name, body, expected, &self.beside);
        }
        if let Some(expected) = &self.part_types {
            let mut parts = body.frames();
            assert_eq!(parts.pop(), Some("[DONE]"), "{name}");
            let kind = |json| serde_json::from_str::<Value>(json).unwrap()["type"].clone();
            let found: Vec<Value> = parts.into_iter().map(kind).collect();
            assert_eq!(json!(found), json!(expected), "{name}");
        }
    }
}

#[tokio::test]
async fn every_request_gets_the_reply_of_its_case() {
    let cases = cases();
    assert!(cases.len() >= 80, "only {} cases were found", cases.len());
    for case in cases {
        let (mut site, name) = (Site::start(&case).await, &case.name);
        for sent in &case.before {
            let reply = site.send(&sent.user, &sent.request).await;
            Body::of(reply.body).read_until(|_| false).await;
        }
        let mut running = None;
        if let Some(sent) = &case.running {
            let reply = site.send(&sent.user, &sent.request).await;
            let mut body = Body::of(reply.body);
            body.read_until(|text| text.contains(r#""type": "content""#)).await;
            let first = body.events().swap_remove(0);
            site.turn_id = first["turnId"].as_str().unwrap_or_default().to_owned();
            running = Some((body, &sent.events));
        }
        let reply = site.send(&case.user, &case.request).await;
        case.compare_head(&reply);
        let mut body = Body::of(reply.body);
        body.read_until(|_| false).await;
        case.compare_body(&site, &body);
        if let Some((mut body, expected)) = running {
            body.read_until(|_| false).await;
            compare_events(&site, name, &body, expected, &[]);
        }
        site.turns.flush(DEADLINE).await;
        assert_eq!(site.saved().await, case.saved, "{name}");
        let requests = site.bench.llm.requests();
        let asked = requests.iter().filter_map(|request| request.json());
        let asked = asked.filter(|json| json["stream"] == true).count();
        assert_eq!(asked, case.asked, "{name}");
    }
}
