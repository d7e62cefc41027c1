//! A thousand concurrent turns on one thread, repeatedly: all complete, and their memory is freed. Alone in its
//! process, because it counts the process's memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use turnwire::outbox::Delivery;
use turnwire::{ChatStore, OpenAi, Outbox, Turn, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Login, Script};
use turnwire_suite::memory::{self, Counting};

const TURNS: usize = 1000;
const ROUNDS: usize = 6;
/// Rounds on a busy machine, where the buffers of a thousand connections reach their size later. A leak outlasts any number.
const MOST_ROUNDS: usize = 40;
/// The round after which one-time allocations are done.
const WARM: usize = 3;

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACE: &str = "workspace-of-the-test";

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Memory in use after a round.
#[derive(Clone, Copy, Debug)]
struct Held {
    pieces: isize,
    bytes: isize,
    /// The resident memory of the process in KiB, if the system reports it.
    resident: Option<u64>,
}

impl Held {
    fn now() -> Self {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").ok()?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        Held { pieces: memory::pieces(), bytes: memory::held(), resident: resident() }
    }
}

/// The least growth of a round. A leak grows with every round; state kept between turns, such as connections, by steps.
fn growth(held: &[Held], of: fn(&Held) -> isize) -> isize {
    let warm = held.get(WARM - 1..).unwrap().windows(2);
    warm.filter_map(|two| Some(of(two.last()?) - of(two.first()?))).min().unwrap()
}

fn leaves_a_piece(held: &[Held]) -> bool {
    2 * growth(held, |held| held.pieces) >= TURNS.cast_signed()
}

/// The buffers of connections grow for some rounds; a turn's messages would take more.
fn leaves_bytes(held: &[Held]) -> bool {
    growth(held, |held| held.bytes) >= 512 * TURNS.cast_signed()
}

fn turns(llm: &Fake, store: &FakeStore) -> Turns {
    let openai = OpenAi::builder().base_url(llm.base_url()).api_key("sk-of-the-test").no_proxy();
    // The ids are remembered on purpose; few, so that they hide no leak.
    let delivery = Delivery::new().remembered(100);
    Turns::builder(openai.build().unwrap())
        .model("m")
        .store(ChatStore::builder(store.url()).no_proxy().build().unwrap())
        .outbox(Outbox::builder().delivery(delivery).start().unwrap())
        .sentiment(|_: String| async { Ok("기쁨".to_owned()) })
        .workspace_wait(Duration::from_secs(60))
        .build()
        .unwrap()
}

/// One in ten starts a conversation.
fn start(turns: &Turns, login: &Login, at: usize) -> Turn {
    let request = TurnRequest::new("오늘 기분이 어때요?").user_id(USER);
    let request = request.tokens(login.access.as_str(), login.refresh.as_str());
    turns.start(match at.is_multiple_of(10) {
        true => request.new_workspace(),
        false => request.workspace(WORKSPACE),
    })
}

#[tokio::test(flavor = "current_thread")]
async fn a_thousand_turns_at_once_complete_and_give_back_what_they_held() {
    let (llm, store) = (Fake::spawn_thread().unwrap(), FakeStore::spawn_thread().unwrap());
    let (turns, login) = (turns(&llm, &store), store.login(USER));
    let mut held = Vec::new();
    for round in 1..=MOST_ROUNDS {
        // The fakes remember every request.
        llm.reset();
        store.fake().reset();
        store.add_workspace(WORKSPACE, USER);
        llm.script("m stream", Script::chat(["안", "녕", "하", "세요"]));
        let run = |at| {
            let turn = start(&turns, &login, at);
            async move { turn.map(Result::unwrap).collect::<Vec<_>>().await }
        };
        for events in join_all((0..TURNS).map(run)).await {
            let is_content = |event: &&TurnEvent| event.kind() == "content";
            assert_eq!(events.iter().filter(is_content).count(), 4, "{events:?}");
            assert_eq!(events.last(), Some(&TurnEvent::done()));
        }
        let report = turns.flush(Duration::from_secs(60)).await;
        let found = (report.delivered, report.pending, report.dead);
        assert_eq!(found, (2 * TURNS as u64, 0, 0), "in round {round}");
        held.push(Held::now());
        if round >= ROUNDS && !leaves_a_piece(&held) && !leaves_bytes(&held) {
            break;
        }
    }
    assert!(!leaves_a_piece(&held), "each turn leaves a piece: {held:#?}");
    assert!(!leaves_bytes(&held), "each turn leaves 512 bytes: {held:#?}");
    let warm = held.get(WARM - 1..).unwrap();
    // A coarse check beyond the allocator: pages are fragmented, and are not returned at once.
    let resident = |held: Option<&Held>| held.and_then(|held| held.resident);
    if let (Some(warm), Some(last)) = (resident(warm.first()), resident(warm.last())) {
        assert!(last < warm + warm / 2, "{held:#?}");
    }
    println!("{held:?}");
}
