//! The public API of the stores: the client of the chat store, against the fake store, and the embedded store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod calls;
mod conformance;
mod delivery;
mod embedded;
mod failure;
mod listing;
mod sink;
mod tokens;

use std::time::Duration;

use turnwire::ChatStore;
use turnwire::config::RetryPolicy;
use turnwire::conversation::StoreMessage;
use turnwire::store::ChatStoreBuilder;
use turnwire_fakes::{FakeStore, Login};

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACE: &str = "workspace-of-the-test";
const SENT_AT: i64 = 1_764_660_000_000;

/// The settings of a client of the fake, with short retry waits.
fn settings(fake: &FakeStore) -> ChatStoreBuilder {
    settings_at(fake.url())
}

fn settings_at(url: String) -> ChatStoreBuilder {
    let retry = RetryPolicy::new()
        .initial_backoff(Duration::from_millis(5))
        .max_backoff(Duration::from_millis(10));
    ChatStore::builder(url).no_proxy().retry(retry)
}

fn signed_in(fake: &FakeStore, login: &Login) -> ChatStore {
    settings(fake).tokens(login.access.as_str(), login.refresh.as_str()).build().unwrap()
}

/// A fake with a workspace of the user, and a client with the user's tokens.
async fn store() -> (FakeStore, ChatStore) {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let store = signed_in(&fake, &fake.login(USER));
    (fake, store)
}

fn message(content: &str, sent_at: i64) -> StoreMessage {
    StoreMessage::from_user(WORKSPACE, USER, content, sent_at)
}

/// Number of these calls at the fake, by method and path.
fn calls(fake: &FakeStore, call: &str) -> usize {
    let requests = fake.fake().requests();
    requests.iter().filter(|r| format!("{} {}", r.method, r.path) == call).count()
}
