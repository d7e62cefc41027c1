//! The chat client, with a service that echoes its requests.

use serde_json::json;
use tracing::instrument::WithSubscriber;
use turnwire::config::CallOptions;
use turnwire::{ChatRequest, OpenAi};
use turnwire_fakes::{Fake, Script};

use super::encoding::{Encoded, encodings};
use super::place::{cuts, failures, limits};
use super::{Log, SHAPES, assert_hidden, shown};

/// A client that sends the secret in every possible way.
fn client(fake: &Fake, secret: &str) -> OpenAi {
    let encoded: String = secret.bytes().map(|b| format!("%{b:02X}")).collect();
    let base = fake.base_url().replace("http://", &format!("http://me:{encoded}@"));
    let builder = OpenAi::builder().base_url(base).query("sig", secret).limits(limits()).no_proxy();
    let builder = match secret.is_ascii() {
        true => builder.api_key(secret),
        false => builder,
    };
    builder.build().unwrap().with(CallOptions::new().max_retries(0))
}

/// Answers with status 200 that are not a good reply.
fn odd_streams(encoded: &Encoded) -> Vec<(&'static str, Script)> {
    let e = &encoded.text;
    let event = |data: String| Script::new().text("a").send(format!("data: {data}\n\n"));
    vec![
        ("error amid", event(format!(r#"{{"error":{{"message":"{e}","code":"{e}","{e}":1}}}}"#))),
        ("error event", Script::new().text("a").send(format!("event: error\ndata: {e}\n\n"))),
        ("broken chunk", event(format!("{{{e}"))),
        ("string", event(format!(r#""{e}""#))),
        ("odd choices", event(format!(r#"{{"choices":"{e}"}}"#))),
        ("odd choice", event(format!(r#"{{"choices":["{e}"]}}"#))),
        ("odd delta", event(format!(r#"{{"choices":[{{"delta":"{e}"}}]}}"#))),
        (
            "odd calls",
            event(format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":"{e}"}}]}}}}]}}"#)),
        ),
        ("JSON of an error", Script::new().send(format!(r#"{{"error":{{"message":"{e}"}}}}"#))),
        ("JSON of nothing", Script::new().send(format!(r#"{{"{e}":"{e}"}}"#))),
        ("broken JSON", Script::new().send(format!(r#"{{"id":"{e}"#))),
        (
            "names of a reply",
            event(format!(
                r#"{{"id":"{e}","model":"{e}","choices":[{{"delta":{{}},"finish_reason":"{e}"}}]}}"#
            )),
        ),
    ]
}

/// Everything that a client shows of a call.
async fn call(llm: &OpenAi, streamed: bool) -> String {
    let request = ChatRequest::new("m").user("안녕하세요");
    let result = match streamed {
        false => llm.chat(request).await.map(|reply| reply.request_id().map(str::to_owned)),
        true => match llm.chat_stream(request).await {
            Ok(stream) => {
                let about = format!("{stream:?}");
                stream.finish().await.map(|_| Some(about))
            }
            Err(error) => Err(error),
        },
    };
    match result {
        Ok(id) => format!("{id:?}"),
        Err(error) => shown(&error),
    }
}

#[tokio::test]
async fn no_echo_of_a_secret_shows() {
    let fake = Fake::start().await.unwrap();
    let log = Log::default();
    let mut logged = 0;
    for secret in SHAPES {
        let llm = client(&fake, secret);
        let about = format!("{llm:?} {:?}", OpenAi::builder().api_key(secret).proxy(secret));
        assert_hidden(&about, &[secret], "settings");
        for encoded in encodings(secret) {
            let cut = cuts(&encoded).into_iter().map(|script| ("cut", script));
            let failures = failures(&encoded).into_iter().chain(cut);
            let places = failures.map(|(place, script)| (place, script, true));
            let odd = odd_streams(&encoded).into_iter();
            for (place, script, is_failure) in places.chain(odd.map(|(p, s)| (p, s, false))) {
                let is_cut = place == "cut";
                // Up to a good response, both are the same call.
                let ways: &[bool] = match is_failure && !place.contains("page") {
                    true => &[true],
                    false => &[true, false],
                };
                for streamed in ways {
                    fake.reset();
                    fake.script("m", script.clone());
                    let shown = call(&llm, *streamed).with_subscriber(log.subscriber()).await;
                    let logs = log.take();
                    logged += logs.len();
                    let place = format!("{secret} {} in {place}", encoded.name);
                    assert_hidden(&shown, &[secret, &encoded.hidden], &place);
                    assert_hidden(&logs, &[secret, &encoded.hidden], &place);
                    if is_cut {
                        // Nor may a truncated part reveal it.
                        let start: String = encoded.hidden.chars().take(12).collect();
                        assert_hidden(&shown, &[&start], &place);
                    }
                }
            }
        }
    }
    assert!(logged > 0, "the log is not empty");
}

#[tokio::test]
async fn words_that_are_no_secret_are_left_in_messages() {
    let fake = Fake::start().await.unwrap();
    let llm = OpenAi::builder()
        .base_url(fake.base_url())
        .api_key("sk-0123456789")
        .header("content-type", "application/json; charset=utf-8")
        .header("cookie", "theme=dark; session=0123456789abcdef")
        .header("x-team", "backend")
        .header("openai-organization", "org-0123456789")
        .query("api-version", "2024-10-01-preview")
        .no_proxy()
        .build()
        .unwrap();
    let message = "application/json: the dark backend of org-0123456789 has no 2024-10-01-preview";
    fake.script("m", Script::body(json!({"error": {"message": message}})).status(400));
    let error = llm.chat(ChatRequest::new("m").user("a")).await.unwrap_err();
    assert_eq!(error.message(), message);
}

#[tokio::test]
async fn a_header_that_is_given_whole_as_a_name_is_not_repeated() {
    for name in ["Authorization: Bearer sk-secret", "sk secret", "x\u{0}sk-secret"] {
        let built = OpenAi::builder().base_url("http://127.0.0.1:1").header(name, "").build();
        assert_hidden(&shown(&built.unwrap_err()), &["secret"], name);
    }
}

#[tokio::test]
async fn a_good_replys_headers_are_the_callers_and_not_debugs() {
    let fake = Fake::start().await.unwrap();
    let reply = json!({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]});
    fake.script("m", Script::body(reply).header("set-cookie", "sid=fresh-0123"));
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap();
    let reply = llm.chat(ChatRequest::new("m").user("a")).await.unwrap();
    assert_eq!(reply.headers()["set-cookie"], "sid=fresh-0123");
    assert_hidden(&format!("{reply:?}"), &["fresh-0123"], "reply");
}
