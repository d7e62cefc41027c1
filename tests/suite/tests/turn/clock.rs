//! The times of messages after the clock was set back.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use serde_json::json;
use tokio::sync::Semaphore;
use turnwire::conversation::{Conversations, CreateError, NewConversation, Owner, StoreMessage};
use turnwire::outbox::{OutboxLimits, Outcome, Record};
use turnwire::turn::{HistoryLimits, StageName, StageOutcome};
use turnwire::{ChatStore, Outbox, Result, TurnEvent, Turns, async_trait};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, MESSAGE, USER, WORKSPACE, read};

/// Far later than now.
const AHEAD: i64 = 4_000_000_000_000;

fn ahead() -> StoreMessage {
    StoreMessage::from_user(WORKSPACE, USER, "이전", AHEAD)
}

/// The bench's store, as the user.
fn store(bench: &Bench) -> ChatStore {
    let login = bench.store.login(USER);
    let store = ChatStore::builder(bench.store.url()).no_proxy();
    store.tokens(login.access, login.refresh).build().unwrap()
}

/// The conversation's texts by time, of which no two are the same.
async fn texts(store: &ChatStore) -> Vec<String> {
    let mut rows = store.history(WORKSPACE).await.unwrap();
    rows.sort_by_key(|row| row.sent_at);
    let times: Vec<_> = rows.iter().map(|row| row.sent_at - AHEAD).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    rows.into_iter().map(|row| row.content).collect()
}

#[tokio::test]
async fn a_message_is_later_than_its_history() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let store = store(&bench);
    store.save(&ahead()).await.unwrap();
    let turns = bench.turns();
    // Two turns, so that one follows a message that was moved.
    for _ in 0..2 {
        read(&mut turns.start(bench.ask_on())).await;
    }
    turns.flush(DEADLINE).await;
    assert_eq!(texts(&store).await, ["이전", MESSAGE, "a", MESSAGE, "a"]);
    let counted = bench.calls("PATCH /api/session/update-messages");
    assert_eq!(counted, 4, "a moved message is counted once");
}

#[tokio::test]
async fn a_message_is_later_than_the_reply_that_is_still_streamed() {
    let bench = Bench::replying(Script::new().role("assistant").text("half").stall()).await;
    bench.llm.script("m stream", Script::chat(["b"]));
    let store = store(&bench);
    store.save(&ahead()).await.unwrap();
    let turns = bench.turns();
    let mut running = turns.start(bench.ask_on());
    while !matches!(running.next().await, Some(Ok(TurnEvent::Content { .. }))) {}
    read(&mut turns.start(bench.ask_on())).await;
    running.stopper().stop();
    read(&mut running).await;
    turns.flush(DEADLINE).await;
    assert_eq!(texts(&store).await, ["이전", MESSAGE, "half", MESSAGE, "b"]);
}

/// A store that saves nothing until its history is read.
struct Late {
    outbox: Outbox,
    saves: Semaphore,
    saved: Mutex<Vec<StoreMessage>>,
}

#[async_trait]
impl Conversations for Late {
    async fn history(&self, _: Owner<'_>, _: &str, _: usize) -> Result<Vec<StoreMessage>> {
        self.saves.add_permits(8);
        self.outbox.flush(DEADLINE).await;
        Ok(vec![ahead()])
    }

    async fn create(&self, _: NewConversation<'_>) -> Result<String, CreateError> {
        unreachable!("the workspace exists")
    }

    async fn save(&self, _: Owner<'_>, message: &StoreMessage) -> Outcome {
        self.saves.acquire().await.unwrap().forget();
        self.saved.lock().unwrap().push(message.clone());
        Outcome::Delivered
    }
}

#[tokio::test]
async fn a_message_that_the_outbox_refused_stays_out_and_its_reply_is_later_than_the_history() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let limits = OutboxLimits::new().memory_records(1);
    let outbox = Outbox::builder().limits(limits).start().unwrap();
    let waiting = StoreMessage::from_user("another", USER, "waiting", 1);
    outbox.enqueue(Record::new("another", "waiting", json!(waiting)).user(USER)).unwrap();
    let (saves, saved) = (Semaphore::new(0), Mutex::default());
    let late = Arc::new(Late { outbox: outbox.clone(), saves, saved });
    let turns = Turns::builder(bench.openai()).model("m").store(late.clone()).outbox(outbox);
    let turns = turns.history(HistoryLimits::default().wait(DEADLINE)).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    assert!(read(&mut turn).await.error.is_none());
    let outcome = turn.timeline().stage(StageName::SaveUser).unwrap().outcome.clone();
    assert!(matches!(outcome, StageOutcome::Failed(_)), "{outcome:?}");
    turns.flush(DEADLINE).await;
    let saved = late.saved.lock().unwrap();
    let texts: Vec<_> = saved.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(texts, ["waiting", "a"]);
    assert!(saved[1].sent_at > AHEAD, "{}", saved[1].sent_at);
}
