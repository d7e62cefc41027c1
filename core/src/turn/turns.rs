//! The engine: settings and connections that turns share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Turn;
use super::settings::TurnsBuilder;
use crate::chat::OpenAi;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::{FlushReport, Outbox};
use crate::speech::OnFailure;
use crate::turn_request::TurnRequest;

/// How long what was broken off has to put away what it has.
const GRACE: Duration = Duration::from_millis(100);

/// Runs turns: takes a user's message, streams the reply as it is made, and keeps both without anyone waiting.
///
/// Clones are cheap and share everything.
///
/// ```no_run
/// use std::time::Duration;
///
/// use futures::StreamExt;
/// use turnwire::{ChatStore, OpenAi, Outbox, TurnEvent, TurnRequest, Turns};
///
/// # async fn run() -> turnwire::Result<()> {
/// let turns = Turns::builder(OpenAi::from_env()?)
///     .store(ChatStore::new("http://localhost:8888")?)
///     .outbox(Outbox::open("var/outbox.db")?)
///     .system_prompt("따뜻한 한국어로 답하세요.")
///     .build()?;
/// let request = TurnRequest::new("안녕하세요").user_id("user-1").new_workspace().tokens("access", "refresh");
/// let mut turn = turns.start(request);
/// while let Some(event) = turn.next().await {
///     match event? {
///         TurnEvent::Workspace { workspace_id } => eprintln!("in {workspace_id}"),
///         TurnEvent::Content { content } => print!("{content}"),
///         _ => {}
///     }
/// }
/// eprintln!("{}", turn.timeline());
/// turns.flush(Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Turns {
    pub(super) settings: Arc<TurnsBuilder>,
    /// What goes on without a reader: workspaces in the making, turns that are finished after their reader has gone.
    pub(super) background: TaskTracker,
    /// Ends it.
    pub(super) ending: CancellationToken,
    /// Cancelled when a shutdown begins: no turn is started any more.
    pub(super) closed: CancellationToken,
}

impl Turns {
    /// Settings of turns with this model's service.
    pub fn builder(llm: OpenAi) -> TurnsBuilder {
        TurnsBuilder::new(llm)
    }

    /// Starts a turn. The user's message is handed to the outbox before this returns.
    ///
    /// A request that the turn could not honour is refused: its only item is an `invalid_request` error, and nothing is
    /// sent, saved or paid for. That is an empty message; without a store, a workspace, a user's id or tokens; with one,
    /// no user's id, no workspace or no tokens at all; tokens that are empty or that no header can carry;
    /// [`TurnRequest::speech`], which is for services; and any request after [`shutdown`](Self::shutdown).
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn start(&self, request: TurnRequest) -> Turn {
        Turn::start(self, request)
    }

    /// Speaks a text, sentence by sentence, as one piece of audio.
    ///
    /// # Errors
    ///
    /// `config` without a speaker; else any [`ErrorKind`] of its requests, and `too_large`.
    pub async fn speak(&self, text: impl Into<String>) -> Result<Bytes> {
        let Some(speech) = &self.settings.speech else {
            let why = "there is no speaker: give one to `Turns::builder(…).speaker(…)`";
            return Err(Error::new(ErrorKind::Config, "turns.speak", why));
        };
        let speech = speech.clone().on_failure(OnFailure::Stop);
        speech.say(text).joined().whole().await
    }

    /// The outbox that delivers the messages; `None` without a store.
    pub fn outbox(&self) -> Option<&Outbox> {
        self.settings.outbox.as_ref()
    }

    /// Waits, at most this long, for what goes on without a reader, and until what was handed over is delivered or
    /// dead. [`Duration::MAX`] is no limit.
    pub async fn flush(&self, deadline: Duration) -> FlushReport {
        let began = Instant::now();
        self.quiet(deadline).await;
        match self.outbox() {
            Some(outbox) => outbox.flush(deadline.saturating_sub(began.elapsed())).await,
            None => FlushReport::default(),
        }
    }

    /// The same, and ends: no turn is started any more. What still goes on without a reader is broken off, and what
    /// is still pending stays in the outbox's file.
    pub async fn shutdown(&self, deadline: Duration) -> FlushReport {
        let began = Instant::now();
        self.closed.cancel();
        self.quiet(deadline).await;
        self.ending.cancel();
        self.quiet(GRACE).await;
        match self.outbox() {
            Some(outbox) => outbox.shutdown(deadline.saturating_sub(began.elapsed())).await,
            None => FlushReport::default(),
        }
    }

    pub(super) fn is_shut_down(&self) -> bool {
        // The outbox may be shared, and somebody else's to end.
        self.closed.is_cancelled() || self.outbox().is_some_and(Outbox::is_shut_down)
    }

    /// Waits until nothing goes on without a reader, or out of time.
    async fn quiet(&self, limit: Duration) {
        self.background.close();
        let _ = timeout(limit, self.background.wait()).await;
        self.background.reopen();
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("settings", &self.settings).finish_non_exhaustive()
    }
}
