//! The client of a chat service that echoes tokens.

use turnwire::config::CallOptions;
use turnwire::{ChatService, TurnRequest};
use turnwire_fakes::{FakeChat, Script};

use super::encoding::{Encoded, encodings};
use super::place::{cuts, failures, limits};
use super::{TOKENS, assert_hidden, shown};

fn odd_events(encoded: &Encoded) -> Vec<(&'static str, Script)> {
    let e = &encoded.text;
    let event = |data: String| Script::new().send(format!("data: {data}\n\n"));
    vec![
        ("error event", event(format!(r#"{{"type":"error","message":"no {e}","code":"{e}"}}"#))),
        ("odd content", event(format!(r#"{{"type":"content","content":{{"{e}":"{e}"}}}}"#))),
        ("broken event", event(format!(r#"{{"type":"{e}"#))),
        ("odd answer", Script::new().send(format!(r#"{{"{e}":"{e}"}}"#))),
        ("error answer", Script::new().send(format!(r#"{{"error":{{"{e}":"{e}"}}}}"#))),
        ("odd sound", Script::new().send(format!(r#"{{"reply":"a","audioBase64":"{e}"}}"#))),
    ]
}

#[tokio::test]
async fn no_echo_of_a_token_shows() {
    let fake = FakeChat::start().await.unwrap();
    for secret in TOKENS {
        let service =
            ChatService::builder(fake.url()).tokens(secret, "refresh-0123456789").limits(limits());
        let service = service.fallback(false).no_proxy().build().unwrap();
        let service = service.with(CallOptions::new().max_retries(0));
        let ask = || TurnRequest::new("안녕").workspace("ws-1").tokens(secret, secret);
        assert_hidden(&format!("{service:?} {:?}", ask()), &[secret], "settings");
        for encoded in encodings(secret) {
            let mut places = failures(&encoded);
            places.extend(odd_events(&encoded));
            places.extend(cuts(&encoded).into_iter().map(|script| ("cut", script)));
            for (place, script) in places {
                fake.fake().reset();
                for key in ["stream", "chat", "speech", "tts"] {
                    fake.fake().script(key, script.clone());
                }
                let streamed = match service.stream(ask()).await {
                    Ok(stream) => stream.finish().await.map(drop),
                    Err(error) => Err(error),
                };
                let whole = service.send(ask()).await.map(drop);
                let spoken = service.speak("안녕").await.map(drop);
                let place = format!("{secret} {} in {place}", encoded.name);
                for error in [streamed, whole, spoken].into_iter().filter_map(Result::err) {
                    assert_hidden(&shown(&error), &[secret, &encoded.hidden], &place);
                }
            }
        }
    }
}
