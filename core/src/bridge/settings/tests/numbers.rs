//! The numbers of all settings, by the cases of `tests/vectors/settings`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::*;
use super::llm;
use crate::error::{Error, Result};
use crate::nats::NatsSink;
use crate::speech::GoogleTranslateSpeaker;
use crate::turn::Turns;

const LANGUAGES: [Names; 2] = [Names::Snake, Names::Camel];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    kinds: BTreeMap<String, Kind>,
    objects: BTreeMap<String, BTreeMap<String, String>>,
    unusable: Vec<Unusable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    accepts: Vec<String>,
    refuses: Vec<String>,
    words: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unusable {
    object: String,
    setting: String,
    value: String,
    words: String,
}

impl Cases {
    fn read() -> Self {
        let cases = include_str!("../../../../../tests/vectors/settings/numbers.json");
        serde_json::from_str(cases).unwrap()
    }
}

/// The JSON of a value, as the bindings write it.
fn json_of(value: &str) -> Value {
    match value {
        "Infinity" | "huge" => json!(f64::MAX),
        "-Infinity" | "NaN" => json!([null]),
        json => serde_json::from_str(json).unwrap(),
    }
}

/// The number of a value, as the bindings give it to a call.
fn number_of(value: &str) -> f64 {
    match value {
        "Infinity" | "huge" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        json => serde_json::from_str(json).unwrap_or(f64::NAN),
    }
}

fn engine() -> Turns {
    Turns::builder(llm()).build().unwrap()
}

/// Gives a setting of an object a value, with all that is built of it. Returns the setting's path as well.
fn give(object: &str, setting: &str, value: Value, names: Names) -> (String, Result<()>) {
    // The objects of the bridge that its functions read, and the settings within.
    let (of, within) = match object {
        "client" if setting.starts_with("limits.") => ("client", format!("http.{setting}")),
        "client" if setting == "max_retries" => ("client", format!("http.retry.{setting}")),
        "client" => ("client", format!("http.{setting}")),
        "http" | "http.timeouts" | "http.retry" | "http.limits" => {
            ("store", format!("{object}.{setting}"))
        }
        _ => {
            let (of, within) = object.split_once('.').unwrap_or((object, ""));
            (of, if within.is_empty() { setting.to_owned() } else { format!("{within}.{setting}") })
        }
    };
    let shown: Vec<_> = within.split('.').map(|name| names.shown(name)).collect();
    let mut settings = shown.iter().rev().fold(value, |value, name| json!({ name: value }));
    let more: &[(&str, &str)] = match of {
        "store" | "client" | "service" => &[("base_url", "http://localhost:1")],
        "speech_request" => &[("text", "a")],
        "nats" => &[("url", "nats://localhost:1")],
        _ => &[],
    };
    for (name, value) in more.iter().filter(|(name, _)| *name != setting) {
        settings[names.shown(name)] = json!(value);
    }
    let mut path = shown.join(".");
    if object == "turns.fallbacks" {
        let first = settings["fallbacks"].take();
        settings["fallbacks"] = json!([first]);
        path = path.replace("fallbacks", "fallbacks[0]");
    }
    let json = settings.to_string();
    let google = || Arc::new(GoogleTranslateSpeaker::new("ko"));
    path = match (object, names) {
        ("client", Names::Snake) if setting.starts_with("limits.") => format!("{setting}_bytes"),
        ("client", _) => names.shown(setting),
        _ => path,
    };
    let given = match of {
        "client" => client(&json, names).map(drop),
        "openai" => open_ai(&json, names).and_then(|builder| builder.build()).map(drop),
        "service" => chat_service(&json, names).and_then(|builder| builder.build()).map(drop),
        "store" => chat_store(&json, names).and_then(|builder| builder.build()).map(drop),
        "outbox" => outbox(&json, names, false).and_then(|builder| builder.start()).map(drop),
        "turns" if within.starts_with("speech.") => {
            speech(google(), &settings["speech"].to_string(), names).map(drop)
        }
        "turns" => turns(llm(), &json, names, Parts::default()).and_then(|b| b.build()).map(drop),
        "routes" => routes(engine(), &json, names).and_then(|builder| builder.build()).map(drop),
        "speaker" => speaker(Some(&llm()), &json, names).map(drop),
        "speech_request" => speech_request(&json, names).map(drop),
        "nats" => nats(&json, names).and_then(NatsSink::new).map(drop),
        "courier" => courier(r#"{"url": "nats://localhost:1"}"#, &json, names).map(drop),
        other => panic!("no runner for {other}"),
    };
    let path = path.strip_prefix("speech.").map(str::to_owned).unwrap_or(path);
    (path, given)
}

/// Gives an argument of a call or a wait a value.
fn give_argument(setting: &str, value: f64, names: Names) -> (String, Result<()>) {
    let shown = names.shown(setting);
    let given = match setting {
        "timeout" => time(&shown, value, "test", names).map(drop),
        "max_retries" => whole::<u32>(&shown, value, "test").map(drop),
        _ => whole::<usize>(&shown, value, "test").map(drop),
    };
    (shown, given)
}

fn words(kind: &Kind, names: Names) -> String {
    let (unit, none) = match names {
        Names::Snake => ("seconds", "None"),
        Names::Camel => ("milliseconds", "Infinity"),
    };
    kind.words.replace("<unit>", unit).replace("<none>", none)
}

#[test]
fn every_number_is_refused_in_the_same_words_by_clients_and_calls() {
    let cases = Cases::read();
    let mut refusals = 0;
    for (object, settings) in &cases.objects {
        for (setting, kind) in settings {
            let kind = &cases.kinds[kind];
            for names in LANGUAGES {
                let give = |value: &str| match object.as_str() {
                    "call" | "wait" | "cutter" => give_argument(setting, number_of(value), names),
                    object => give(object, setting, json_of(value), names),
                };
                let words = words(kind, names);
                for value in &kind.accepts {
                    let message = give(value).1.err().map(|error| error.message().to_owned());
                    let is_taken = !message.as_deref().unwrap_or_default().contains("must be");
                    assert!(is_taken, "{object}.{setting} = {value}: {message:?}");
                }
                for value in &kind.refuses {
                    let (path, given) = give(value);
                    let message = given.map_err(|error: Error| error.message().to_owned());
                    let expected = Err(format!("{path} {words}"));
                    assert_eq!(message, expected, "{object}.{setting} = {value}");
                    refusals += 1;
                }
            }
        }
    }
    assert!(refusals > 700, "{refusals}");
}

#[test]
fn numbers_that_nothing_can_work_with_are_refused_by_what_is_built() {
    for Unusable { object, setting, value, words } in Cases::read().unusable {
        for names in LANGUAGES {
            let error = give(&object, &setting, json_of(&value), names).1.unwrap_err();
            assert!(error.message().contains(&words), "{object}.{setting} = {value}: {error}");
        }
    }
}

#[test]
fn no_number_of_the_settings_is_without_a_case() {
    let cases = Cases::read();
    for (object, fields) in objects() {
        let none = BTreeMap::new();
        let listed = cases.objects.get(object).unwrap_or(&none);
        for field in fields {
            let (path, refusal) = give(object, field, json!([[null]]), Names::Snake);
            let message = refusal.err().map(|error| error.message().to_owned()).unwrap_or_default();
            // A voice may be any JSON. All others are read, those that are objects by cases of their own.
            let is_free = (object, *field) == ("speaker.openai", "voice");
            let is_read = message.starts_with(&path) && message.contains("must be");
            assert!(is_read || is_free, "{object}.{field}: {message}");
            let is_number = ["must be a number", "must be a whole number"];
            let is_number = is_number.iter().any(|words| message.contains(words));
            assert_eq!(is_number, listed.contains_key(*field), "{object}.{field}: {message}");
        }
    }
}
