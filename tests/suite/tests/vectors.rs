//! The chat client against the cases of every language: `tests/vectors/chat`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use turnwire::config::CallOptions;
use turnwire::{ChatReply, ChatRequest, Error, OpenAi};
use turnwire_fakes::Fake;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    call: Call,
    script: Value,
    request: Option<Request>,
    texts: Option<Vec<String>>,
    reply: Option<Value>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    stream: bool,
    body: Box<RawValue>,
    #[serde(default)]
    options: Options,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    headers: BTreeMap<String, Option<String>>,
    query: BTreeMap<String, String>,
    max_retries: Option<u32>,
    idle_timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    path: String,
    query: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    body: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    code: String,
    status: Option<u16>,
    partial: Option<String>,
    retryable: Option<bool>,
    message: Option<String>,
    api: Option<Value>,
}

#[tokio::test]
async fn every_case_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/chat");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(&file).unwrap())
            .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        for case in &cases {
            run(case).await;
        }
        count += cases.len();
    }
    assert!(count >= 60, "only {count} cases were found");
}

async fn run(case: &Case) {
    let name = &case.name;
    let fake = Fake::start().await.unwrap();
    fake.scripts_from_json(&serde_json::json!({"m": case.script}).to_string()).unwrap();
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap();
    let llm = llm.with(case.call.options.as_call_options());
    let request = ChatRequest::from_json(case.call.body.get()).unwrap();
    let mut texts = Vec::new();
    let ended = match case.call.stream {
        true => streamed(&llm, request, &mut texts).await,
        false => llm.chat(request).await,
    };
    match (&case.error, &ended) {
        (None, Err(error)) => panic!("{name}: {error}"),
        (Some(expected), Ok(_)) => panic!("{name}: it ended well, not with {}", expected.code),
        (Some(expected), Err(error)) => {
            assert_eq!(error.code(), expected.code, "{name}: {error}");
            assert_eq!(error.status(), expected.status.or(error.status()), "{name}");
            assert_eq!(error.partial(), expected.partial.as_deref(), "{name}");
            let retryable = expected.retryable.unwrap_or(error.is_retryable());
            assert_eq!(error.is_retryable(), retryable, "{name}");
            let line = error.to_string();
            assert!(line.contains(expected.message.as_deref().unwrap_or("")), "{name}: {line}");
            if let Some(expected) = &expected.api {
                let found = Value::Object(error.api().unwrap().fields().clone());
                assert!(contains(&found, expected), "{name}: {found} lacks a part of {expected}");
            }
        }
        (None, Ok(reply)) => {
            if let Some(expected) = &case.reply {
                let found = serde_json::to_value(reply).unwrap();
                assert!(contains(&found, expected), "{name}: {found} lacks a part of {expected}");
            }
        }
    }
    if let Some(expected) = &case.texts {
        assert_eq!(&texts, expected, "{name}");
    }
    if let Some(expected) = &case.request {
        let requests = fake.requests();
        let sent = requests.last().unwrap();
        assert_eq!(sent.path, expected.path, "{name}");
        assert_eq!(sent.query, expected.query, "{name}");
        assert_eq!(fields(&sent.body), fields(expected.body.get()), "{name}");
        for (header, value) in &expected.headers {
            assert_eq!(sent.header(header), value.as_deref(), "{name}: {header}");
        }
    }
}

async fn streamed(
    llm: &OpenAi,
    request: ChatRequest,
    texts: &mut Vec<String>,
) -> Result<ChatReply, Error> {
    let mut stream = llm.chat_stream(request).await?;
    while let Some(chunk) = stream.next().await {
        texts.extend(Some(chunk?.text().to_owned()).filter(|text| !text.is_empty()));
    }
    stream.into_reply()
}

impl Options {
    fn as_call_options(&self) -> CallOptions {
        let mut options =
            CallOptions::new().headers(self.headers.clone()).queries(self.query.clone());
        if let Some(retries) = self.max_retries {
            options = options.max_retries(retries);
        }
        if let Some(ms) = self.idle_timeout_ms {
            options = options.idle_timeout(Duration::from_millis(ms));
        }
        options
    }
}

/// The fields of a JSON object, each with its value's text: with original order and numbers, without
/// white space, and with normalised string escapes.
fn fields(json: &str) -> BTreeMap<String, String> {
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
    fields.into_iter().map(|(name, value)| (name, tokens(value.get()))).collect()
}

fn tokens(json: &str) -> String {
    let mut written = String::new();
    let mut rest = json;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '"' => {
                let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let string = strings.next().unwrap().unwrap();
                written += &serde_json::to_string(&string).unwrap();
                strings.byte_offset()
            }
            _ => {
                written.extend(Some(next).filter(|c| !c.is_ascii_whitespace()));
                next.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    written
}

/// Returns true if `found` contains everything in `expected`. Lists must have the same length.
fn contains(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| contains(found.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| contains(found, expected))
        }
        _ => found == expected,
    }
}
