//! A fake chat store: it saves, counts and refuses as the real one does, and holds what it was told in memory.
//!
//! Its scripts are found by the call's name: `save`, `update-messages`, `create-workspace`, `start-session`, `history`,
//! `workspaces`, `session`, `update-status`, `reissue`; in an older store `workspace` and `refresh-token`. For a save
//! the message's id comes first, then its workspace's.
//!
//! Its own control calls, besides those of every fake:
//!
//! | call | what it does |
//! | --- | --- |
//! | `GET /_fake/stored` | everything it holds: [`Stored`] |
//! | `POST /_fake/login` | tokens (`access`, `refresh`) for `{"memUuid", "accessMs"?, "refreshMs"?}` |
//! | `POST /_fake/workspace` | a workspace with an active session: `{"workspaceId", "memUuid", "workspaceName"?}` |
//! | `POST /_fake/advance` | turns its clock by `{"ms"}`: tokens expire, sessions time out |

mod data;
mod faults;
mod message;
mod route;
mod service;
mod tokens;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::fake::{Fake, FakeBuilder};
use crate::script::Script;

pub use data::{Stored, StoredMessage, StoredSession, StoredWorkspace};
pub use faults::Faults;

use service::Store;
use tokens::{ACCESS_LIFE_MS, REFRESH_LIFE_MS};

/// A running fake chat store. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct FakeStore {
    fake: Fake,
    store: Arc<Store>,
}

/// The tokens of one login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Login {
    /// The token of `Authorization: Bearer …`.
    pub access: String,
    /// The token of `RefreshToken: Bearer …`.
    pub refresh: String,
}

impl FakeStore {
    /// Starts a store on the current Tokio runtime, which needs I/O and time.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts a store on a thread of its own, for tests that block and for tests that stop the clock of their
    /// runtime.
    ///
    /// # Errors
    ///
    /// When the thread or the port cannot be opened.
    pub fn spawn_thread() -> io::Result<Self> {
        Self::builder().spawn_thread()
    }

    /// Settings to start with.
    pub fn builder() -> FakeStoreBuilder {
        FakeStoreBuilder::default()
    }

    /// The server behind it: its scripts, its address, and what it was sent.
    pub fn fake(&self) -> &Fake {
        &self.fake
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.fake.url()
    }

    /// Everything it holds now.
    pub fn stored(&self) -> Stored {
        self.read(Stored::clone)
    }

    /// Reads what it holds now, without a copy. The store waits meanwhile.
    pub fn read<R>(&self, read: impl FnOnce(&Stored) -> R) -> R {
        read(&self.store.data().stored)
    }

    /// Tokens for a user that live as long as the real ones: 30 minutes and a day.
    pub fn login(&self, user: &str) -> Login {
        self.store.login(user, ACCESS_LIFE_MS, REFRESH_LIFE_MS)
    }

    /// Tokens for a user that live as long as given; with no time at all they are stale from the start.
    pub fn login_for(&self, user: &str, access: Duration, refresh: Duration) -> Login {
        self.store.login(user, millis(access), millis(refresh))
    }

    /// Adds a workspace of this id, with an active session, as if it had been made by calls.
    pub fn add_workspace(&self, id: &str, user: &str) {
        let mut data = self.store.data();
        data.create_workspace(id, user, id);
        data.start_session(id, user);
    }

    /// Turns the store's clock on: tokens expire, and sessions without messages time out.
    pub fn advance(&self, time: Duration) {
        self.store.data().advance(millis(time));
    }

    /// An error as the store words it, to script.
    pub fn refusal(status: u16, message: &str) -> Script {
        service::refusal(status, message)
    }
}

impl From<FakeStore> for Fake {
    fn from(store: FakeStore) -> Self {
        store.fake
    }
}

/// Settings of a [`FakeStore`].
#[derive(Debug, Clone, Default)]
pub struct FakeStoreBuilder {
    fake: FakeBuilder,
    older: bool,
    pace: Option<Pace>,
    faults: Option<Faults>,
}

/// The time that a call takes, by its name.
type Pace = fn(&str) -> Duration;

impl FakeStoreBuilder {
    /// The server to run on: its port, its send buffer.
    pub fn on(mut self, fake: FakeBuilder) -> Self {
        self.fake = fake;
        self
    }

    /// Makes it an older store, which has `GET /api/workspace/{memUuid}` and
    /// `POST /api/members/refresh-token` in place of the present calls.
    pub fn older(mut self, older: bool) -> Self {
        self.older = older;
        self
    }

    /// The time that each call takes, by the name under which its scripts are found. Default: none.
    pub fn pace(mut self, pace: fn(&str) -> Duration) -> Self {
        self.pace = Some(pace);
        self
    }

    /// Lets saves without a script fail, as drawn from a seed. Default: none.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// See [`FakeStore::start`].
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(self) -> io::Result<FakeStore> {
        let store = Arc::new(Store::new(self.older, self.pace, self.faults));
        let fake = self.fake.service(store.clone()).start().await?;
        Ok(FakeStore { fake, store })
    }

    /// See [`FakeStore::spawn_thread`].
    ///
    /// # Errors
    ///
    /// When the thread or the port cannot be opened.
    pub fn spawn_thread(self) -> io::Result<FakeStore> {
        let store = Arc::new(Store::new(self.older, self.pace, self.faults));
        let fake = self.fake.service(store.clone()).spawn_thread()?;
        Ok(FakeStore { fake, store })
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
