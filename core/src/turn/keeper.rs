//! Hands a turn's messages to the outbox. In a new conversation the user's message opens the workspace, and the AI's
//! message waits behind it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::StageName;
use super::saves::Saves;
use super::timeline::Recorder;
use super::workspace::Watch;
use crate::credentials::Tokens;
use crate::error::Result;
use crate::outbox::Opening;
use crate::outbox::{Outbox, Receipt, Record};
use crate::store;
use crate::store::StoreMessage;

/// Keeps the two messages of one turn.
#[derive(Clone)]
pub(super) struct Keeper(Arc<Shared>);

struct Shared {
    outbox: Outbox,
    saves: Saves,
    recorder: Recorder,
    tokens: Option<Tokens>,
    user: String,
    message: StoreMessage,
    /// The workspace is not there yet: the messages are in a conversation with a name of its own until it is.
    is_new: bool,
    /// The message could not be handed over.
    is_refused: Mutex<bool>,
}

impl Keeper {
    /// Takes the user's message, in a workspace or, without one, in a new conversation. It is handed over by
    /// [`keep`](Self::keep) or [`hold`](Self::hold).
    pub(super) fn new(
        (outbox, saves): (Outbox, Saves),
        recorder: Recorder,
        tokens: Option<Tokens>,
        user: &str,
        message: &str,
        workspace: Option<String>,
    ) -> Self {
        let is_new = workspace.is_none();
        let conversation = workspace.unwrap_or_else(|| format!("new-{}", Uuid::now_v7()));
        let message = StoreMessage::from_user(conversation, user, message, now());
        let user = user.to_owned();
        let is_refused = Mutex::new(false);
        let shared = Shared { outbox, saves, recorder, tokens, user, message, is_new, is_refused };
        Keeper(Arc::new(shared))
    }

    /// Hands the user's message over.
    pub(super) fn keep(&self) {
        self.take(&self.0.message, StageName::SaveUser, |outbox, record| outbox.enqueue(record));
    }

    /// Hands the user's message over with the plan of a workspace, to be released with the plan's final name; `false`
    /// when the outbox does not take it. Should the process end before, the workspace gets this name.
    pub(super) fn hold(&self, name: &str, watch: Arc<Watch>) -> bool {
        self.take(&self.0.message, StageName::SaveUser, |outbox, record| {
            outbox.hold(record.opening(store::planned(name)).observed_by(watch))
        })
    }

    /// Lets the workspace be created under this name.
    pub(super) fn release(&self, name: &str) {
        let shared = &*self.0;
        let released = shared.record(&shared.message);
        let released = released.map(|record| record.opening(store::planned(name)));
        if let Err(error) = released.and_then(|record| shared.outbox.release(record)) {
            // It stays in the file, for the process that opens it next.
            tracing::warn!(error.code = error.code(), "a workspace is created later: {error}");
        }
    }

    /// Hands the AI's message over. There is none without text.
    pub(super) fn keep_reply(&self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let shared = &*self.0;
        let message = StoreMessage::reply_to(&shared.message, text, now());
        let behind = Opening::Behind(shared.message.id.clone());
        self.take(&message, StageName::SaveAi, |outbox, record| match shared.is_new {
            // Where the workspace is by now, the outbox knows.
            true if *shared.is_refused() => Err(not_opened()),
            true => outbox.enqueue(record.opening(behind)),
            false => outbox.enqueue(record),
        });
    }

    /// The id of the user's message.
    pub(super) fn message_id(&self) -> &str {
        &self.0.message.id
    }

    fn take(
        &self,
        message: &StoreMessage,
        stage: StageName,
        hand_over: impl FnOnce(&Outbox, Record) -> Result<Receipt>,
    ) -> bool {
        let shared = &*self.0;
        shared.saves.watch(&message.id, &shared.message.id, stage, &shared.recorder);
        let kept = shared.record(message).and_then(|record| hand_over(&shared.outbox, record));
        let Err(error) = kept else { return true };
        *shared.is_refused() = true;
        shared.saves.forget(&message.id);
        shared.recorder.begin(stage).failed_by(&error);
        false
    }
}

impl Shared {
    fn record(&self, message: &StoreMessage) -> Result<Record> {
        let json = message.to_json()?;
        let record = Record::new(&message.workspace_id, &message.id, json).user(&self.user);
        Ok(match &self.tokens {
            Some(tokens) => record.tokens(tokens.clone()),
            None => record,
        })
    }

    fn is_refused(&self) -> MutexGuard<'_, bool> {
        // A flag is whole at any time.
        self.is_refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_opened() -> crate::error::Error {
    let why = "the user's message was not kept, and with it the workspace";
    crate::error::Error::new(crate::error::ErrorKind::InvalidRequest, "turn.save", why)
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
