//! The cases of calls that every language runs: `tests/vectors/service`.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use turnwire::bridge::settings::{Names, chat_service};
use turnwire_fakes::{FakeChat, Script};

use super::service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    settings: Map<String, Value>,
    call: String,
    arguments: Map<String, Value>,
    #[serde(default)]
    answers: Map<String, Value>,
    sent: Option<Vec<Value>>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    code: String,
    status: Option<u16>,
    message_has: String,
}

#[tokio::test]
async fn every_call_is_as_its_case_says() {
    let folder = format!("{}/../vectors/service", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut cases: Vec<Case> = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let json = std::fs::read(&file).unwrap();
        let found: Vec<Case> =
            serde_json::from_slice(&json).unwrap_or_else(|e| panic!("{file:?}: {e}"));
        cases.extend(found);
    }
    assert!(cases.len() >= 8, "only {} cases were found", cases.len());
    let fake = FakeChat::start().await.unwrap();
    for case in cases {
        fake.fake().reset();
        fake.fake().scripts_from_json(&json!(case.answers).to_string()).unwrap();
        run(&fake, &case).await;
    }
}

async fn run(fake: &FakeChat, case: &Case) {
    let name = case.name.as_str();
    let mut settings = json!({
        "base_url": fake.url(), "access_token": "access-of-the-test", "refresh_token": "refresh-of-the-test",
        "http": {"retry": {"max_retries": 0}},
    });
    settings.as_object_mut().unwrap().extend(case.settings.clone());
    let service =
        chat_service(&settings.to_string(), Names::Snake).unwrap().no_proxy().build().unwrap();
    let result = match case.call.as_str() {
        "stop" => service.stop(case.arguments["turn_id"].as_str().unwrap()).await,
        other => panic!("{name}: no call {other}"),
    };
    let failed = result.err().map(|error| {
        let expected = case.error.as_ref().unwrap_or_else(|| panic!("{name}: {error}"));
        assert_eq!(
            (error.code(), error.status()),
            (&*expected.code, expected.status),
            "{name}: {error}"
        );
        assert_eq!(error.operation(), format!("service.{}", case.call), "{name}");
        assert!(error.to_string().contains(&expected.message_has), "{name}: {error}");
    });
    assert_eq!(failed.is_some(), case.error.is_some(), "{name}");
    if let Some(sent) = &case.sent {
        let requests = fake.fake().requests();
        let requests: Vec<_> =
            requests.iter().map(|r| json!({"path": r.path, "body": r.json()})).collect();
        assert_eq!(&requests, sent, "{name}");
        assert!(fake.fake().requests().iter().all(|request| request.method == "POST"), "{name}");
    }
}

#[tokio::test]
async fn another_users_turn_says_what_to_check() {
    let (fake, service) = service().await;
    fake.fake().script("stop", Script::error(404, "There is no such turn."));
    let error = service.stop("turn-7").await.unwrap_err();
    assert!(error.to_string().contains("the turn is another user's"), "{error}");
    // To stop a turn twice is to stop it once, so the call may be repeated.
    for script in [Script::error(503, "busy"), Script::pass()] {
        fake.fake().script("again", script);
    }
    service.stop("again").await.unwrap();
    let request = fake.fake().requests().pop().unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer access-of-the-test"));
    assert_eq!(request.header("refreshtoken"), Some("Bearer refresh-of-the-test"));
}
