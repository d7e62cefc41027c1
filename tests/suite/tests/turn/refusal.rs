//! A request that its turn cannot honour is refused as the first item, before anything is sent or paid for.

use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::speech::SpeechMode;
use turnwire::turn::OnDisconnect;
use turnwire::{ErrorKind, Outbox, TurnRequest, Turns};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, MESSAGE, USER, WORKSPACE, counts, read};

/// Starts a turn that is refused for this reason.
async fn refused(turns: &Turns, request: TurnRequest, why: &str) {
    refused_as("invalid_request", turns, request, why).await;
}

async fn refused_as(code: &str, turns: &Turns, request: TurnRequest, why: &str) {
    let read = read(&mut turns.start(request)).await;
    let error = read.error.expect(why);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(why), "{why}: {error}");
    assert!(read.events.is_empty(), "{why}");
}

#[tokio::test]
async fn a_request_that_cannot_be_kept_is_refused_and_nothing_is_asked() {
    let bench = Bench::start().await;
    let turns = bench.turns();
    let by = |user: &str| TurnRequest::new("a").user_id(user).tokens("access", "refresh");
    for (request, why) in [
        (TurnRequest::new(" \n").user_id("u").new_workspace(), "the message is empty"),
        (TurnRequest::new("a").new_workspace(), "user's id"),
        (by("").new_workspace(), "user's id"),
        (by(" ").workspace(WORKSPACE), "user's id"),
        (by("u"), "needs a workspace"),
        (by("u").workspace(""), "workspace's id is empty"),
        (TurnRequest::new("a").user_id("u").new_workspace(), "needs the user's tokens"),
        (TurnRequest::new("a").user_id("u").workspace(WORKSPACE), "needs the user's tokens"),
        (by("u").workspace(WORKSPACE).tokens("", " "), "the tokens are empty"),
        (by("u").new_workspace().tokens("a\r\nb", "r"), "characters that a header cannot carry"),
        (
            by("u").workspace(WORKSPACE).tokens("a", "r\u{7f}"),
            "characters that a header cannot carry",
        ),
        (by("u").workspace(WORKSPACE).speech(true), "set its speech mode"),
    ] {
        refused(&turns, request, why).await;
    }
    assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 0));
    assert_eq!(turns.outbox().unwrap().stats().accepted, 0);
    assert_eq!((bench.llm.requests().len(), bench.store.fake().requests().len()), (0, 0));
}

#[tokio::test]
async fn tokens_of_the_store_or_its_provider_will_do() {
    let bench = Bench::start().await;
    for _ in 0..2 {
        bench.llm.script("m stream", Script::chat(["a"]));
    }
    let login = bench.store.login(USER);
    let given = Tokens::new(login.access.as_str(), login.refresh.as_str());
    let provider = {
        let given = given.clone();
        move |_: TokenRequest| {
            let given = given.clone();
            async move { Ok(Some(given)) }
        }
    };
    let store = turnwire::ChatStore::builder(bench.store.url()).no_proxy();
    let stores = [
        store.clone().build().unwrap().with_tokens(given),
        store.token_provider(provider).build().unwrap(),
    ];
    for store in stores {
        let settings = Turns::builder(bench.openai()).model("m").store(store);
        let turns = settings.build().unwrap();
        let request = TurnRequest::new(MESSAGE).user_id(USER).new_workspace();
        let read = read(&mut turns.start(request)).await;
        assert!(read.error.is_none(), "{read:?}");
        assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    }
}

#[tokio::test]
async fn without_a_store_what_only_a_store_knows_is_refused() {
    let bench = Bench::start().await;
    let turns = Turns::builder(bench.openai()).model("m").build().unwrap();
    let ask = || TurnRequest::new(MESSAGE);
    for (request, why) in [
        (ask().new_workspace(), "a new workspace"),
        (ask().workspace(WORKSPACE), "a workspace"),
        (ask().workspace_of("0b1e55ed-0000-4000-8000-0000000000aa"), "a workspace"),
        (ask().tokens("access", "refresh"), "tokens"),
        (ask().speech(true), "speech"),
    ] {
        refused(&turns, request, why).await;
    }
    assert_eq!(bench.llm.requests().len(), 0);
}

#[tokio::test]
async fn after_a_shutdown_no_turn_is_started() {
    let bench = Bench::start().await;
    let kept = bench.turns();
    let unkept = Turns::builder(bench.openai()).model("m").build().unwrap();
    kept.shutdown(DEADLINE).await;
    unkept.shutdown(DEADLINE).await;
    // Not a fault of the request: a service must not answer it with a status 400.
    refused_as("config", &kept.clone(), bench.ask_on(), "shut down").await;
    refused_as("config", &unkept, TurnRequest::new(MESSAGE), "shut down").await;
    let shared = bench.turns();
    shared.outbox().unwrap().clone().shutdown(DEADLINE).await;
    refused_as("config", &shared, bench.ask_on(), "shut down").await;
    assert_eq!((bench.llm.requests().len(), bench.store.fake().requests().len()), (0, 0));
}

#[tokio::test]
async fn settings_that_have_nothing_to_work_with_are_refused() {
    let bench = Bench::start().await;
    let settings = || Turns::builder(bench.openai());
    for (settings, why) in [
        (settings().speech_mode(SpeechMode::Streaming), "no speaker"),
        (settings().speech_mode(SpeechMode::AfterText), "no speaker"),
        (settings().sentiment_events(true), "sentiment"),
        (settings().outbox(Outbox::memory()), "no store"),
        (settings().on_disconnect(OnDisconnect::Finish), "no store"),
    ] {
        let error = settings.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(why), "{error}");
    }
}
