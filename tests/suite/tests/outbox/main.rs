//! The outbox with the chat store as its sink, through its public API: no fault of the store loses a record.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod faults;
mod life;
mod vectors;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use turnwire::config::Timeouts;
use turnwire::conversation::StoreMessage;
use turnwire::credentials::Tokens;
use turnwire::outbox::{Delivery, OutboxBuilder, Record};
use turnwire::store::ChatStoreBuilder;
use turnwire::{ChatStore, Outbox};
use turnwire_fakes::{FakeStore, Login};

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACES: [&str; 2] = ["workspace-1", "workspace-2"];
const SENT_AT: i64 = 1_764_660_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A directory that is removed with the test.
fn scratch() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("var/outbox.db");
    (directory, file)
}

async fn fake() -> FakeStore {
    let fake = FakeStore::start().await.unwrap();
    WORKSPACES.iter().for_each(|workspace| fake.add_workspace(workspace, USER));
    fake
}

fn store(fake: &FakeStore) -> ChatStoreBuilder {
    let total = Some(Duration::from_millis(300));
    ChatStore::builder(fake.url()).no_proxy().timeouts(Timeouts::new().total(total))
}

/// An outbox with short retry waits.
fn settings(file: Option<&Path>, store: ChatStoreBuilder) -> OutboxBuilder {
    let delivery = Delivery::new()
        .initial_backoff(Duration::from_millis(5))
        .max_backoff(Duration::from_millis(20))
        .breaker_wait(Duration::from_millis(20))
        .max_breaker_wait(Duration::from_millis(50));
    let builder = Outbox::builder().delivery(delivery).sink(store.build().unwrap());
    match file {
        Some(file) => builder.path(file),
        None => builder,
    }
}

fn tokens(login: &Login) -> Tokens {
    Tokens::new(login.access.as_str(), login.refresh.as_str())
}

/// The `n`th message, in alternating workspaces.
fn message(n: usize) -> StoreMessage {
    let workspace = WORKSPACES[n % WORKSPACES.len()];
    StoreMessage::from_user(workspace, USER, format!("{n}번째 말"), SENT_AT + n as i64)
}

fn record(message: &StoreMessage) -> Record {
    let payload = json!(message);
    let text = |name: &str| payload[name].as_str().unwrap().to_owned();
    Record::new(text("msgWorkspaceId"), text("msgId"), payload.clone()).user(USER)
}

/// Asserts that the counters balance, and that the listings have as many records.
///
/// Each reading is one moment, and deliveries may go on between two: listings are compared when the counters before and after
/// them agree, so that nothing has moved meanwhile.
fn assert_balanced(outbox: &Outbox) {
    let by = Instant::now() + PATIENCE;
    let balanced = || {
        let stats = outbox.stats();
        let gone = stats.delivered + stats.dead + stats.discarded;
        assert_eq!(stats.accepted + stats.recovered, gone + stats.pending, "{stats:?}");
        (stats.accepted, stats.recovered, stats.delivered, stats.dead, stats.pending)
    };
    loop {
        let before = balanced();
        let listed = [outbox.pending().unwrap().len(), outbox.dead_letters().unwrap().len()];
        if balanced() == before {
            let (.., dead, pending) = before;
            assert_eq!(listed, [pending as usize, dead as usize], "pending and dead letters");
            return;
        }
        assert!(Instant::now() < by, "the outbox never stands still: {before:?}");
    }
}
