//! Questions to functions of the host and their answers, as JSON.

use std::time::Duration;

use serde_json::{Value, json};
use turnwire::bridge::{HostAnswer, HostFn, Question, Reply};
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::outbox::{Outcome, Record};
use turnwire::speech::{AudioFormat, SpeechRequest};

fn asked(question: &impl Question) -> Value {
    serde_json::from_str(&question.to_json()).unwrap()
}

#[test]
fn questions_are_told_whole() {
    assert_eq!(asked(&"안녕 \"a\"".to_owned()), "안녕 \"a\"");
    let record = Record::new("c", "m", json!({"text": "hi"})).user("u");
    let tokens = json!({"access_token": "a", "refresh_token": "r"});
    let bare = json!({"id": "m", "conversation": "c", "user_id": "u", "payload": {"text": "hi"}, "tokens": null});
    assert_eq!(asked(&record), bare);
    assert_eq!(asked(&record.tokens(Tokens::new("a", "r")))["tokens"], tokens);
    assert_eq!(asked(&TokenRequest::default()), json!({"user_id": null, "refused": null}));
    let mut refused = TokenRequest::default();
    refused.user = Some("u".to_owned());
    refused.refused = Some(Tokens::new("a", "r"));
    assert_eq!(asked(&refused), json!({"user_id": "u", "refused": tokens}));
    let speech = SpeechRequest::new("hi").voice("nova").speed(1.5).format(AudioFormat::Wav);
    let told = json!({"text": "hi", "voice": "nova", "language": null, "speed": 1.5, "instructions": null, "format": "wav"});
    assert_eq!(asked(&speech), told);
}

/// Asks a function that answers with this JSON.
async fn answered<A: HostAnswer + Send + 'static>(json: Value) -> turnwire::Result<A> {
    let json = json.to_string();
    let function = move |_: String, reply: Reply<A>| reply.answer_json(&json);
    HostFn::new("turn.sentiment", function).ask(String::new()).await
}

#[tokio::test]
async fn answers_are_read_in_their_form() {
    assert_eq!(answered::<String>(json!("기쁨")).await.unwrap(), "기쁨");
    let tokens = answered::<Option<Tokens>>(json!({"access_token": "a", "refresh_token": "r"}));
    assert!(tokens.await.unwrap().is_some());
    assert!(answered::<Option<Tokens>>(Value::Null).await.unwrap().is_none());
    let outcomes = [
        (Value::Null, Outcome::Delivered),
        (json!({"outcome": "delivered"}), Outcome::Delivered),
        (json!({"outcome": "needs_token"}), Outcome::NeedsToken),
        (json!({"outcome": "dead", "reason": "no"}), Outcome::dead("no")),
        (json!({"outcome": "retry", "reason": "no", "after": null}), Outcome::retry("no")),
        (
            json!({"outcome": "unavailable", "reason": "no", "after": 1.5}),
            Outcome::Unavailable {
                after: Some(Duration::from_millis(1500)),
                reason: "no".to_owned(),
            },
        ),
    ];
    for (json, outcome) in outcomes {
        assert_eq!(answered::<Outcome>(json.clone()).await.unwrap(), outcome, "{json}");
    }
}

#[tokio::test]
async fn an_answer_of_another_form_fails_without_being_shown() {
    let refused = [
        answered::<String>(json!({"secret": 1})).await.unwrap_err(),
        answered::<Option<Tokens>>(json!({"access_token": "secret"})).await.unwrap_err(),
        answered::<Option<Tokens>>(json!("secret")).await.unwrap_err(),
        answered::<Outcome>(json!("secret")).await.unwrap_err(),
        answered::<Outcome>(json!({"outcome": "secret"})).await.unwrap_err(),
        answered::<Outcome>(json!({"outcome": "retry", "after": -1, "reason": "secret"}))
            .await
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code(), "callback");
        let line = error.to_string();
        assert!(line.contains("the function must return") && !line.contains("secret"), "{line}");
    }
}
