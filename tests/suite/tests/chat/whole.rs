//! Whole replies: requests and responses.

use serde_json::json;
use turnwire::chat::{FinishReason, Part, ResponseFormat, Tool};
use turnwire::config::CallOptions;
use turnwire::{Message, OpenAi};
use turnwire_fakes::{Fake, Framing, Script};

use super::{ask, client, scripted, settings};

#[tokio::test]
async fn a_whole_reply_has_text_usage_and_request_id() {
    let fake = Fake::start().await.unwrap();
    let reply = client(&fake).chat(ask()).await.unwrap();
    assert!(reply.text().contains("안녕하세요"), "{reply:?}");
    assert_eq!(reply.finish_reason, Some(FinishReason::Stop));
    assert!(reply.usage.as_ref().unwrap().total_tokens > 0);
    assert_eq!(reply.request_id(), Some("req_1"));
}

#[tokio::test]
async fn the_request_on_the_wire_is_what_was_asked() {
    let fake = Fake::start().await.unwrap();
    let llm = settings(&fake)
        .organization("org-1")
        .project("proj-1")
        .header("x-client", "a")
        .query("api-version", "2026-01-01")
        .build()
        .unwrap();
    let options = CallOptions::new()
        .header("x-client", "b")
        .header("x-call", "c")
        .query("trace", "1 &2")
        .idempotency_key("key-1");
    #[derive(schemars::JsonSchema)]
    #[allow(dead_code, reason = "the type is only described")]
    struct City {
        name: String,
    }
    let request = ask()
        .message(Message::user([
            Part::text("이건?"),
            Part::image_url("data:image/png;base64,AA=="),
        ]))
        .temperature(0.5)
        .tools([Tool::function::<City>("weather", "Tells the weather.")])
        .response_format(ResponseFormat::of::<City>())
        .extra("top_k", 40);
    llm.with(options).chat(request).await.unwrap();

    let requests = fake.requests();
    let [sent] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(sent.query.as_deref(), Some("api-version=2026-01-01&trace=1+%262"));
    let header = |name: &str| sent.header(name).unwrap_or_default().to_owned();
    assert_eq!(header("authorization"), "Bearer sk-test-0123456789");
    assert_eq!(header("user-agent"), concat!("turnwire/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header("accept"), "application/json");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("openai-organization"), "org-1");
    assert_eq!(header("openai-project"), "proj-1");
    assert_eq!(header("x-client"), "b");
    assert_eq!(header("x-call"), "c");
    assert_eq!(header("idempotency-key"), "key-1");
    let body = sent.json().unwrap();
    assert_eq!(body["messages"][0], json!({"role": "user", "content": "안녕하세요"}));
    assert_eq!(body["messages"][1]["content"][1]["image_url"]["url"], "data:image/png;base64,AA==");
    assert_eq!(body["temperature"], 0.5);
    assert_eq!(body["top_k"], 40);
    assert_eq!(body["tools"][0]["function"]["parameters"]["required"], json!(["name"]));
    assert_eq!(body["response_format"]["json_schema"]["name"], "City");
    assert_eq!(body.get("stream"), None);
}

#[tokio::test]
async fn headers_without_a_value_are_taken_away_and_can_come_back() {
    let fake = Fake::start().await.unwrap();
    let settings = settings(&fake).headers([("x-a", Some("1")), ("User-Agent", None)]);
    let llm = settings.build().unwrap();
    llm.chat(ask()).await.unwrap();
    let bare =
        llm.with(CallOptions::new().headers([("X-A", None::<&str>), ("authorization", None)]));
    bare.chat(ask()).await.unwrap();
    bare.with(CallOptions::new().header("x-a", "2")).chat(ask()).await.unwrap();

    let sent = fake.requests();
    let seen = |name| sent.iter().map(|r| r.header(name)).collect::<Vec<_>>();
    assert_eq!(seen("x-a"), [Some("1"), None, Some("2")]);
    assert_eq!(seen("user-agent"), [None; 3]);
    assert_eq!(seen("authorization"), [Some("Bearer sk-test-0123456789"), None, None]);
}

#[tokio::test]
async fn a_list_of_models_has_the_headers_of_its_response() {
    let fake = Fake::start().await.unwrap();
    let list = client(&fake).models().await.unwrap();
    assert!(!list.data.is_empty());
    assert_eq!(list.request_id(), Some("req_1"));
    assert_eq!(list.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn credentials_in_the_base_url_become_basic_authorization() {
    let fake = Fake::start().await.unwrap();
    let base = fake.base_url().replace("http://", "http://kim:p%40ss%2Bword@");
    let llm = OpenAi::builder().base_url(base).no_proxy().build().unwrap();
    llm.chat(ask()).await.unwrap();
    // "kim:p@ss+word"
    assert_eq!(fake.requests()[0].header("authorization"), Some("Basic a2ltOnBAc3Mrd29yZA=="));
}

#[tokio::test]
async fn a_structured_reply_is_read_into_its_type() {
    let reply = json!({"choices": [{"message": {"content": "{\"name\":\"서울\"}"}, "finish_reason": "stop"}]});
    let (_fake, llm) = scripted(Script::body(reply)).await;
    #[derive(serde::Deserialize)]
    struct City {
        name: String,
    }
    let city: City = llm.chat(ask()).await.unwrap().parse().unwrap();
    assert_eq!(city.name, "서울");
}

#[tokio::test]
async fn a_refusal_is_told_by_the_structure_error() {
    let reply = json!({"choices": [{"message": {"content": null, "refusal": "I cannot."}, "finish_reason": "stop"}]});
    let (_fake, llm) = scripted(Script::body(reply)).await;
    let error = llm.chat(ask()).await.unwrap().parse::<serde_json::Value>().unwrap_err();
    assert_eq!(error.code(), "structure");
    assert!(error.to_string().contains("I cannot."), "{error}");
}

#[tokio::test]
async fn an_error_object_in_a_200_is_an_error() {
    let body = json!({"error": {"message": "model overloaded", "code": 503}});
    let (_fake, llm) = scripted(Script::body(body)).await;
    let error = llm.chat(ask()).await.unwrap_err();
    assert_eq!((error.code(), error.api().unwrap().code.as_deref()), ("api", Some("503")));
}

#[tokio::test]
async fn what_is_no_reply_is_never_taken_for_one() {
    for (body, code) in [
        ("<html>Login</html>", "unexpected_reply"),
        ("{}", "unexpected_reply"),
        (r#"{"status":"ok"}"#, "unexpected_reply"),
        (r#"{"detail":"Not authenticated"}"#, "api"),
        (r#"{"choices":[]}"#, "unexpected_reply"),
        (r#"{"choices":[null]}"#, "unexpected_reply"),
        (r#"[{"error":{"message":"boom","code":500}}]"#, "api"),
        (r#"{"error":"boom"}"#, "api"),
        ("[]", "decode"),
        ("17", "decode"),
        ("{", "garbled"),
        (r#"{"choices":[{"message":{"content":"hal"#, "garbled"),
        ("", "unexpected_reply"),
    ] {
        let (_fake, llm) = scripted(Script::new().send(body)).await;
        let error = llm.chat(ask()).await.unwrap_err();
        assert_eq!(error.code(), code, "{body}: {error}");
        assert_eq!(error.to_string().contains("got an empty body"), body.is_empty(), "{error}");
        let error =
            super::error_of(Script::new().header("content-type", "application/json").send(body))
                .await;
        // They are truncated streams.
        if !body.is_empty() && body != "17" {
            assert_eq!(error.code(), code, "{body}, streamed: {error}");
        }
    }
}

#[tokio::test]
async fn a_reply_with_odd_fields_is_read_as_far_as_it_can_be() {
    let body = r#"{"id":3,"usage":"none","choices":[{"index":"0","finish_reason":"stop","logprobs":{"content":[{"token":"a","logprob":"-0.1"}]},
        "message":{"content":"a","tool_calls":[null,{"id":"c","function":{"name":"f","arguments":{"city":"Seoul"}}}]}}]}"#;
    let (_fake, llm) = scripted(Script::new().send("\u{feff}").send(body)).await;
    let reply = llm.chat(ask()).await.unwrap();
    assert_eq!((reply.text(), reply.choices[0].index, reply.usage.is_none()), ("a", 0, true));
    let call = &reply.choices[0].message.tool_calls[0];
    assert_eq!(call.function.arguments, r#"{"city":"Seoul"}"#);
    let arguments: std::collections::BTreeMap<String, String> = call.arguments().unwrap();
    assert_eq!(arguments["city"], "Seoul");
    assert_eq!(call.arguments::<Vec<u8>>().unwrap_err().code(), "structure");
}

#[tokio::test]
async fn what_the_user_sets_takes_the_place_of_what_the_client_would() {
    let fake = Fake::start().await.unwrap();
    let llm = settings(&fake)
        .header("accept", "application/json; q=1")
        .header("idempotency-key", "mine")
        .query("tag", "a")
        .query("tag", "b")
        .build()
        .unwrap();
    llm.with(CallOptions::new().query("x", "1")).chat(ask()).await.unwrap();
    let sent = &fake.requests()[0];
    assert_eq!(sent.header("accept"), Some("application/json; q=1"));
    assert_eq!(sent.header("idempotency-key"), Some("mine"));
    assert_eq!(sent.query.as_deref(), Some("tag=a&tag=b&x=1"));
    for framing in ["content-length", "transfer-encoding", "connection"] {
        let error = settings(&fake).header(framing, "5").build().unwrap_err();
        assert_eq!(error.code(), "config", "{framing}");
    }
}

#[tokio::test]
async fn clients_without_a_key_need_another_service_than_openai() {
    let error = OpenAi::builder().build().unwrap_err();
    assert_eq!(error.code(), "config");
    for wrong in ["not a url", "ftp://host/v1", "http://host/v1#part", ""] {
        let error = OpenAi::builder().base_url(wrong).build().unwrap_err();
        assert_eq!(error.code(), "config", "{wrong}: {error}");
    }
    assert_eq!(OpenAi::builder().api_key(" ").build().unwrap_err().code(), "config");
    let retry = turnwire::config::RetryPolicy::new().jitter(f64::NAN);
    assert_eq!(settings_of_nobody().retry(retry).build().unwrap_err().code(), "config");
    let error = OpenAi::builder().api_key("a\nb").build().unwrap_err();
    assert!(error.code() == "config" && !format!("{error:?}").contains("a\\nb"), "{error:?}");
}

fn settings_of_nobody() -> turnwire::chat::OpenAiBuilder {
    OpenAi::builder().base_url("http://127.0.0.1:9/v1").no_proxy()
}

#[tokio::test]
async fn a_body_shorter_than_it_promised_is_truncated() {
    let body = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    // The complete JSON, but fewer bytes than announced.
    let short = Script::new().framing(Framing::Length).send(body).truncate().send("  ");
    let (_fake, llm) = scripted(short).await;
    assert_eq!(llm.chat(ask()).await.unwrap_err().code(), "truncated");
}
