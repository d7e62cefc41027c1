//! A fake chat service: it echoes each message, streamed or whole, in the configured dialect.
//!
//! Scripts are looked up by the message (for `/chat/tts`: the text; for `/chat/stop`: the turn's id), then by the call's name:
//! `chat`, `stream`, `tts`, `stop`.
//!
//! Additional control calls:
//!
//! | call | effect |
//! | --- | --- |
//! | `GET /_fake/turns` | the accepted turns: [`Taken`] |
//! | `PUT /_fake/dialect` | sets the [`Dialect`] of streams |
//! | `POST /_fake/refuse` | refuses an access token from now on: `{"access"}` |
//! | `POST /_fake/workspace` | knows a workspace from now on: `{"workspaceId"}` |

mod dialect;
mod service;

use std::io;
use std::sync::Arc;

use serde::Serialize;

use crate::fake::{Fake, FakeBuilder};
use crate::script::Script;

pub use dialect::{Dialect, LineEnd};

use service::Chat;

/// A running fake chat service. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct FakeChat {
    fake: Fake,
    chat: Arc<Chat>,
}

/// An accepted turn, which a real service would have paid for and saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Taken {
    /// The user's message.
    pub message: String,
    /// The workspace that it belongs to.
    pub workspace_id: String,
    /// The call that was used: `chat` or `stream`.
    pub call: String,
}

impl FakeChat {
    /// Starts a service on the current Tokio runtime, which needs I/O and time.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts a service on a thread of its own, for tests that block and for tests that stop the clock of their
    /// runtime.
    ///
    /// # Errors
    ///
    /// When the thread or the port cannot be opened.
    pub fn spawn_thread() -> io::Result<Self> {
        Self::builder().spawn_thread()
    }

    /// Settings to start with.
    pub fn builder() -> FakeChatBuilder {
        FakeChatBuilder::default()
    }

    /// The underlying server: its scripts, address and log.
    pub fn fake(&self) -> &Fake {
        &self.fake
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.fake.url()
    }

    /// The turns accepted so far.
    pub fn turns(&self) -> Vec<Taken> {
        self.chat.data().turns.clone()
    }

    /// Adds a workspace, as if it had been created.
    pub fn add_workspace(&self, id: &str) {
        self.chat.data().workspaces.push(id.to_owned());
    }

    /// Refuses an access token from now on, with 401.
    pub fn refuse(&self, access: &str) {
        self.chat.data().refused.push(access.to_owned());
    }

    /// Sets the dialect of streams.
    pub fn speak(&self, dialect: Dialect) {
        self.chat.data().dialect = dialect;
    }

    /// A script of an error in the service's format.
    pub fn refusal(status: u16, message: &str) -> Script {
        service::refusal(status, message)
    }
}

impl From<FakeChat> for Fake {
    fn from(chat: FakeChat) -> Self {
        chat.fake
    }
}

/// Settings of a [`FakeChat`].
#[derive(Debug, Clone, Default)]
pub struct FakeChatBuilder {
    fake: FakeBuilder,
    origin: Option<String>,
}

impl FakeChatBuilder {
    /// The server to run on: its port, its send buffer.
    pub fn on(mut self, fake: FakeBuilder) -> Self {
        self.fake = fake;
        self
    }

    /// The one origin whose pages may call it, with credentials.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// See [`FakeChat::start`].
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(self) -> io::Result<FakeChat> {
        let chat = Arc::new(Chat::new(self.origin));
        let fake = self.fake.service(chat.clone()).start().await?;
        Ok(FakeChat { fake, chat })
    }

    /// See [`FakeChat::spawn_thread`].
    ///
    /// # Errors
    ///
    /// When the thread or the port cannot be opened.
    pub fn spawn_thread(self) -> io::Result<FakeChat> {
        let chat = Arc::new(Chat::new(self.origin));
        let fake = self.fake.service(chat.clone()).spawn_thread()?;
        Ok(FakeChat { fake, chat })
    }
}
