//! The engine: settings and connections that turns share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use super::engine::Engine;
use super::settings::EngineSettings;
use super::work::Work;
use super::{StopOutcome, Turn, admission, following};
use crate::conversation::Owner;
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::{FlushReport, Outbox};
use crate::process::PerProcess;
use crate::speech::{OnFailure, SpeechMode};
use crate::turn_request::TurnRequest;

/// The time for turns and tasks that are ended to store their results.
const GRACE: Duration = Duration::from_millis(100);

/// Runs turns: accepts a user's message, streams the reply as it is generated, and stores both in the background.
///
/// Clones are cheap and share everything. It works in a forked child as well, with connections and background work of the
/// child's own; a running turn belongs to the process that started it.
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
    pub(super) settings: Arc<EngineSettings>,
    work: Arc<PerProcess<Work>>,
}

impl Turns {
    /// Checks the request and starts its turn. The user's message is in the outbox when this returns.
    ///
    /// Use this in services: an error here can be answered with a status, before a stream begins.
    ///
    /// # Errors
    ///
    /// `invalid_request` when the turn cannot honour the request; then nothing is sent, saved or paid for. That is an
    /// empty message; without a store, a workspace or tokens; with one, no user's id, no workspace or no
    /// tokens at all; tokens that are empty or invalid in a header; [`TurnRequest::workspace_of`] a message that is not known;
    /// ids of messages that are another user's;
    /// and [`TurnRequest::speech`], which is for services. `storage` if the outbox's file cannot be read for such a message.
    /// `config` after [`shutdown`](Self::shutdown), or outside of a Tokio runtime.
    pub fn try_start(&self, mut request: TurnRequest) -> Result<Turn> {
        self.check_open()?;
        admission::check(&self.settings, &request)?;
        let runtime = Handle::try_current().map_err(|_| {
            let why = "a turn runs on a Tokio runtime, and there is none here";
            Error::new(ErrorKind::Config, "turn.start", why)
                .with_hint("start it inside one, or use `turnwire::blocking::Turns`")
        })?;
        following::check_ids(&self.settings, &request)?;
        let following = following::find(&self.settings, &mut request)?;
        let engine = Engine::start(&self.settings, &self.work(), runtime, request, following);
        Ok(Turn::running(engine))
    }

    /// Starts a turn as [`try_start`](Self::try_start); its error becomes the turn's only item.
    pub fn start(&self, request: TurnRequest) -> Turn {
        let response = self.settings.response();
        self.try_start(request).unwrap_or_else(|error| Turn::refused(error, response))
    }

    /// Stops the turn with this [id](Turn::id), as its [`Stopper`](crate::turn::Stopper) does: also one that runs in another
    /// process with the same outbox file, within 250 ms. Without a file, only turns of this process are found.
    ///
    /// Returns false when no such turn is known to run. That is no proof that it goes on: a turn that another process started
    /// less than 50 ms ago may not be in the file yet. The request waits there for 10 s, and stops it. For another process's
    /// turn this blocks for the file, 50 ms at most.
    ///
    /// The id is all that it takes: [`stop_of_user`](Self::stop_of_user) is for requests of users.
    pub fn stop(&self, turn_id: &str) -> bool {
        self.stop_turn(turn_id, None) == StopOutcome::Stopped
    }

    /// Stops a turn as [`stop`](Self::stop) does, on behalf of a user: one that is not this user's
    /// ([`TurnRequest::user_id`]) runs on.
    pub fn stop_of_user(&self, turn_id: &str, user_id: &str) -> StopOutcome {
        self.stop_turn(turn_id, Some(user_id))
    }

    fn stop_turn(&self, turn_id: &str, user_id: Option<&str>) -> StopOutcome {
        match (self.work().running.stop(turn_id, user_id), self.outbox()) {
            (StopOutcome::Unknown, Some(outbox)) => outbox.stop_elsewhere(turn_id, user_id).into(),
            (outcome, _) => outcome,
        }
    }

    /// Speaks a text, sentence by sentence, as one piece of audio.
    ///
    /// # Errors
    ///
    /// `config` without a speaker; otherwise any [`ErrorKind`] of its requests, and `too_large`.
    pub async fn speak(&self, text: impl Into<String>) -> Result<Bytes> {
        let Some(speech) = &self.settings.speech else {
            let why = "there is no speaker: set one for the turns";
            return Err(Error::new(ErrorKind::Config, "turns.speak", why));
        };
        let speech = speech.clone().on_failure(OnFailure::Stop);
        speech.say(text).joined().whole().await
    }

    /// The outbox that delivers the messages; `None` without a store.
    pub fn outbox(&self) -> Option<&Outbox> {
        self.settings.outbox.as_ref()
    }

    /// Returns true if messages are kept in a store.
    pub(crate) fn has_store(&self) -> bool {
        self.settings.store.is_some()
    }

    /// Returns true if each turn must have its user's tokens.
    pub(crate) fn needs_tokens(&self) -> bool {
        self.settings.store.as_ref().is_some_and(|store| store.needs_tokens())
    }

    /// Returns true if the user has this workspace; `None` if that is not known before its turn.
    pub(crate) async fn has_workspace(
        &self,
        user_id: &str,
        tokens: Option<&Tokens>,
        id: &str,
    ) -> Option<bool> {
        let store = self.settings.store.as_ref()?;
        store.has(Owner::new(Some(user_id), tokens), id).await
    }

    /// The workspace of the user's message with this id, if the store tells it without a request to a service.
    pub(crate) async fn stored_workspace_of(
        &self,
        user_id: &str,
        tokens: Option<&Tokens>,
        message_id: &str,
    ) -> Option<String> {
        let store = self.settings.store.as_ref()?;
        store.conversation_of(Owner::new(Some(user_id), tokens), message_id).await
    }

    /// The tokens with which the store has replaced these.
    pub(crate) fn reissued(&self, tokens: &Tokens) -> Option<Tokens> {
        self.settings.store.as_ref()?.reissued(tokens)
    }

    /// The same engine with another mode of speech.
    pub(crate) fn with_speech_mode(&self, mode: SpeechMode) -> Self {
        let settings = EngineSettings { speech_mode: mode, ..(*self.settings).clone() };
        Turns { settings: Arc::new(settings), work: self.work.clone() }
    }

    /// Waits, at most this long, until all background tasks have ended and every message is delivered or dead.
    /// [`Duration::MAX`] means no limit.
    pub async fn flush(&self, deadline: Duration) -> FlushReport {
        let began = Instant::now();
        self.work().wait(deadline).await;
        match self.outbox() {
            Some(outbox) => outbox.flush(deadline.saturating_sub(began.elapsed())).await,
            None => FlushReport::default(),
        }
    }

    /// Waits as [`flush`](Self::flush), and shuts down: no turn can be started afterwards. Turns whose reply is not complete end
    /// with an error, and their text so far is kept; a server that lets them end does so before. Background tasks are aborted,
    /// and messages that are still pending stay in the outbox's file.
    ///
    /// An outbox that was [given](super::TurnsBuilder::outbox) is flushed and stays open, as others may use it: it goes on to
    /// deliver until its own [`shutdown`](Outbox::shutdown).
    pub async fn shutdown(&self, deadline: Duration) -> FlushReport {
        let began = Instant::now();
        let work = self.work();
        work.closed.cancel();
        work.running.shut_down();
        // Their readers, which keep the texts so far, have been woken.
        let _ = timeout(GRACE.min(deadline), work.turns.wait()).await;
        work.wait(deadline).await;
        work.ending.cancel();
        work.wait(GRACE).await;
        match self.outbox() {
            Some(outbox) => {
                let left = deadline.saturating_sub(began.elapsed());
                match self.settings.owns_outbox {
                    true => outbox.shutdown(left).await,
                    // The workspaces that have just been released are requested now: a process that ends at once would put
                    // them in doubt.
                    false => outbox.flush(left.max(GRACE)).await,
                }
            }
            None => FlushReport::default(),
        }
    }

    pub(super) fn new(settings: EngineSettings) -> Self {
        Turns { settings: Arc::new(settings), work: Arc::default() }
    }

    /// The work of this process: a forked child neither waits for its parent's work nor ends it.
    fn work(&self) -> Work {
        self.work.get_or_make(Work::default)
    }

    fn check_open(&self) -> Result<()> {
        if self.work().closed.is_cancelled() {
            return Err(admission::shut_down());
        }
        match self.outbox() {
            Some(outbox) if outbox.is_shut_down() => Err(admission::without_outbox()),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("settings", &self.settings).finish_non_exhaustive()
    }
}
