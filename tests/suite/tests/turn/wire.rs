//! A turn as a response's body, read back by the chat service's client.

use std::time::Duration;

use futures::StreamExt;
use proptest::prelude::*;
use serde_json::json;
use turnwire::event::{KEEP_ALIVE, Wire};
use turnwire::{ChatService, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::{Fake, Script};

use super::server::Server;
use super::{Bench, DEADLINE, MESSAGE, Read, WORKSPACE, content, read};

/// Engine, service and client in a row.
struct Chain {
    llm: Fake,
    service: ChatService,
    _server: Server,
}

impl Chain {
    async fn start() -> Self {
        let bench = Bench::start().await;
        let turns = Turns::builder(bench.openai()).model("m").build().unwrap();
        let server =
            Server::start(turns, |json| TurnRequest::new(json["message"].as_str().unwrap())).await;
        let service = ChatService::builder(server.url()).no_proxy().tokens("a", "r");
        Chain { llm: bench.llm, service: service.build().unwrap(), _server: server }
    }

    async fn read(&self, script: Script) -> Read {
        self.llm.reset();
        self.llm.script("m stream", script);
        let request = TurnRequest::new(MESSAGE).workspace(WORKSPACE);
        let mut stream = self.service.stream(request).await.unwrap();
        read(&mut stream).await
    }
}

#[test]
fn what_the_engine_writes_the_client_reads() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let chain = runtime.block_on(Chain::start());
    let text = prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\"\\\\ \u{7f}\u{85}\u{2028}\u{2029}\u{feff}안😀]{0,40}",
        Just("data: {\"type\": \"done\"}\n\n".to_owned()),
    ];
    let texts = prop::collection::vec(text, 0..8);
    proptest!(ProptestConfig::with_cases(64), |(texts in texts)| {
        // A non-blank text, since an empty one is no reply.
        let texts: Vec<_> = texts.into_iter().chain(["끝".to_owned()]).collect();
        let found = runtime.block_on(chain.read(Script::chat(texts.clone())));
        prop_assert!(found.error.is_none(), "{:?}", found);
        let pieces = texts.iter().filter(|text| !text.is_empty());
        let expected: Vec<_> =
            pieces.map(|text| content(text)).chain([TurnEvent::done()]).collect();
        prop_assert_eq!(found.events, expected);
    });
}

#[tokio::test]
async fn every_event_of_a_kept_turn_arrives() {
    let bench = Bench::replying(
        Script::new().role("assistant").text("a").finish("stop").usage(12, 3).done(),
    )
    .await;
    bench.llm.script("m whole", Script::error(400, "no \"names\"\ntoday"));
    let settings = bench.settings().failure_events(true).usage_events(true).sentiment_events(true);
    let settings = settings.sentiment(|_: String| async { Ok("기\"쁨\u{0}".to_owned()) });
    let turns = settings.sentiment_budget(DEADLINE).build().unwrap();
    let login = bench.store.login(super::USER);
    let server = Server::start(turns, move |json| {
        let request = TurnRequest::new(json["message"].as_str().unwrap()).user_id(super::USER);
        assert_eq!(json["createWorkspace"], true);
        request.new_workspace().tokens(login.access.as_str(), login.refresh.as_str())
    })
    .await;
    let service = ChatService::builder(server.url()).no_proxy().tokens("a", "r").build().unwrap();
    let mut stream = service.stream(TurnRequest::new(MESSAGE).new_workspace()).await.unwrap();
    let found = read(&mut stream).await;
    let workspace_id = bench.store.stored().workspaces[1].workspace_id.clone();
    for event in [
        TurnEvent::Workspace { workspace_id },
        TurnEvent::sentiment("기\"쁨\u{0}"),
        content("a"),
        TurnEvent::usage(12, 3, 15),
        TurnEvent::done(),
    ] {
        assert!(found.events.contains(&event), "{event:?}: {found:?}");
    }
    assert_eq!(found.events.len(), 5);
}

#[tokio::test]
async fn pieces_of_a_mebibyte_arrive_whole() {
    let chain = Chain::start().await;
    let texts = ["안녕 \"\\\n\0😀".repeat(70_000), "a".repeat(1 << 20), "\u{1}".repeat(1 << 20)];
    let found = chain.read(Script::chat(texts.clone())).await;
    assert!(found.error.is_none());
    let expected = texts.map(|text| content(&text));
    assert!(found.events.starts_with(&expected) && found.events.len() == 4);
}

#[tokio::test]
async fn half_a_surrogate_pair_costs_one_character() {
    let chain = Chain::start().await;
    let half = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\ud83d!\"}}]}\n\n";
    let script = Script::new().role("assistant").send(half).finish("stop").done();
    let found = chain.read(script).await;
    assert_eq!(found.events, [content("a\u{fffd}!"), TurnEvent::done()], "{found:?}");
}

#[tokio::test]
async fn an_error_of_the_model_is_an_event_and_then_an_error_with_the_text_so_far() {
    let chain = Chain::start().await;
    let error = json!({"error": {"message": "the model is \"overloaded\"\n"}});
    let found = chain.read(Script::new().role("assistant").text("a").sse(error)).await;
    assert_eq!(found.events, [content("a")]);
    let error = found.error.unwrap();
    assert_eq!((error.code(), error.partial()), ("api", Some("a")));
    let words = "The assistant could not answer. Please try again later.";
    assert_eq!(error.message(), words);

    // The message and address of the backend service are not for the user.
    for (status, code, passes) in [(401, "authentication", false), (429, "rate_limited", true)] {
        for _ in 0..3 {
            chain.llm.script("m stream", Script::error(status, "wrong key of 10.0.0.7"));
        }
        let found = chain.read(Script::error(status, "wrong key of 10.0.0.7")).await;
        let error = found.error.unwrap();
        let told = error.api().and_then(|api| api.code.as_deref());
        assert_eq!((error.code(), told, error.is_retryable()), ("api", Some(code), passes));
        assert!(!format!("{error:?}").contains("10.0.0.7"), "{error:?}");
    }
}

#[tokio::test]
async fn in_development_the_whole_line_is_sent() {
    let bench = Bench::start().await;
    bench.llm.script("m stream", Script::error(401, "wrong key"));
    let turns = Turns::builder(bench.openai()).model("m").detailed_errors(true);
    let turns = turns.keep_alive(DEADLINE).build().unwrap();
    let mut bytes = turns.start(TurnRequest::new(MESSAGE)).sse();
    let told = String::from_utf8(bytes.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(told.contains("wrong key") && told.contains("127.0.0.1"), "{told}");
    assert!(told.ends_with("\"code\": \"authentication\"}\n\n"), "{told}");
}

#[tokio::test]
async fn a_client_that_leaves_lets_the_model_go() {
    let chain = Chain::start().await;
    chain.llm.script("m stream", Script::new().role("assistant").text("a").stall());
    let request = TurnRequest::new(MESSAGE).workspace(WORKSPACE);
    let mut stream = chain.service.stream(request).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), content("a"));
    drop(stream);
    // The service detects it at its next write, here the keep-alive.
    tokio::time::pause();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(15)).await;
        tokio::task::yield_now().await;
    }
    tokio::time::resume();
    chain.llm.wait_for(|log| log.open_connections == 0).await;
}

#[tokio::test]
async fn silence_is_broken_after_the_time_that_is_set() {
    let llm = Fake::spawn_thread().unwrap();
    let bench = Bench { llm, store: turnwire_fakes::FakeStore::spawn_thread().unwrap() };
    // The default, and a setting, on each wire with comments.
    for (set, silence, wire) in
        [(None, 5000, Wire::Sse), (Some(700), 700, Wire::Sse), (None, 5000, Wire::Ui)]
    {
        bench.llm.script("m stream", Script::new().role("assistant").text("a").stall());
        let mut settings = Turns::builder(bench.openai()).model("m");
        if let Some(silence) = set {
            settings = settings.keep_alive(Duration::from_millis(silence));
        }
        let mut bytes = settings.build().unwrap().start(TurnRequest::new(MESSAGE)).bytes(wire);
        let mut begun = bytes.next().await.unwrap().unwrap().to_vec();
        while !String::from_utf8_lossy(&begun).contains("\"a\"") {
            begun.extend_from_slice(&bytes.next().await.unwrap().unwrap());
        }
        tokio::time::pause();
        // An eighth early: a second write, which is what notices a reader that has gone, is within two such silences.
        let due = silence - silence / 8;
        let began = tokio::time::Instant::now();
        for number in 1..=3 {
            assert_eq!(bytes.next().await.unwrap().unwrap(), KEEP_ALIVE);
            let at = began.elapsed().as_millis();
            let expected = number * due;
            assert!((expected..=expected + 10).contains(&at), "{wire:?}: {number} after {at} ms");
        }
        tokio::time::resume();
    }
}

#[tokio::test]
async fn plain_text_and_turns_without_keep_alive_stay_silent() {
    let llm = Fake::spawn_thread().unwrap();
    let bench = Bench { llm, store: turnwire_fakes::FakeStore::spawn_thread().unwrap() };
    for (keep_alive, wire) in [(Some(5), Wire::Text), (None, Wire::Sse), (None, Wire::Ui)] {
        bench.llm.script("m stream", Script::new().role("assistant").text("a").stall());
        let settings = Turns::builder(bench.openai()).model("m");
        let turns = settings.keep_alive(keep_alive.map(Duration::from_secs)).build().unwrap();
        let mut bytes = turns.start(TurnRequest::new(MESSAGE)).bytes(wire);
        let text = if matches!(wire, Wire::Text) { "a" } else { "\"a\"" };
        let mut begun = Vec::new();
        while !String::from_utf8_lossy(&begun).contains(text) {
            begun.extend_from_slice(&bytes.next().await.unwrap().unwrap());
        }
        tokio::time::pause();
        let more = tokio::time::timeout(Duration::from_secs(20), bytes.next()).await;
        assert!(more.is_err(), "{wire:?}: {more:?}");
        tokio::time::resume();
    }
    let zero = Turns::builder(bench.openai()).keep_alive(Duration::ZERO).build().unwrap_err();
    assert!(zero.to_string().contains("keep_alive is 0"), "{zero}");
}

#[tokio::test]
async fn a_model_that_is_faster_than_its_reader_comes_in_pieces_of_bounded_size() {
    let text = "0123456789".repeat(10);
    let script = Script::new().role("assistant").repeat(5000, |body| body.text(text.clone()));
    let bench = Bench::replying(script.finish("stop").done().coalesce(1 << 20)).await;
    let turns = Turns::builder(bench.openai()).model("m").build().unwrap();
    let mut bytes = turns.start(TurnRequest::new(MESSAGE)).sse();
    let mut total = 0;
    while let Some(Ok(piece)) = bytes.next().await {
        assert!(piece.len() < 20_000, "{}", piece.len());
        total += piece.len();
    }
    assert!(total > 500_000);
}
