//! The client of a chat store that echoes tokens and quotes fresh ones.

use serde_json::json;
use turnwire::ChatStore;
use turnwire::config::CallOptions;
use turnwire::conversation::StoreMessage;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire_fakes::{FakeStore, Script};

use super::encoding::{Encoded, encodings};
use super::place::{cuts, failures, limits};
use super::{TOKENS, assert_hidden, shown};

fn odd_answers(encoded: &Encoded) -> Vec<(&'static str, Script)> {
    let e = &encoded.text;
    let answer = |body: String| Script::new().send(body);
    vec![
        (
            "refusal in a success",
            answer(format!(r#"{{"success":false,"message":"no {e}","data":null}}"#)),
        ),
        ("odd data", answer(format!(r#"{{"success":true,"data":"{e}"}}"#))),
        ("odd success", answer(format!(r#"{{"success":"{e}"}}"#))),
        ("no JSON", answer(format!("OK {e}"))),
    ]
}

#[tokio::test]
async fn no_echo_of_a_token_shows() {
    let fake = FakeStore::start().await.unwrap();
    for secret in TOKENS {
        let store = ChatStore::builder(fake.url()).limits(limits()).no_proxy().build().unwrap();
        let store = store.with(CallOptions::new().max_retries(0));
        let store = store.with_tokens(Tokens::new(secret, secret));
        assert_hidden(&format!("{store:?}"), &[secret], "settings");
        let message = StoreMessage::from_user("ws-1", "user-1", "안녕", 1_764_660_000_000);
        for encoded in encodings(secret) {
            let mut places = failures(&encoded);
            places.extend(odd_answers(&encoded));
            places.extend(cuts(&encoded).into_iter().map(|script| ("cut", script)));
            for (place, script) in places {
                fake.fake().reset();
                for key in ["save", "history", "create-workspace", "reissue"] {
                    fake.fake().script(key, script.clone());
                }
                let results = [
                    store.save(&message).await,
                    store.history("ws-1").await.map(drop),
                    store.create_workspace("user-1", "a").await.map(drop),
                    store.reissue(&Tokens::new(secret, secret)).await.map(drop),
                ];
                let place = format!("{secret} {} in {place}", encoded.name);
                for error in results.into_iter().filter_map(Result::err) {
                    assert_hidden(&shown(&error), &[secret, &encoded.hidden], &place);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_fresh_token_is_not_quoted() {
    const FRESH: &str = "fresh-4fQ0123456789";
    let answers = [
        Script::new()
            .header("authorization", format!("Bearer {FRESH}"))
            .send(format!("OK {FRESH}")),
        Script::new().status(500).header("refreshtoken", format!("bearer {FRESH}")).send(FRESH),
        Script::body(json!({"success": false, "message": format!("issued Bearer {FRESH}")})),
        Script::body(json!({"data": {"accessToken": FRESH, "refresh_token": [1]}})),
        Script::body(json!({"data": {"accessToken": FRESH}})),
        Script::new().send(format!(r#"{{"data":{{"accessToken":"{FRESH}""#)),
    ];
    let fake = FakeStore::start().await.unwrap();
    for older in [false, true] {
        let store = ChatStore::builder(fake.url()).older_store(older).no_proxy().build().unwrap();
        let store = store.with(CallOptions::new().max_retries(0));
        for (number, answer) in answers.clone().into_iter().enumerate() {
            fake.fake().reset();
            for key in ["reissue", "refresh-token", "refresh"] {
                fake.fake().script(key, answer.clone());
            }
            if let Err(error) = store.reissue(&Tokens::new("access-0", "refresh-0")).await {
                assert_hidden(&shown(&error), &[FRESH], &format!("answer {number}"));
            }
        }
    }
}

#[tokio::test]
async fn tokens_that_were_refused_do_not_show_in_what_came_of_the_fresh_ones() {
    let [old, fresh] = ["old-4fQ0123456789", "fresh-4fQ0123456789"];
    let fake = FakeStore::start().await.unwrap();
    let store = ChatStore::builder(fake.url()).no_proxy();
    let store = store.token_provider(|_: TokenRequest| async {
        Ok(Some(Tokens::new("fresh-4fQ0123456789", "fresh-4fQ0123456789")))
    });
    let store = store.build().unwrap().with_tokens(Tokens::new(old, old));
    fake.fake().script("history", Script::error(401, "no"));
    fake.fake().script("history", Script::error(403, &format!("neither {old} nor {fresh}")));
    let error = store.history("ws-1").await.unwrap_err();
    assert_eq!(error.status(), Some(403));
    assert_hidden(&shown(&error), &[old, fresh], "history");
}
