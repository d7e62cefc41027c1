//! A successful turn: its events, and its stored messages.

use futures::StreamExt;
use turnwire::{TurnEvent, TurnRequest, Turns};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, MESSAGE, WORKSPACE, ai, content, counts, read, user};

#[tokio::test]
async fn a_new_conversation_is_streamed_and_kept() {
    let bench = Bench::replying(Script::chat(["좋아", "요", "!"])).await;
    let turns = bench.turns();
    let read = read(&mut turns.start(bench.ask_anew())).await;
    assert!(read.error.is_none(), "{read:?}");
    assert_eq!(read.events.last(), Some(&TurnEvent::done()));
    assert_eq!(read.text(), "좋아요!");
    let report = turns.flush(DEADLINE).await;
    assert_eq!(counts(&report), (2, 0, 0));
    assert_eq!(bench.saved(), [user(MESSAGE), ai("좋아요!")]);

    let stored = bench.store.stored();
    let workspace = &stored.workspaces[1];
    assert_eq!(workspace.workspace_name, MESSAGE.trim_end_matches('?').to_owned() + "?");
    let id = workspace.workspace_id.clone();
    let told: Vec<_> = read.events.iter().filter(|event| event.kind() == "workspace").collect();
    assert_eq!(told, [&TurnEvent::Workspace { workspace_id: id.clone() }]);
    let [asked, reply] = [0, 1].map(|at| &stored.messages[at].message);
    for message in [asked, reply] {
        assert_eq!(message["msgWorkspaceId"], id.as_str());
        assert_eq!(message["msgType"], "T");
    }
    assert_eq!(asked["parentMsgId"], serde_json::Value::Null);
    assert_eq!(asked["msgSenderUUID"], super::USER);
    assert_eq!(reply["parentMsgId"], asked["msgId"]);
    assert_eq!(reply["msgSenderUUID"], turnwire::conversation::AI_SENDER);
    assert!(reply["msgSentAt"].as_i64() > asked["msgSentAt"].as_i64());

    // The session exists before any message is counted.
    let requests = bench.store.fake().requests();
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths[..2], ["/api/workspace/create", "/api/session/start"]);
    assert_eq!(stored.counted(&id), 2);
    assert_eq!(bench.calls("PATCH /api/session/update-messages"), 2);
    assert_eq!(bench.calls("POST /api/chat/save"), 2);
}

#[tokio::test]
async fn a_workspace_is_told_as_soon_as_it_is_known_while_the_model_is_silent() {
    let bench = Bench::replying(Script::new().role("assistant").stall()).await;
    let mut turn = bench.turns().start(bench.ask_anew());
    let first = turn.next().await.unwrap().unwrap();
    assert_eq!(first.kind(), "workspace");
}

#[tokio::test]
async fn the_reply_does_not_wait_for_the_workspace_and_its_end_does() {
    let bench = Bench::replying(Script::chat(["a", "b"])).await;
    bench.store.fake().script("create-workspace", Script::pass().wait_ms_before_headers(400));
    let read = read(&mut bench.turns().start(bench.ask_anew())).await;
    assert_eq!(read.kinds(), ["content", "content", "workspace", "done"]);
}

#[tokio::test]
async fn a_workspace_that_takes_too_long_is_not_waited_for_and_still_gets_its_messages() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    bench.store.fake().script("create-workspace", Script::pass().wait_ms_before_headers(500));
    let turns = bench.settings().workspace_wait(std::time::Duration::ZERO).build().unwrap();
    let read = read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(read.kinds(), ["content", "done"]);
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
}

#[tokio::test]
async fn a_conversation_goes_on_in_its_workspace() {
    let bench = Bench::replying(Script::chat(["a", "b"])).await;
    let turns = bench.turns();
    let read = read(&mut turns.start(bench.ask_on())).await;
    let workspace = TurnEvent::Workspace { workspace_id: WORKSPACE.to_owned() };
    assert_eq!(read.events, [workspace, content("a"), content("b"), TurnEvent::done()]);
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    assert_eq!(bench.saved(), [user(MESSAGE), ai("ab")]);
    assert_eq!(bench.store.stored().counted(WORKSPACE), 2);
    assert_eq!(bench.calls("POST /api/session/start"), 0);
}

#[tokio::test]
async fn without_a_store_a_turn_is_the_reply_alone() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let turns = Turns::builder(bench.openai()).model("m").build().unwrap();
    let read = read(&mut turns.start(TurnRequest::new(MESSAGE))).await;
    assert_eq!(read.events, [content("a"), TurnEvent::done()]);
    assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 0));
    assert_eq!(bench.store.fake().requests().len(), 0);
}

#[tokio::test]
async fn the_template_and_the_system_prompt_are_asked_with() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let template = turnwire::ChatRequest::new("m").system("first").temperature(0.5f32);
    let settings = bench.settings().template(template).system_prompt("second");
    read(&mut settings.build().unwrap().start(bench.ask_on().history([]))).await;
    let asked = bench.asked();
    assert_eq!(asked["temperature"], 0.5);
    let texts: Vec<_> =
        asked["messages"].as_array().unwrap().iter().map(|m| m["content"].clone()).collect();
    assert_eq!(texts, ["first", "second", MESSAGE]);
}
