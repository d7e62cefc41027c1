//! Settings of every object, valid and invalid, in both namings.

mod numbers;
mod sinks;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::chat::OpenAi;
use crate::conversation::Conversations;
use crate::error::ErrorKind;
use crate::outbox::Outbox;
use crate::speech::{GoogleTranslateSpeaker, Speaker};
use crate::store::ChatStore;
use crate::turn::{LlmSentiment, Sentiment};

const SECRET: &str = "sk-secret-5f7d";

fn refusal<T>(read: crate::error::Result<T>) -> String {
    let error = read.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    error.message().to_owned()
}

fn llm() -> OpenAi {
    open_ai(r#"{"base_url": "http://localhost:1"}"#, Names::Snake).unwrap().build().unwrap()
}

#[test]
fn an_unknown_setting_is_named_with_its_path_and_those_that_there_are() {
    let json = r#"{"http": {"timeouts": {"idel": 3}}}"#;
    assert_eq!(
        refusal(open_ai(json, Names::Snake)),
        "http.timeouts.idel is no setting; the settings here are connect, headers, idle, content, total, stream_total"
    );
    assert_eq!(
        refusal(open_ai(r#"{"base_url": "http://a"}"#, Names::Camel)),
        "base_url is no setting; the settings here are apiKey, baseURL, organization, project, http"
    );
}

#[test]
fn a_value_never_shows() {
    for (json, why) in [
        (json!({"api_key": [SECRET]}), "api_key must be a string"),
        (json!({"http": SECRET}), "http must be an object"),
        (
            json!({"http": {"timeout": SECRET}}),
            "http.timeout must be a number of seconds from 0 on, or None for no limit",
        ),
        (
            json!({"http": {"retry": {"max_retries": SECRET}}}),
            "http.retry.max_retries must be a whole number from 0 on, of 32 bits at most",
        ),
        (
            json!({"http": {"retry": {"max_retries": -1}}}),
            "http.retry.max_retries must be a whole number from 0 on, of 32 bits at most",
        ),
        (json!({"http": {"no_proxy": SECRET}}), "http.no_proxy must be true or false"),
        (
            json!({"http": {"headers": SECRET}}),
            "http.headers must be an object of texts, or a list of pairs of texts",
        ),
        (json!({"http": {"headers": {"a": [SECRET]}}}), "http.headers.a must be a string"),
        (
            json!({"http": {"headers": [["a", "b"], [SECRET, 1]]}}),
            "http.headers[1][1] must be a string",
        ),
        (
            json!({"http": {"root_certificates": [SECRET, {}]}}),
            "http.root_certificates[1] must be a string",
        ),
        (json!(SECRET), "the settings must be an object"),
    ] {
        assert_eq!(refusal(open_ai(&json.to_string(), Names::Snake)), why);
    }
    assert_eq!(refusal(open_ai(SECRET, Names::Snake)), "the settings must be JSON");
    let json = json!({"base_url": "http://a", "wire": SECRET}).to_string();
    assert_eq!(refusal(chat_service(&json, Names::Snake)), "wire must be one of events, text");
}

#[test]
fn a_null_limit_is_none_and_an_absent_one_the_default() {
    let read = |json: &str| {
        let mut builder = open_ai(json, Names::Snake).unwrap();
        builder.http_mut().clone()
    };
    let default = read("{}");
    for json in [r#"{"http": {"timeout": null}}"#, r#"{"http": {"timeout": Infinity}}"#] {
        let timeouts = read(json).timeouts;
        assert_eq!((timeouts.total, timeouts.idle, timeouts.headers), (None, None, None), "{json}");
    }
    let one =
        read(r#"{"http": {"timeouts": {"idle": 0.25, "total": null}, "limits": {"event": null}}}"#);
    assert_eq!(one.timeouts.idle, Some(Duration::from_millis(250)));
    assert_eq!((one.timeouts.total, one.timeouts.connect), (None, default.timeouts.connect));
    assert_eq!((one.limits.event, one.limits.reply), (usize::MAX, default.limits.reply));
    assert_eq!(read(r#"{"http": null}"#).timeouts, default.timeouts);
    assert_eq!(read(r#"{"http": {"timeout": 1e300}}"#).timeouts.total, None);
    let refused = refusal(open_ai(r#"{"http": {"timeouts": {"idle": -0.5}}}"#, Names::Snake));
    assert!(refused.starts_with("http.timeouts.idle must be"), "{refused}");
}

#[test]
fn times_are_in_the_unit_of_the_language() {
    let idle = |json: &str, names| {
        open_ai(json, names).map(|mut builder| builder.http_mut().timeouts.idle)
    };
    let json = r#"{"http": {"timeouts": {"idle": 1500}}}"#;
    assert_eq!(idle(json, Names::Snake).unwrap(), Some(Duration::from_secs(1500)));
    assert_eq!(idle(json, Names::Camel).unwrap(), Some(Duration::from_millis(1500)));
    let negative = r#"{"http": {"timeouts": {"idle": -1}}}"#;
    assert_eq!(
        refusal(idle(negative, Names::Camel)),
        "http.timeouts.idle must be a number of milliseconds from 0 on, or Infinity for no limit"
    );
}

#[test]
fn defaults_of_a_builder_stay_where_nothing_is_given() {
    let json = r#"{"base_url": "http://a", "http": {"timeouts": {"idle": 1}}}"#;
    let timeouts = chat_store(json, Names::Snake).unwrap().http_mut().timeouts.clone();
    assert_eq!(timeouts.total, Some(Duration::from_secs(30)), "the store's own");
    assert_eq!(timeouts.idle, Some(Duration::from_secs(1)));
}

/// One value for each kind of field.
fn http() -> Value {
    json!({
        "timeout": 60, "timeouts": {"connect": 1, "headers": 2, "idle": 3, "content": 4, "total": 5, "stream_total": 6},
        "retry": {"max_retries": 1, "initial_backoff": 0.1, "max_backoff": 1, "jitter": 0.5, "max_retry_after": 9},
        "limits": {"event": 1000, "reply": 2000, "error_body": 3000},
        "headers": {"X-Some-Header": "a", "X-None": null}, "query": [["a", "1"], ["a", "2"]],
        "proxy": "http://localhost:3", "no_proxy": true, "root_certificates": [],
    })
}

fn tokens(mut settings: Value) -> Value {
    for name in ["access_token", "refresh_token"] {
        settings[name] = "t".into();
    }
    settings["base_url"] = "http://localhost:2".into();
    settings["http"] = http();
    settings
}

/// Settings with every field of every object.
fn everything() -> Vec<(&'static str, Value)> {
    let store = tokens(json!({
        "extend_login": true, "older_store": false,
        "paths": {
            "save": "/s", "update_messages": "/u", "create_workspace": "/c", "start_session": "/st", "history": "/h/{}",
            "workspaces": "/w/{}", "session": "/se/{}", "update_status": "/us", "reissue": "/r", "workspace": "/wo/{}",
            "refresh_token": "/rt",
        },
    }));
    let service = tokens(json!({
        "wire": "text", "fallback": false, "paths": {"chat": "/c", "stream": "/s", "speech": "/t", "stop": "/e"},
    }));
    let outbox = json!({
        "path": null, "durability": "fsync", "wait_when_full": 1,
        "limits": {"memory_records": 10, "memory_bytes": 100_000, "file_bytes": 100_000, "record_bytes": 1000},
        "delivery": {
            "concurrency": 2, "limit": 5, "initial_backoff": 0.1, "max_backoff": 1, "max_retry_after": 60, "max_age": null,
            "poison_tries": 3, "breaker_failures": 4, "breaker_wait": 1, "max_breaker_wait": 9, "remembered": 10,
        },
    });
    let openai = json!({
        "api_key": "sk", "base_url": "http://localhost:1", "organization": "o", "project": "p", "http": http(),
    });
    let speaker = |kind: &str| match kind {
        "google" => json!({"google": {
            "language": "ko", "slow": true, "top_level_domain": "co.kr", "base_url": "http://localhost:4", "http": http(),
        }}),
        "openai" => json!({"openai": {
            "model": "m", "voice": {"id": "v"}, "format": "wav", "speed": 1.5, "instructions": "i", "extra": {"someField": 1},
            "client": openai,
        }}),
        _ => json!({"service": service}),
    };
    let turns = json!({
        "model": "m", "template": {"model": "t", "messages": [], "maxTokens": 5}, "system_prompt": "s", "store": store,
        "prompts": {"system": "s", "naming": "n", "sentiment_hint": "{label}", "sentiment": "{labels}", "labels": ["a"]},
        "fallbacks": [{"model": "f", "client": openai}],
        "outbox": outbox, "sentiment": {"model": "m", "labels": ["a", "b"], "client": openai}, "sentiment_budget": 0.2,
        "sentiment_hint": "{label}", "speaker": speaker("google"),
        "speech": {
            "voice": null, "language": "ko", "speed": 1.0, "instructions": null, "format": "mp3", "in_flight": 3, "retries": 2,
            "sentence_limit": null, "on_failure": "stop", "longest_sentence": 100,
        },
        "speech_mode": "streaming", "speech_wait": 3, "history": {"messages": 5, "characters": 100, "wait": 1},
        "naming": "model", "naming_template": {"model": "n", "messages": [], "maxTokens": 5}, "naming_start": "first_content",
        "naming_prompt": "n", "naming_limit": 1, "workspace_wait": null, "keep_alive": null, "on_disconnect": "finish", "turn_events": true,
        "sentiment_events": true, "usage_events": true, "failure_events": true, "detailed_errors": true,
    });
    let others = vec![
        ("openai", openai.clone()),
        ("store", store.clone()),
        ("service", service.clone()),
        ("outbox", outbox.clone()),
        ("speaker", speaker("google")),
        ("speaker", speaker("openai")),
        ("speaker", speaker("service")),
        ("turns", turns),
        (
            "routes",
            json!({
                "origins": ["http://localhost:3000"], "max_body": 1000, "max_text": 100,
                "paths": {"chat": "/c", "stream": "/s", "tts": "/t", "stop": "/st", "ui": "/u", "text": "/te"},
            }),
        ),
        (
            "speech_request",
            json!({"text": "t", "voice": "v", "language": "ko", "speed": 1, "instructions": "i", "format": "wav"}),
        ),
    ];
    others.into_iter().chain(broker::tests::everything()).collect()
}

fn read_all(object: &str, json: &str, names: Names) {
    match object {
        "openai" => drop(open_ai(json, names).unwrap().build().unwrap()),
        "store" => drop(chat_store(json, names).unwrap().build().unwrap()),
        "service" => drop(chat_service(json, names).unwrap().build().unwrap()),
        "outbox" => drop(outbox(json, names, false).unwrap().start().unwrap()),
        "speaker" => drop(speaker(Some(&llm()), json, names).unwrap()),
        "speech_request" => drop(speech_request(json, names).unwrap()),
        "nats" => drop(nats(json, names).unwrap()),
        "courier" => drop(courier(r#"{"url": "nats://localhost"}"#, json, names).unwrap()),
        "routes" => {
            let engine = crate::turn::Turns::builder(llm()).build().unwrap();
            drop(routes(engine, json, names).unwrap().build().unwrap());
        }
        _ => drop(turns(llm(), json, names, Parts::default()).unwrap().build().unwrap()),
    }
}

#[test]
fn every_setting_is_taken_in_both_namings() {
    for (object, settings) in everything() {
        read_all(object, &settings.to_string(), Names::Snake);
        read_all(object, &camel(settings).to_string(), Names::Camel);
    }
}

/// The same in camel case; other names stay unchanged.
fn camel(value: Value) -> Value {
    let fields = match value {
        Value::Object(fields) => fields,
        Value::Array(items) => return items.into_iter().map(camel).collect(),
        value => return value,
    };
    let renamed = fields.into_iter().map(|(name, value)| {
        let is_data =
            matches!(name.as_str(), "template" | "naming_template" | "extra" | "headers" | "voice");
        (Names::Camel.shown(&name), if is_data { value } else { camel(value) })
    });
    renamed.collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn the_lists_have_every_field_that_the_settings_above_give() {
    let given = everything();
    let of = |object: &str| -> Vec<Value> {
        let (first, path) = object.split_once('.').unwrap_or((object, ""));
        let path =
            if path.is_empty() { String::new() } else { format!("/{}", path.replace('.', "/")) };
        let named = given.iter().filter(|(name, _)| *name == first).map(|(_, settings)| settings);
        let found: Vec<_> = named.filter_map(|settings| settings.pointer(&path).cloned()).collect();
        let of_http = http().pointer(&path).cloned();
        if first == "http" { of_http.into_iter().collect() } else { found }
    };
    for (object, fields) in objects() {
        let mut names: Vec<String> = Vec::new();
        for settings in of(object) {
            let settings = settings.get(0).cloned().unwrap_or(settings);
            names.extend(settings.as_object().unwrap().keys().cloned());
        }
        for field in fields {
            assert!(names.iter().any(|name| name == field), "{object}.{field} is not in the test");
        }
        assert!(names.iter().all(|name| fields.contains(&name.as_str())), "{object}: {names:?}");
    }
    assert_eq!(fields("http.limits"), Some(["event", "reply", "error_body"].as_slice()));
    assert_eq!(fields("nothing"), None);
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let turns =
        |json: Value| refusal(turns(llm(), &json.to_string(), Names::Snake, Parts::default()));
    assert_eq!(turns(json!({"speech": {}})), "speech needs a speaker");
    let nothing = json!({"fallbacks": [{}]});
    assert_eq!(turns(nothing), "a fallback must have model, client, or both");
    assert_eq!(turns(json!({"speaker": {}})), "speaker must have one of google, openai, service");
    assert_eq!(turns(json!({"speaker": {"google": {}}})), "speaker.google must have language");
    assert_eq!(turns(json!({"store": {"base_url": " "}})), "a chat store needs its base URL");
    let half = json!({"base_url": "http://a", "access_token": SECRET}).to_string();
    assert!(refusal(chat_store(&half, Names::Snake)).contains("belong together"));
    let twice = r#"{"api_key": "a", "api_key": "b"}"#;
    assert!(open_ai(twice, Names::Snake).is_ok(), "JSON keeps the last");
}

#[test]
fn a_part_is_given_once() {
    let parts = || {
        let store: Arc<dyn Conversations> = Arc::new(ChatStore::new("http://localhost:1").unwrap());
        let speaker: Arc<dyn Speaker> = Arc::new(GoogleTranslateSpeaker::new("ko"));
        let sentiment: Arc<dyn Sentiment> = Arc::new(LlmSentiment::new(llm()));
        let outbox = Outbox::memory();
        Parts {
            store: Some(store),
            outbox: Some(outbox),
            sentiment: Some(sentiment),
            speaker: Some(speaker),
        }
    };
    let turns = |json: Value| turns(llm(), &json.to_string(), Names::Snake, parts());
    assert!(turns(json!({"speech": {"in_flight": 3}})).unwrap().build().is_ok());
    let each = [
        ("store", json!({"base_url": "http://localhost:1"})),
        ("outbox", json!({})),
        ("sentiment", json!({})),
        ("speaker", json!({"google": {"language": "ko"}})),
    ];
    for (part, settings) in each {
        let expected = format!("{part} is given twice: as an object and as settings");
        assert_eq!(refusal(turns(json!({ part: settings }))), expected);
    }
}

#[test]
fn the_environment_fills_in_what_is_not_given() {
    let variables = |name: &str| match name {
        "OPENAI_API_KEY" => Some(" sk-of-the-environment\n".to_owned()),
        "OPENAI_BASE_URL" => Some("  ".to_owned()),
        "OPENAI_ORG_ID" => Some("org".to_owned()),
        "OPENAI_CUSTOM_HEADERS" => Some("A: 1\nnone\nB : 2".to_owned()),
        _ => None,
    };
    let filled = |json: &str, names| -> Value {
        serde_json::from_str(&with_environment(json, names, variables).unwrap()).unwrap()
    };
    assert_eq!(
        filled(r#"{"http": {"headers": {"B": "3", "C": null}, "timeout": 1}}"#, Names::Camel),
        json!({
            "apiKey": "sk-of-the-environment", "organization": "org",
            "http": {"timeout": 1, "headers": [["A", "1"], ["B", "2"], ["B", "3"], ["C", null]]},
        })
    );
    let given = filled(r#"{"api_key": null, "organization": "own", "http": null}"#, Names::Snake);
    assert_eq!(
        given,
        json!({"api_key": null, "organization": "own", "http": {"headers": [["A", "1"], ["B", "2"]]}})
    );
    let refused = with_environment(&json!({"http": SECRET}).to_string(), Names::Snake, variables);
    assert_eq!(refusal(refused), "http must be an object");
}

#[test]
fn errors_of_a_client_have_the_names_of_the_language() {
    let hint = |names| client("{}", names).map(drop).unwrap_err().to_string();
    for (names, api_key, base_url) in
        [(Names::Camel, "apiKey", "baseURL"), (Names::Snake, "api_key", "base_url")]
    {
        let hint = hint(names);
        assert!(hint.contains(api_key) && hint.contains(base_url), "{hint}");
    }
}
