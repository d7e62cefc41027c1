//! The routes of a chat service: readers that leave, renewed tokens, speech, settings, secrets.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::speech::SpeechMode;
use turnwire::turn::OnDisconnect;
use turnwire::web::{Admitted, Call, ChatRoutes, Reply, ReplyBody, Route};
use turnwire::{Bytes, ChatStore, Turns};
use turnwire_fakes::{FakeStore, Log, Outcome, Record, Script};

use super::spoken::speaker;
use super::{Bench, DEADLINE, MESSAGE, USER, WORKSPACE, ai, user};

const OTHER_USER: &str = "0b1e55ed-0000-4000-8000-000000000002";

fn routes(turns: &Turns) -> ChatRoutes {
    ChatRoutes::builder(turns.clone()).build().unwrap()
}

/// A request of this route with these tokens, whose head is accepted.
fn call(routes: &ChatRoutes, route: Route, tokens: (&str, &str)) -> Call {
    let header = |name: &str| match name {
        "content-type" => Some("application/json"),
        "authorization" => Some(tokens.0),
        "refreshtoken" => Some(tokens.1),
        _ => None,
    };
    match routes.admit(Some(route), "POST", header) {
        Admitted::Call(call) => call,
        Admitted::Reply(reply) => panic!("{reply:?}"),
    }
}

fn message() -> Bytes {
    json!({"message": MESSAGE, "workspaceId": WORKSPACE}).to_string().into()
}

fn spoken_message() -> Bytes {
    let body = json!({"message": MESSAGE, "workspaceId": WORKSPACE, "includeTts": true});
    body.to_string().into()
}

fn is_speech(request: &Record) -> bool {
    request.path.ends_with("/audio/speech")
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let found = reply.headers.iter().find(|(its, _)| *its == name);
    found.map(|(_, value)| value.as_str())
}

fn json_of(reply: Reply) -> Value {
    match reply.body {
        ReplyBody::Whole(bytes) => serde_json::from_slice(&bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_reader_that_leaves_a_whole_reply_leaves_its_turn() {
    for choice in [OnDisconnect::SavePartial, OnDisconnect::Discard] {
        let script = Script::new().role("assistant").text("안녕하세요. 오늘").stall();
        let bench = Bench::replying(script).await;
        let turns = bench.settings().speaker(speaker(&bench)).on_disconnect(choice);
        let turns = turns.build().unwrap();
        let login = bench.store.login(USER);
        let call = call(&routes(&turns), Route::Chat, (&login.access, &login.refresh));
        let answer = tokio::spawn(async move { call.answer(USER, spoken_message()).await.status });
        // The request for speech shows that the text has been received.
        bench.llm.wait_for(|log| log.requests.iter().any(is_speech)).await;
        answer.abort();
        assert!(answer.await.unwrap_err().is_cancelled());
        let closed = |outcome: &Option<Outcome>| *outcome == Some(Outcome::ClientClosed);
        bench.llm.wait_for(|log| log.requests.iter().any(|r| closed(&r.outcome))).await;
        turns.flush(DEADLINE).await;
        let mut kept = vec![user(MESSAGE)];
        kept.extend((choice == OnDisconnect::SavePartial).then(|| ai("안녕하세요. 오늘")));
        assert_eq!(bench.saved(), kept, "{choice:?}");
    }
}

#[tokio::test]
async fn a_page_is_told_the_tokens_that_the_store_reissues() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let turns = bench.turns();
    let routes = routes(&turns);
    let stale = bench.store.login_for(USER, Duration::ZERO, Duration::from_secs(3600));
    let stale = (stale.access.as_str(), stale.refresh.as_str());

    // The history is read before the reply, and finds the tokens stale.
    let reply = call(&routes, Route::Chat, stale).answer(USER, message()).await;
    assert_eq!(reply.status, 200);
    let fresh = header(&reply, "Authorization").unwrap().strip_prefix("Bearer ").unwrap();
    assert_ne!(fresh, stale.0);
    assert_eq!(header(&reply, "RefreshToken"), None, "it is still good");
    assert!(!format!("{reply:?}").contains(fresh), "{reply:?}");

    let reply = call(&routes, Route::Stream, stale).answer(USER, message()).await;
    assert_eq!(header(&reply, "Authorization"), Some(format!("Bearer {fresh}").as_str()));
    let reply = call(&routes, Route::Stream, (fresh, stale.1)).answer(USER, message()).await;
    assert_eq!(header(&reply, "Authorization"), None, "the page has them");
    let reply = call(&routes, Route::Stream, (stale.0, "another")).answer(USER, message()).await;
    assert_eq!(header(&reply, "Authorization"), None, "both tokens are needed");
}

#[tokio::test]
async fn tokens_of_the_services_own_provider_stay_in_the_service() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let own = bench.store.login(USER);
    let provider = move |_: TokenRequest| {
        let tokens = Tokens::new(own.access.clone(), own.refresh.clone());
        async move { Ok(Some(tokens)) }
    };
    let store = ChatStore::builder(bench.store.url()).no_proxy().token_provider(provider);
    let turns = Turns::builder(bench.openai()).model("m").store(store.build().unwrap());
    let turns = turns.build().unwrap();
    let stale = bench.store.login_for(USER, Duration::ZERO, Duration::ZERO);
    for _ in 0..2 {
        let call = call(&routes(&turns), Route::Chat, (&stale.access, &stale.refresh));
        let reply = call.answer(USER, message()).await;
        assert_eq!(reply.status, 200);
        assert_eq!(header(&reply, "Authorization"), None);
        turns.flush(DEADLINE).await;
    }
    assert_eq!(bench.saved().len(), 4);
}

#[tokio::test]
async fn a_whole_reply_is_spoken_as_one_file_while_it_is_written() {
    let bench = Bench::start().await;
    let script = Script::new().role("assistant").text("안녕하세요. 오늘은 ").wait_ms(300);
    bench.llm.script("m stream", script.text("맑아요.").finish("stop").done());
    let turns = bench.settings().speaker(speaker(&bench)).speech_mode(SpeechMode::OnDemand);
    let turns = turns.build().unwrap();
    let login = bench.store.login(USER);
    let call = call(&routes(&turns), Route::Chat, (&login.access, &login.refresh));
    let answer = tokio::spawn(async move { call.answer(USER, spoken_message()).await });
    // The first sentence is asked for before the reply has ended.
    let is_early = |log: &Log| {
        let speech = log.requests.iter().any(|r| r.path.ends_with("/audio/speech"));
        let replying =
            log.requests.iter().any(|r| r.outcome.is_none() && r.body.contains("\"stream\":true"));
        speech.then_some(replying)
    };
    let log = bench.llm.wait_for(|log| is_early(log).is_some()).await;
    assert_eq!(is_early(&log), Some(true));
    let reply = json_of(answer.await.unwrap());
    let audio = BASE64.decode(reply["audioBase64"].as_str().unwrap()).unwrap();
    assert_eq!(audio, turns.speak("안녕하세요. 오늘은 맑아요.").await.unwrap());
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_by_its_length_and_by_its_bytes() {
    let bench = Bench::start().await;
    let routes = ChatRoutes::builder(bench.turns()).max_body(30).build().unwrap();
    let header = |name: &str| match name {
        "content-length" => Some("31"),
        _ => None,
    };
    match routes.admit(Some(Route::Stream), "POST", header) {
        Admitted::Reply(reply) => assert_eq!(reply.status, 413),
        Admitted::Call(call) => panic!("{call:?}"),
    }
    let call = call(&routes, Route::Stream, ("a", "b"));
    assert_eq!(call.max_body(), 30);
    assert_eq!(call.answer(USER, message()).await.status, 413);
}

#[tokio::test]
async fn a_chat_store_refuses_another_users_workspace_itself_and_shows_nothing_of_it() {
    let reply = Script::new().role("assistant").text("b").finish("stop").done();
    let bench = Bench::replying(reply).await;
    let turns = bench.turns();
    let routes = routes(&turns);
    let login = bench.store.login(USER);
    let owner = call(&routes, Route::Chat, (&login.access, &login.refresh));
    assert_eq!(owner.answer(USER, message()).await.status, 200);
    turns.flush(DEADLINE).await;

    for key in ["history", "save"] {
        bench.store.fake().script(key, FakeStore::refusal(403, "not yours"));
    }
    let login = bench.store.login(OTHER_USER);
    let other = call(&routes, Route::Chat, (&login.access, &login.refresh));
    assert_eq!(other.answer(OTHER_USER, message()).await.status, 200, "no reply waits for a check");
    let told = bench.llm.requests().last().unwrap().json().unwrap();
    let texts: Vec<_> =
        told["messages"].as_array().unwrap().iter().map(|m| &m["content"]).collect();
    assert_eq!(texts, [MESSAGE]);
    let report = turns.flush(DEADLINE).await;
    assert_eq!((report.pending, report.dead), (0, 2));
    assert_eq!(bench.store.stored().messages.len(), 2, "the owner's alone");
}

#[tokio::test]
async fn a_text_to_speak_has_a_limit_of_its_own() {
    let bench = Bench::start().await;
    let routes = routes(&bench.turns());
    let body = json!({"text": "안".repeat(10_001)}).to_string();
    let reply = call(&routes, Route::Tts, ("a", "b")).answer(USER, body.into()).await;
    assert_eq!(reply.status, 400);
    assert_eq!(json_of(reply), json!({"error": "`text` is longer than 10000 characters."}));
}

#[tokio::test]
async fn an_engine_that_is_shut_down_is_a_500_without_details() {
    let bench = Bench::start().await;
    let turns = bench.turns();
    turns.shutdown(DEADLINE).await;
    let login = bench.store.login(USER);
    let call = call(&routes(&turns), Route::Stream, (&login.access, &login.refresh));
    let reply = call.answer(USER, message()).await;
    assert_eq!(reply.status, 500);
    assert_eq!(json_of(reply), json!({"error": "The assistant is not available right now."}));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let bench = Bench::start().await;
    let builder = || ChatRoutes::builder(bench.turns());
    for (builder, why) in [
        (builder().path(Route::Tts, "tts"), "the path of `tts` must begin with a slash"),
        (builder().path(Route::Tts, "/chat"), "`chat` and `tts` have the same path: /chat"),
        (builder().origin("*"), "name each origin"),
        (builder().origin("https://chat.example/page"), "is no origin"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.code(), "config");
        assert!(error.to_string().contains(why), "{error}");
    }
    let routes = builder().path(Route::Stream, "/chat-stream").build().unwrap();
    assert_eq!(routes.route_of("/chat-stream"), Some(Route::Stream));
    assert_eq!((routes.route_of("/chat/stream"), routes.paths().count()), (None, 6));
}

#[tokio::test]
async fn no_debug_output_shows_a_token_or_a_text() {
    let bench = Bench::replying(Script::chat(["the reply"])).await;
    let login = bench.store.login(USER);
    let call = call(&routes(&bench.turns()), Route::Chat, (&login.access, &login.refresh));
    let shown = format!("{call:?}");
    assert!(!shown.contains(&login.access) && !shown.contains(&login.refresh), "{shown}");
    let shown = format!("{:?}", call.answer(USER, message()).await);
    assert!(shown.contains("200") && !shown.contains("the reply"), "{shown}");
}
