//! The blocking client, outside and inside of a runtime.

use turnwire::TurnEvent;
use turnwire::blocking::ChatService;
use turnwire_fakes::{FakeChat, Outcome, Script};

use super::{WORKSPACE, ask, content, settings};

fn service() -> (FakeChat, ChatService) {
    let fake = FakeChat::spawn_thread().unwrap();
    fake.add_workspace(WORKSPACE);
    let service = settings(&fake).build_blocking().unwrap();
    (fake, service)
}

fn use_all() {
    let (fake, service) = service();
    let mut turn = service.stream(ask("안녕하")).unwrap();
    let events: Vec<_> = turn.by_ref().map(Result::unwrap).collect();
    let workspace = TurnEvent::Workspace { workspace_id: WORKSPACE.into() };
    assert_eq!(events, [workspace, content("안녕"), content("하"), TurnEvent::done()]);
    assert!(turn.next().is_none());
    assert!(turn.request_id().is_some() && turn.first_content().is_some());
    assert_eq!(turn.into_answer().unwrap().reply, "안녕하");
    assert_eq!(service.stream(ask("안녕")).unwrap().finish().unwrap().reply, "안녕");
    assert_eq!(service.send(ask("안녕")).unwrap().reply, "안녕");
    assert!(service.speak("안녕").unwrap().starts_with(b"\xff\xf3"));

    fake.fake()
        .script("stream", Script::new().send("data: {\"type\":\"content\",\"content\":\"a\"}\n\n"));
    let mut turn = service.stream(ask("안녕")).unwrap();
    assert_eq!(turn.next().unwrap().unwrap(), content("a"));
    let error = turn.next().unwrap().unwrap_err();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("a")));
    assert!(turn.next().is_none());
}

#[test]
fn it_works_without_a_runtime() {
    use_all();
}

#[test]
fn it_works_on_a_thread_of_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { use_all() });
}

#[test]
fn a_dropped_stream_closes_its_connection() {
    let (fake, service) = service();
    fake.fake().script(
        "stream",
        Script::new().send("data: {\"type\":\"content\",\"content\":\"a\"}\n\n").stall(),
    );
    let mut turn = service.stream(ask("안녕")).unwrap();
    turn.next().unwrap().unwrap();
    drop(turn);
    fake.fake().wait_for_blocking(|log| log.requests[0].outcome == Some(Outcome::ClientClosed));
}
