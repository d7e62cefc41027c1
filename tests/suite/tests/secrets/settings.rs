//! Secrets of every setting stay out of errors, `Debug` and logs, even if the service echoes them.

use serde_json::json;
use tracing::instrument::WithSubscriber;
use turnwire::config::CallOptions;
use turnwire::{ChatRequest, OpenAi};
use turnwire_fakes::{Fake, Script};

use super::Log;

const SECRETS: [&str; 9] = [
    "sk-key-0123456789",
    "pass-0123456789",
    "cXVlcnktMDEyMzQ1", // in the query
    "hdr-0123456789",
    "call-0123456789",
    "cookie-0123456789",
    "user-key-0123456789",
    "base-query-0123456789",
    "basic-0123456789",
];

#[tokio::test]
async fn no_secret_shows_anywhere() {
    let [key, password, query, header, call, cookie, user, base_query, basic] = SECRETS;
    let fake = Fake::start().await.unwrap();
    let base = fake.base_url().replace("http://", &format!("http://{user}:{password}@"));
    let base = format!("{base}?code={base_query}");
    let settings = OpenAi::builder()
        .base_url(base)
        .api_key(key)
        .header("x-api-key", header)
        .header("cookie", format!("session={cookie}; theme=dark"))
        .header("x-upstream", format!("Basic {basic}"))
        .query("access_token", query)
        .limits(turnwire::config::Limits::new().error_body(2000))
        .no_proxy();
    let mut shown = format!("{settings:?}");
    let llm = settings.build().unwrap();
    let options = CallOptions::new().header("x-auth-token", call).query("signature", query);
    shown += &format!("{options:?}");
    let llm = llm.with(options);
    shown += &format!("{llm:?}");

    let echo = SECRETS.join(" ");
    let escaped = key.replace('-', "\\u002d");
    let escaped = format!(r#"{{"error":{{"message":"{escaped}"}}}}"#);
    let scripts = [
        Script::error(401, &format!("wrong credentials: {echo}")),
        Script::error(400, "no").header("x-request-id", key),
        // Escaped as in some services' JSON, and at the position of the limit.
        Script::new().status(400).send(escaped),
        Script::new().status(400).send(format!("{}{key}", "x".repeat(2000 - 7))),
        Script::new().status(502).header("content-type", "text/html").send(&echo),
        Script::new().text("a").sse(json!({"error": {"message": echo, "code": key}})),
        Script::new().text("a").send(format!("data: {{{echo}\n\n")),
        // A secret in place of another type: JSON parsers quote an unexpected value.
        Script::new().text("a").sse(json!(echo)),
        Script::new().text("a").sse(json!({"choices": echo})),
        Script::new().text("a").sse(json!({"choices": [echo]})),
        Script::new().text("a").sse(json!({"choices": [{"delta": echo}]})),
        Script::new()
            .status(307)
            .header("location", format!("http://user:{password}@other.example/?key={query}")),
        Script::new().header("content-type", "text/html").send(&echo),
        Script::new().text("a").truncate(),
    ];
    let logged = Log::default();
    let calls = async {
        for script in scripts {
            fake.reset();
            fake.script("m", script);
            let error = match llm.chat_stream(ChatRequest::new("m").user("안녕하세요")).await {
                Ok(stream) => {
                    shown += &format!("{stream:?}");
                    stream.finish().await.unwrap_err()
                }
                Err(error) => error,
            };
            shown += &super::shown(&error);
        }
    };
    calls.with_subscriber(logged.subscriber()).await;
    let log = logged.take();
    assert!(log.contains("gen_ai.request.model"), "the log is not empty: {log}");
    for secret in SECRETS.into_iter().chain(["sk-key-"]) {
        assert!(!shown.contains(secret), "{secret} shows in: {shown}");
        assert!(!log.contains(secret), "{secret} is logged: {log}");
    }
    assert!(!log.contains("안녕하세요"), "the conversation is logged: {log}");
}
