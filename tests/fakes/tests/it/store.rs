//! The fake chat store: its responses, its content, and its faults.

use std::time::Duration;

use serde_json::{Value, json};
use turnwire_fakes::{Fake, FakeStore, Faults, Framing, Login, Outcome, Script};

use crate::raw::{Client, Reply};

const MINUTE: Duration = Duration::from_secs(60);

struct Bench {
    store: FakeStore,
    login: Login,
}

impl Bench {
    /// A store with the workspace `w` of the user `u`, and the user's tokens.
    fn new() -> Self {
        let store = FakeStore::spawn_thread().unwrap();
        store.add_workspace("w", "u");
        let login = store.login("u");
        Self { store, login }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.call_with(&tokens(&self.login.access, &self.login.refresh), method, path, body)
    }

    fn call_with(&self, headers: &str, method: &str, path: &str, body: &str) -> Reply {
        let mut client = self.open(headers, method, path, body);
        client.read_reply()
    }

    fn open(&self, headers: &str, method: &str, path: &str, body: &str) -> Client {
        let mut client = Client::connect(self.store.fake().address());
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}");
        client.write(format!("{head}\r\n\r\n{body}").as_bytes());
        client
    }

    fn save(&self, message: &Value) -> Reply {
        self.call("POST", "/api/chat/save", &message.to_string())
    }
}

fn tokens(access: &str, refresh: &str) -> String {
    format!("Authorization: Bearer {access}\r\nRefreshToken: Bearer {refresh}\r\n")
}

fn message(id: &str) -> Value {
    json!({
        "msgId": id, "msgSenderRole": "USER", "msgContent": "안녕", "msgSentAt": 1_764_660_000_000i64,
        "msgSenderUUID": "u", "parentMsgId": null, "msgType": "T", "msgWorkspaceId": "w",
    })
}

fn with(id: &str, field: &str, value: impl Into<Value>) -> Value {
    let mut message = message(id);
    message[field] = value.into();
    message
}

#[test]
fn a_save_is_an_upsert_by_the_messages_id() {
    let bench = Bench::new();
    let reply = bench.save(&message("m1"));
    assert_eq!(reply.head.status, 201);
    assert_eq!(
        reply.json(),
        json!({"success": true, "message": "The message is saved", "data": null})
    );
    bench.save(&message("m2"));
    bench.save(&with("m1", "msgContent", "changed"));
    let stored = bench.store.stored();
    assert_eq!(stored.saves, ["m1", "m2", "m1"]);
    assert_eq!(stored.messages.len(), 2);
    assert_eq!(stored.messages[0].saves, 2);
    assert_eq!(stored.message("m1").unwrap()["msgContent"], "changed");
}

#[test]
fn what_is_no_message_is_refused_by_its_field() {
    let bench = Bench::new();
    let wrong = [
        ("msgId", json!(" ")),
        ("msgSenderRole", json!("BOT")),
        ("msgContent", json!("")),
        ("msgSentAt", json!("yesterday")),
        ("msgSentAt", json!(1.5)),
        ("msgSenderUUID", Value::Null),
        ("parentMsgId", json!(1)),
        ("msgType", json!("X")),
        ("msgWorkspaceId", json!("")),
    ];
    for (field, value) in wrong {
        let reply = bench.save(&with("m", field, value.clone()));
        assert_eq!(reply.head.status, 400, "{field}: {value}");
        assert_eq!(reply.json()["success"], false);
        assert!(reply.json()["message"].as_str().unwrap().starts_with(field), "{}", reply.text());
    }
    assert_eq!(bench.call("POST", "/api/chat/save", "{").head.status, 400);
    assert!(bench.store.stored().messages.is_empty());
    assert_eq!(bench.save(&with("m", "msgSentAt", "2025-12-02T07:20:00Z")).head.status, 201);
}

#[test]
fn what_the_database_cannot_take_is_a_500() {
    let bench = Bench::new();
    let fits = "가".repeat(2000);
    assert_eq!(bench.save(&with("m1", "msgContent", fits.clone())).head.status, 201);
    assert_eq!(bench.save(&with("m2", "msgContent", fits + "가")).head.status, 500);
    let reply = bench.save(&with("m3", "msgWorkspaceId", "nowhere"));
    assert_eq!(reply.head.status, 500);
    assert!(reply.json()["message"].as_str().unwrap().contains("nowhere"));
    assert_eq!(bench.store.stored().saves, ["m1"]);
}

#[test]
fn history_is_204_when_empty_and_else_in_no_order() {
    let bench = Bench::new();
    let reply = bench.call("GET", "/api/chat/history/w", "");
    assert_eq!((reply.head.status, reply.text().as_str()), (204, ""));
    let ids: Vec<String> = (0..20).map(|n| format!("m{n}")).collect();
    for id in &ids {
        bench.save(&message(id));
    }
    let reply = bench.call("GET", "/api/chat/history/w", "").json();
    let found: Vec<&str> =
        reply["data"].as_array().unwrap().iter().map(|m| m["msgId"].as_str().unwrap()).collect();
    assert_eq!(found.len(), 20);
    assert_ne!(found, ids);
    assert_ne!(found, ids.iter().rev().collect::<Vec<_>>());
}

#[test]
fn messages_are_counted_only_in_an_active_session() {
    let bench = Bench::new();
    let count = || bench.call("PATCH", "/api/session/update-messages?workspaceId=w", "");
    assert_eq!(count().head.status, 200);
    bench.store.advance(9 * MINUTE);
    assert_eq!(count().head.status, 200, "a message keeps the session alive");
    bench.store.advance(10 * MINUTE);
    assert_eq!(count().head.status, 500);
    assert_eq!(bench.store.stored().sessions[0].session_status, "TIMEOUT");
    assert_eq!(bench.call("GET", "/api/session/w", "").json()["data"], Value::Null);

    let started = bench.call("POST", "/api/session/start?workspaceId=w&memUUID=u", "");
    assert_eq!(started.head.status, 201);
    assert_eq!(count().head.status, 200);
    assert_eq!(bench.store.stored().counted("w"), 3);
    let reply = bench.call("GET", "/api/session/w", "").json();
    assert_eq!(reply["data"]["sessionMessageCount"], 1);
    let ended = "/api/session/update-status?workspaceId=w&status=COMPLETED";
    assert_eq!(bench.call("PATCH", ended, "").head.status, 200);
    assert_eq!(count().head.status, 500);
    assert_eq!(bench.call("PATCH", "/api/session/update-messages", "").head.status, 400);
}

#[test]
fn workspaces_are_created_and_paged() {
    let bench = Bench::new();
    for n in 0..5 {
        let path = format!("/api/workspace/create?memUuid=v&workspaceName=%EC%95%88+{n}");
        let reply = bench.call("POST", &path, "");
        assert_eq!(reply.head.status, 201);
        assert!(reply.json()["data"]["workspaceId"].is_string());
    }
    let page = |offset| {
        let query = format!("workspaceStatus=ACTIVE&offset={offset}&size=2");
        let reply = bench.call("GET", &format!("/api/workspace/v/status?{query}"), "").json();
        let page = reply["data"].as_array().unwrap().clone();
        page.iter().map(|w| w["workspaceName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(page(0), ["안 0", "안 1"]);
    assert_eq!(page(4), ["안 4"]);
    let long = format!("/api/workspace/create?memUuid=v&workspaceName={}", "a".repeat(101));
    assert_eq!(bench.call("POST", &long, "").head.status, 500);
}

#[test]
fn stale_tokens_are_named_and_reissued() {
    let bench = Bench::new();
    let ask = |access: &str, refresh: &str| {
        let reply = bench.call_with(&tokens(access, refresh), "GET", "/api/session/w", "");
        (reply.head.status, reply.head.header("token-expired").map(str::to_owned))
    };
    let Login { access, refresh, .. } = &bench.login;
    assert_eq!(ask(access, refresh), (200, None));
    assert_eq!(ask(access, "junk"), (401, None));
    assert_eq!(bench.call_with("", "GET", "/api/session/w", "").head.status, 401);
    bench.store.advance(31 * MINUTE);
    assert_eq!(ask(access, refresh), (401, Some("AccessToken".into())));

    let reissue = |access: &str, refresh: &str, extend: bool| {
        let headers = format!("{}extendLogin: {extend}\r\n", tokens(access, refresh));
        let reply = bench.call_with(&headers, "POST", "/reissue", "");
        let bearer = |name| {
            reply.head.header(name).map(|value| value.strip_prefix("Bearer ").unwrap().to_owned())
        };
        (reply.head.status, bearer("authorization"), bearer("refreshtoken"))
    };
    let (status, fresh, none) = reissue(access, refresh, false);
    assert_eq!((status, none), (200, None));
    let fresh = fresh.unwrap();
    assert_eq!(ask(&fresh, refresh), (200, None));

    bench.store.advance(24 * 60 * MINUTE);
    assert_eq!(ask(&fresh, refresh), (401, Some("AllToken".into())));
    assert_eq!(reissue(&fresh, refresh, true).0, 401);
    let day = Duration::from_secs(24 * 60 * 60);
    let half = bench.store.login_for("u", day, Duration::ZERO);
    assert_eq!(ask(&half.access, &half.refresh), (401, Some("RefreshToken".into())));
    assert_eq!(reissue(&half.access, &half.refresh, false).0, 401);
    let (status, none, fresh) = reissue(&half.access, &half.refresh, true);
    assert_eq!((status, none), (200, None));
    assert_eq!(ask(&half.access, &fresh.unwrap()), (200, None));
}

#[test]
fn an_older_store_has_its_own_calls() {
    let store = FakeStore::builder().older(true).spawn_thread().unwrap();
    store.add_workspace("w", "u");
    let login = store.login("u");
    let bench = Bench { store, login };
    let reply = bench.call("GET", "/api/workspace/u", "").json();
    assert_eq!(reply["data"]["workspaceId"], "w");
    assert_eq!(bench.call("GET", "/api/workspace/nobody", "").head.status, 404);
    assert_eq!(bench.call("POST", "/reissue", "").head.status, 404);
    let body = json!({"refreshToken": bench.login.refresh}).to_string();
    let reply = bench.call_with("", "POST", "/api/members/refresh-token", &body);
    assert!(reply.json()["data"]["accessToken"].is_string(), "{}", reply.text());
}

#[test]
fn a_fault_strikes_before_the_save_or_after_it() {
    let bench = Bench::new();
    let reset = || Script::new().framing(Framing::Raw).reset();
    bench.store.fake().script("save", reset());
    bench.store.fake().script("save", reset().after_commit());
    bench.store.fake().script("save", Script::pass());
    for id in ["before", "after"] {
        let headers = tokens(&bench.login.access, &bench.login.refresh);
        let body = message(id).to_string();
        let mut client = bench.open(&headers, "POST", "/api/chat/save", &body);
        assert!(client.read_to_end().is_err(), "{id}: it is reset");
    }
    assert_eq!(bench.save(&message("healthy")).head.status, 201);
    assert_eq!(bench.store.stored().saves, ["after", "healthy"]);
    let log = bench
        .store
        .fake()
        .wait_for_blocking(|log| log.requests.iter().all(|r| r.outcome.is_some()));
    let outcomes: Vec<_> = log.requests.iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Reset), Some(Outcome::Reset), Some(Outcome::Complete)]);
}

#[test]
fn faults_of_a_seed_end_and_one_in_four_has_saved() {
    let store = FakeStore::builder()
        .on(Fake::builder().unrecorded())
        .faults(Faults::new(1, 300))
        .spawn_thread()
        .unwrap();
    store.add_workspace("w", "u");
    let login = store.login("u");
    // A connection each, as a fault ends it.
    let headers = tokens(&login.access, &login.refresh) + "Connection: close\r\n";
    let bench = Bench { store, login };
    let mut attempts = 0;
    for n in 0..40 {
        let body = message(&format!("m{n}")).to_string();
        let is_saved = |attempts: &mut usize| {
            *attempts += 1;
            let mut client = bench.open(&headers, "POST", "/api/chat/save", &body);
            client.read_to_end().is_ok_and(|reply| reply.starts_with(b"HTTP/1.1 201"))
        };
        while !is_saved(&mut attempts) {}
    }
    let stored = bench.store.stored();
    assert_eq!(stored.messages.len(), 40);
    assert!(attempts > 45, "{attempts} attempts");
    assert!(stored.saves.len() > 40 && stored.saves.len() < attempts, "{}", stored.saves.len());
    assert!(bench.store.fake().requests().is_empty());
}

#[test]
fn one_record_can_have_a_fault_of_its_own() {
    let bench = Bench::new();
    bench.store.fake().script("m2", FakeStore::refusal(500, "no m2"));
    let statuses = ["m1", "m2", "m3"].map(|id| bench.save(&message(id)).head.status);
    assert_eq!(statuses, [201, 500, 201]);
    bench.store.add_workspace("v", "u");
    bench.store.fake().script("v", FakeStore::refusal(503, "no v"));
    assert_eq!(bench.save(&with("m4", "msgWorkspaceId", "v")).head.status, 503);
}

#[test]
fn its_own_reply_can_be_late_dripped_and_added_to() {
    let bench = Bench::new();
    let slow = Script::pass().wait_ms_before_headers(30).split(10).split_wait_ms(5);
    bench.store.fake().script("save", slow.header("x-late", "yes"));
    let reply = bench.save(&message("m1"));
    assert_eq!((reply.head.status, reply.head.header("x-late")), (201, Some("yes")));
    assert_eq!(reply.json()["success"], true);
    let log = bench.store.fake().wait_for_blocking(|log| log.requests[0].finished_at_ms.is_some());
    let record = &log.requests[0];
    let took = record.finished_at_ms.unwrap() - record.at_ms;
    assert!(took >= 30.0 + 5.0 * 5.0, "{took} ms");
}
