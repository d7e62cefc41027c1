//! The history sent to the model.

use std::time::Duration;

use turnwire::conversation::StoreMessage;
use turnwire::turn::HistoryLimits;
use turnwire::{ChatStore, Message};
use turnwire_fakes::Script;

use super::{Bench, MESSAGE, USER, WORKSPACE, read};

/// A bench whose workspace has four messages.
async fn bench() -> Bench {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let login = bench.store.login(USER);
    let store = ChatStore::builder(bench.store.url()).no_proxy();
    let store = store.tokens(login.access, login.refresh).build().unwrap();
    let mut at = 1_764_660_000_000;
    for texts in [["하나", "둘"], ["셋", "넷넷"]] {
        let asked = StoreMessage::from_user(WORKSPACE, USER, texts[0], at);
        store.save(&asked).await.unwrap();
        store.save(&StoreMessage::reply_to(&asked, texts[1], at + 1)).await.unwrap();
        at += 1000;
    }
    bench
}

/// The messages sent to the model, as role and text.
fn told(bench: &Bench) -> Vec<String> {
    texts(&bench.asked())
}

fn texts(request: &serde_json::Value) -> Vec<String> {
    let messages = request["messages"].as_array().unwrap();
    let text = |name, m: &serde_json::Value| m[name].as_str().unwrap().to_owned();
    messages.iter().map(|m| format!("{}: {}", text("role", m), text("content", m))).collect()
}

#[tokio::test]
async fn the_model_is_told_the_latest_messages_within_the_limits() {
    let all = ["user: 하나", "assistant: 둘", "user: 셋", "assistant: 넷넷"];
    for (messages, characters, kept) in
        [(20, 8000, 4), (2, 8000, 2), (20, 4, 3), (20, 3, 2), (20, 1, 0), (20, 0, 0), (0, 8000, 0)]
    {
        let bench = bench().await;
        let limits = HistoryLimits::default().messages(messages).characters(characters);
        let turns = bench.settings().history(limits).build().unwrap();
        read(&mut turns.start(bench.ask_on())).await;
        let mut expected = all[4 - kept..].to_vec();
        let message = format!("user: {MESSAGE}");
        expected.push(&message);
        assert_eq!(told(&bench), expected, "{messages} messages, {characters} characters");
        let is_asked = bench.calls(&format!("GET /api/chat/history/{WORKSPACE}")) == 1;
        assert_eq!(is_asked, messages > 0);
    }
}

#[tokio::test]
async fn a_given_history_is_told_in_place_of_the_stores() {
    let bench = bench().await;
    let given = [Message::user("이전"), Message::assistant("네")];
    read(&mut bench.turns().start(bench.ask_on().history(given))).await;
    let message = format!("user: {MESSAGE}");
    assert_eq!(told(&bench), ["user: 이전", "assistant: 네", &message]);
    assert_eq!(bench.calls(&format!("GET /api/chat/history/{WORKSPACE}")), 0);
}

#[tokio::test]
async fn a_message_that_is_saved_before_the_history_is_read_is_told_once() {
    let bench = bench().await;
    let turns = bench.turns();
    let mut turn = turns.start(bench.ask_on());
    turns.flush(super::DEADLINE).await;
    assert_eq!(bench.saved().last(), Some(&super::user(MESSAGE)));
    read(&mut turn).await;
    let told = told(&bench);
    assert_eq!(told.len(), 5, "{told:?}");
}

#[tokio::test]
async fn a_reply_that_is_generated_again_is_not_told_and_takes_no_other_messages_place() {
    let bench = bench().await;
    let turns = bench.settings().history(HistoryLimits::default().messages(4)).build().unwrap();
    let mut told = Vec::new();
    for _ in 0..2 {
        let request = bench.ask_on().message_id("0b1e55ed-0000-4000-8000-0000000000aa");
        read(&mut turns.start(request.reply_id("0b1e55ed-0000-4000-8000-0000000000bb"))).await;
        turns.flush(super::DEADLINE).await;
        told.push(texts(&bench.llm.requests().last().unwrap().json().unwrap()));
    }
    assert_eq!((told[0].len(), &told[0]), (5, &told[1]));
}

#[tokio::test]
async fn a_history_that_hangs_is_waited_for_no_longer_than_its_limit() {
    let bench = bench().await;
    bench.store.fake().script("history", Script::pass().wait_ms_before_headers(60_000));
    let wait = Duration::from_millis(50);
    let limits = HistoryLimits::default().wait(wait);
    let mut turn = bench.settings().history(limits).build().unwrap().start(bench.ask_on());
    let read = read(&mut turn).await;
    assert_eq!(read.text(), "a");
    assert_eq!(told(&bench).len(), 1);
}
