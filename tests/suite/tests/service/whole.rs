//! Turns with whole replies, and speech.

use serde_json::json;
use turnwire_fakes::speech::mp3;
use turnwire_fakes::{FakeChat, Framing, Script};

use super::{WORKSPACE, ask, service};

#[tokio::test]
async fn a_whole_reply_comes_with_its_speech_when_asked_for() {
    let (fake, service) = service().await;
    let answer = service.send(ask("안녕")).await.unwrap();
    assert_eq!((answer.reply.as_str(), answer.audio), ("안녕", None));
    assert_eq!(answer.workspace_id.as_deref(), Some(WORKSPACE));
    let answer = service.send(ask("안녕").speech(true)).await.unwrap();
    assert_eq!(answer.audio.unwrap(), mp3("안녕"));
    let sent: Vec<_> = fake.fake().requests().iter().map(|r| r.json().unwrap()).collect();
    let body = |speech: bool| {
        json!({
            "message": "안녕", "createWorkspace": false, "workspaceId": WORKSPACE, "includeTts": speech,
        })
    };
    assert_eq!(sent, [body(false), body(true)]);
}

#[tokio::test]
async fn text_is_spoken() {
    let (fake, service) = service().await;
    let sound = service.speak("안녕하세요").await.unwrap();
    assert_eq!(sound, mp3("안녕하세요"));
    assert_eq!(fake.fake().requests()[0].json().unwrap(), json!({"text": "안녕하세요"}));
    // Speech is idempotent, so it may be retried.
    for script in [Script::new().framing(Framing::Raw).reset(), Script::pass()] {
        fake.fake().script("again", script);
    }
    service.speak("again").await.unwrap();
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    let (fake, service) = service().await;
    let answers = [
        (Script::body(json!({"workspaceId": "w"})), "decode"),
        (Script::body(json!([])), "decode"),
        (Script::body(json!({"error": "no model"})), "api"),
        (Script::new().framing(Framing::Length).send("<html>Sign in</html>"), "unexpected_reply"),
        (Script::new().send("{\"reply\"").truncate(), "truncated"),
    ];
    for (script, code) in answers {
        fake.fake().reset();
        fake.fake().script("chat", script);
        let error = service.send(ask("안녕")).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    fake.fake().script("tts", Script::body(json!({"audio": "x"})));
    assert_eq!(service.speak("안녕").await.unwrap_err().code(), "decode");
}

#[tokio::test]
async fn the_services_words_are_on_the_error() {
    let (_fake, service) = service().await;
    let error = service.send(ask("안녕").workspace("nowhere")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("not_found", "There is no such workspace"));
    assert_eq!(error.operation(), "service.send");
}

#[tokio::test]
async fn nothing_to_say_is_refused_before_it_is_sent() {
    let (fake, service) = service().await;
    let errors = [
        service.send(ask(" \n")).await.unwrap_err(),
        service.stream(ask("")).await.unwrap_err(),
        service.speak("").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), "invalid_request", "{error}");
    }
    assert!(fake.fake().requests().is_empty());
}

#[tokio::test]
async fn a_turn_that_may_have_been_taken_is_not_sent_again() {
    let reset = || Script::new().framing(Framing::Raw).reset();
    for fault in [reset(), reset().after_commit(), FakeChat::refusal(503, "starting")] {
        let (fake, service) = service().await;
        for call in ["chat", "stream"] {
            fake.fake().script(call, fault.clone());
            fake.fake().script(call, Script::pass());
        }
        service.send(ask("안녕")).await.unwrap_err();
        service.stream(ask("안녕")).await.unwrap_err();
        assert_eq!(fake.fake().requests().len(), 2, "{fault:?}");
    }
}
