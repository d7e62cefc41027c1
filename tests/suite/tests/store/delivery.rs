//! The store as the sink of a real outbox: every message arrives once, in order, and is counted once.

use std::time::Duration;

use serde_json::json;
use turnwire::Outbox;
use turnwire::conversation::StoreMessage;
use turnwire::credentials::Tokens;
use turnwire::outbox::Record;
use turnwire_fakes::{FakeStore, Framing, Script};

use super::{SENT_AT, USER, WORKSPACE, calls, message, settings};

const DEADLINE: Duration = Duration::from_secs(60);

fn record(fake: &FakeStore, message: &StoreMessage) -> Record {
    let login = fake.login(USER);
    Record::new(message.workspace_id.as_str(), message.id.as_str(), json!(message))
        .user(USER)
        .tokens(Tokens::new(login.access.as_str(), login.refresh.as_str()))
}

#[tokio::test]
async fn messages_arrive_in_order_and_are_counted_once_each() {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let outbox = Outbox::memory();
    outbox.attach(settings(&fake).build().unwrap()).unwrap();
    let script = |script| fake.fake().script("save", script);
    script(Script::new().framing(Framing::Raw).reset().after_commit());
    script(FakeStore::refusal(503, "starting"));
    script(Script::pass());
    let messages: Vec<_> = (0..20).map(|n| message(&format!("text {n}"), SENT_AT + n)).collect();
    for message in &messages {
        outbox.enqueue(record(&fake, message)).unwrap();
    }
    let report = outbox.flush(DEADLINE).await;
    assert_eq!((report.delivered, report.pending, report.dead), (20, 0, 0), "{report:?}");
    let stored = fake.stored();
    let ids: Vec<_> = messages.iter().map(|message| message.id.clone()).collect();
    let mut saves = stored.saves.clone();
    saves.dedup();
    assert_eq!(saves, ids);
    assert_eq!(stored.counted(WORKSPACE), 20);
    assert_eq!(calls(&fake, "PATCH /api/session/update-messages"), 20);
}

#[tokio::test]
async fn poison_ends_as_a_dead_letter_with_the_stores_words() {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let outbox = Outbox::memory();
    outbox.attach(settings(&fake).build().unwrap()).unwrap();
    let invalid = message(" ", SENT_AT);
    let good = message("안녕", SENT_AT + 1);
    for message in [&invalid, &good] {
        outbox.enqueue(record(&fake, message)).unwrap();
    }
    let report = outbox.flush(DEADLINE).await;
    assert_eq!((report.delivered, report.dead), (1, 1), "{report:?}");
    let dead = outbox.dead_letters().unwrap();
    assert!(format!("{dead:?}").contains("must not be blank"), "{dead:?}");
}
