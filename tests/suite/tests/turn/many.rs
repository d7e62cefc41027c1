//! A thousand turns at once on one thread, again and again.

use std::time::Duration;

use futures::future::join_all;
use turnwire::{ChatStore, Outbox, Turns};
use turnwire_fakes::{Fake, FakeStore, Script};

use super::{Bench, DEADLINE, USER, WORKSPACE, counts, read};

const TURNS: usize = 1000;
const ROUNDS: usize = 10;

/// The memory that is the process's own, in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test(flavor = "current_thread")]
async fn a_thousand_turns_at_once_complete_and_leave_no_memory_behind() {
    let bench =
        Bench { llm: Fake::spawn_thread().unwrap(), store: FakeStore::spawn_thread().unwrap() };
    let store = ChatStore::builder(bench.store.url()).no_proxy().build().unwrap();
    let turns = Turns::builder(bench.openai())
        .model("m")
        .store(store)
        .outbox(Outbox::memory())
        .sentiment(|_: String| async { Ok("기쁨".to_owned()) })
        .workspace_wait(Duration::from_secs(60))
        .build()
        .unwrap();
    let mut memory = Vec::new();
    for round in 0..ROUNDS {
        // The fakes remember every request.
        bench.llm.reset();
        bench.store.fake().reset();
        bench.store.add_workspace(WORKSPACE, USER);
        bench.llm.script("m stream", Script::chat(["안", "녕", "하", "세요"]));
        let run = |at: usize| {
            // One in ten begins a conversation.
            let is_new = at.is_multiple_of(10);
            let mut turn = turns.start(if is_new { bench.ask_anew() } else { bench.ask_on() });
            async move { read(&mut turn).await }
        };
        for read in join_all((0..TURNS).map(run)).await {
            assert!(read.error.is_none(), "{:?}", read.error);
            assert_eq!((read.text().as_str(), read.kinds().last()), ("안녕하세요", Some(&"done")));
        }
        let report = turns.flush(DEADLINE * 6).await;
        assert_eq!(counts(&report), (2 * TURNS as u64, 0, 0), "in round {round}");
        memory.extend(resident());
    }
    if let [_, _, third, .., last] = memory[..] {
        // What the outbox remembers of delivered ids and tokens, which is bounded, and what the allocator scatters.
        assert!(last < third + third / 10 + 8 * 1024, "KiB after each round: {memory:?}");
    }
}
