//! Background work after a turn, and its end.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::runtime::Handle;
use turnwire::event::Wire;
use turnwire::turn::OnDisconnect;
use turnwire::{TurnRequest, Turns};
use turnwire_fakes::{FakeStore, Script};

use super::{Bench, DEADLINE, MESSAGE, USER, WORKSPACE, ai, counts, read, store_at, user};

const SHORT: Duration = Duration::from_millis(50);

/// Waits until only the bench's tasks are left.
async fn settled(bench: &Bench, turns: turnwire::Turns) {
    drop(turns);
    bench.llm.wait_for(|log| log.open_connections == 0).await;
    // Two fakes remain, which accept connections.
    let metrics = Handle::current().metrics();
    let settled = async {
        while metrics.num_alive_tasks() > 2 {
            tokio::task::yield_now().await;
        }
    };
    let settled = tokio::time::timeout(DEADLINE, settled).await;
    assert!(settled.is_ok(), "{} tasks are left", metrics.num_alive_tasks());
}

#[tokio::test]
async fn a_store_that_is_down_gets_the_conversation_when_it_is_back() {
    let (bench, reserved) = Bench::at_reserved_port(Script::chat(["a"])).await;
    let turns = bench.settings().workspace_wait(SHORT).build().unwrap();
    let request = bench.ask_anew();
    let Bench { llm, store } = bench;
    drop(store);
    let answer = read(&mut turns.start(request)).await;
    assert_eq!(answer.kinds(), ["content", "done"]);
    assert_eq!(counts(&turns.flush(SHORT).await), (0, 2, 0));

    let bench = Bench { llm, store: store_at(&reserved).await };
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
    let stored = bench.store.stored();
    assert_eq!(stored.counted(&stored.workspaces[0].workspace_id), 2);
}

#[tokio::test]
async fn a_workspace_whose_creation_has_no_answer_is_told_once_it_is_found() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let lost = Script::new().framing(turnwire_fakes::Framing::Raw).reset().after_commit();
    bench.store.fake().script("create-workspace", lost);
    let turns = bench.turns();
    let answer = read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(answer.kinds(), ["content", "workspace", "done"]);
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    assert_eq!(bench.calls("POST /api/workspace/create"), 1);
}

#[tokio::test]
async fn a_creation_that_is_refused_in_passing_is_asked_for_again() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    bench.store.fake().script("create-workspace", FakeStore::refusal(503, "starting"));
    bench.store.fake().script("create-workspace", Script::pass());
    let turns = bench.turns();
    let answer = read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(answer.kinds(), ["content", "workspace", "done"]);
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
}

#[tokio::test]
async fn a_shutdown_breaks_off_what_goes_on_and_tells_what_waits() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    bench.llm.script("m whole", Script::new().wait_ms_before_headers(60_000));
    bench.store.fake().script("create-workspace", FakeStore::refusal(503, "starting"));
    let turns = bench.settings().workspace_wait(SHORT).build().unwrap();
    read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(counts(&turns.shutdown(SHORT).await), (0, 2, 0));
    settled(&bench, turns).await;
}

#[tokio::test]
async fn a_shutdown_keeps_what_there_is_of_a_reply_that_is_being_finished() {
    let bench = Bench::replying(Script::new().role("assistant").text("a").stall()).await;
    let turns = bench.settings().on_disconnect(OnDisconnect::Finish).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    for _ in 0..2 {
        turn.next().await.unwrap().unwrap();
    }
    drop(turn);
    let report = turns.shutdown(SHORT).await;
    assert_eq!(report.delivered + report.pending, 2, "{report:?}");
    settled(&bench, turns).await;
}

#[tokio::test]
async fn an_outbox_with_a_sink_of_its_own_keeps_it() {
    struct Nowhere;
    #[turnwire::async_trait]
    impl turnwire::outbox::Sink for Nowhere {
        async fn deliver(&self, _: &turnwire::outbox::Record) -> turnwire::outbox::Outcome {
            turnwire::outbox::Outcome::Delivered
        }
    }
    let bench = Bench::replying(Script::chat(["a"])).await;
    let outbox = turnwire::Outbox::builder().sink(Nowhere).start().unwrap();
    let turns = bench.settings().outbox(outbox).build().unwrap();
    read(&mut turns.start(bench.ask_on())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    assert!(bench.saved().is_empty());
}

#[tokio::test]
async fn turns_share_an_outbox_and_a_workspace_without_getting_in_each_others_way() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let outbox = turnwire::Outbox::memory();
    let settings = bench.settings().outbox(outbox.clone());
    let turns = [0, 1].map(|_| settings.clone().build().unwrap());
    for turns in &turns {
        read(&mut turns.start(bench.ask_on())).await;
    }
    assert_eq!(counts(&turns[0].flush(DEADLINE).await), (4, 0, 0));
    assert_eq!(bench.saved(), [user(MESSAGE), ai("a"), user(MESSAGE), ai("a")]);
    assert_eq!(bench.store.stored().counted(WORKSPACE), 4);
    let senders = bench.store.stored().messages;
    assert_eq!(senders[2].message["msgSenderUUID"], USER);
}

#[tokio::test]
async fn a_model_that_sends_without_a_pause_leaves_its_reader_time_for_other_work() {
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    let script = Script::new().send(chunk.repeat(5000)).finish("stop").done();
    let bench = Bench::replying(script).await;
    let turns = Turns::builder(bench.openai()).model("m").build().unwrap();
    let mut turn = turns.start(TurnRequest::new(MESSAGE));
    let mut most = 0;
    let mut ended = false;
    while !ended {
        let at_once = poll_fn(|task| {
            for count in 0.. {
                match Pin::new(&mut turn).poll_next(task) {
                    Poll::Ready(Some(event)) => drop(event.unwrap()),
                    Poll::Ready(None) => {
                        ended = true;
                        return Poll::Ready(count);
                    }
                    // The turn wakes its reader: it is polled again at once.
                    Poll::Pending if count > 0 => return Poll::Ready(count),
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Pending
        });
        most = most.max(at_once.await);
        tokio::task::yield_now().await;
    }
    assert!(most <= 128, "{most} events in one turn of the task");
}

#[tokio::test]
async fn a_shutdown_ends_running_turns_with_an_error_and_keeps_their_text() {
    for wire in [Wire::Sse, Wire::Ui, Wire::Text] {
        let bench = Bench::replying(Script::new().role("assistant").text("half").stall()).await;
        let turns = bench.turns();
        let mut body = turns.start(bench.ask_on()).bytes(wire);
        let mut read = String::new();
        while !read.contains("half") {
            read.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
        }
        let reading = tokio::spawn(async move {
            let mut error = None;
            while let Some(piece) = body.next().await {
                match piece {
                    Ok(piece) => read.push_str(std::str::from_utf8(&piece).unwrap()),
                    Err(broken) => error = Some(broken),
                }
            }
            (read, error)
        });
        assert_eq!(counts(&turns.shutdown(DEADLINE).await), (2, 0, 0));
        let (read, error) = reading.await.unwrap();
        let sentence = "The answer broke off. Please try again.";
        match wire {
            Wire::Sse => assert!(read.ends_with(&format!(
                "data: {{\"type\": \"error\", \"message\": \"{sentence}\", \"code\": \"truncated\"}}\n\n"
            ))),
            Wire::Ui => assert!(read.ends_with(&format!(
                "{{\"type\": \"error\", \"errorText\": \"{sentence}\"}}\n\ndata: [DONE]\n\n"
            ))),
            _ => assert_eq!(error.unwrap().partial(), Some("half")),
        }
        assert_eq!(bench.saved(), [user(MESSAGE), ai("half")], "{wire:?}");
        bench.llm.wait_for(|log| log.open_connections == 0).await;
    }
}

#[tokio::test]
async fn a_shutdown_leaves_a_complete_reply_as_it_is_and_waits_for_no_reader() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    bench.llm.script("m stream", Script::new().role("assistant").text("half").stall());
    let turns = bench.turns();
    let mut complete = turns.start(bench.ask_on());
    assert_eq!(read(&mut complete).await.error.map(|error| error.to_string()), None);
    // Held by the program, and not read on.
    let mut held = turns.start(bench.ask_on());
    for _ in 0..2 {
        held.next().await.unwrap().unwrap();
    }
    tokio::time::timeout(DEADLINE, turns.shutdown(10 * DEADLINE))
        .await
        .expect("it waits for no reader");
    assert_eq!(held.finish().await.unwrap_err().code(), "truncated");
}
