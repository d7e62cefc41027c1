//! Enqueues a turn's messages in the outbox. In a new conversation the user's message opens the workspace, and the AI's
//! message waits behind it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::StageName;
use super::deliveries::DeliveryTracker;
use super::ids::Ids;
use super::opening_watch::OpeningWatch;
use super::timeline::Recorder;
use crate::conversation::{self, StoreMessage};
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::{Opening, Outbox, Receipt, Record};
use crate::process::new_id;

/// The place of a turn's messages.
pub(super) enum MessagePlace {
    Workspace(String),
    /// A workspace that the user's message opens.
    New,
    /// A workspace that the message with this id opens.
    Behind(String),
}

/// Persists the two messages of one turn, through the outbox.
#[derive(Clone)]
pub(super) struct MessagePersister(Arc<TurnMessages>);

struct TurnMessages {
    outbox: Outbox,
    deliveries: DeliveryTracker,
    recorder: Recorder,
    tokens: Option<Tokens>,
    user: String,
    /// The user's message, as it was enqueued first.
    message: StoreMessage,
    /// The time that it got in place of its own, as the conversation has later messages.
    moved_to: OnceLock<i64>,
    turn_id: String,
    reply_id: String,
    /// The id of the message that opens the workspace, if it does not exist yet: until it does, the conversation has a
    /// provisional name.
    opener: Option<String>,
    /// The outbox refused a message.
    is_refused: Mutex<bool>,
}

impl MessagePersister {
    /// Creates the user's message. It is enqueued by [`save`](Self::save), or by [`hold`](Self::hold) if it opens its
    /// workspace.
    pub(super) fn new(
        (outbox, deliveries): (Outbox, DeliveryTracker),
        (ids, recorder): (Ids, Recorder),
        tokens: Option<Tokens>,
        user: &str,
        message: &str,
        place: MessagePlace,
    ) -> Self {
        let provisional = || format!("new-{}", new_id());
        let (conversation, opener) = match place {
            MessagePlace::Workspace(id) => (id, None),
            MessagePlace::New => (provisional(), Some(ids.message.clone())),
            MessagePlace::Behind(opener) => (provisional(), Some(opener)),
        };
        let mut message = StoreMessage::from_user(conversation, user, message, now());
        message.id = ids.message;
        MessagePersister(Arc::new(TurnMessages {
            outbox,
            deliveries,
            recorder,
            tokens,
            user: user.to_owned(),
            message,
            moved_to: OnceLock::new(),
            turn_id: ids.turn,
            reply_id: ids.reply,
            opener,
            is_refused: Mutex::new(false),
        }))
    }

    /// Enqueues the user's message.
    pub(super) fn save(&self) {
        self.enqueue(&self.0.message, StageName::SaveUser, |outbox, record| {
            outbox.enqueue(self.0.placed(record))
        });
    }

    /// Enqueues the user's message with the plan of a workspace, to be released with the plan's final name; `false`
    /// when there is nothing to release, as the outbox refuses it, or has a message with this id: then that one opens the
    /// workspace of both, and this turn watches it. If the process ends before the release, the workspace gets this name.
    pub(super) fn hold(&self, name: &str, watch: Arc<OpeningWatch>) -> bool {
        let taken =
            self.enqueue(&self.0.message, StageName::SaveUser, |outbox, record| {
                match record.id() == self.0.message.id {
                    true => outbox.hold(
                        record.opening(conversation::planned(name)).observed_by(watch.clone()),
                    ),
                    false => outbox.enqueue(self.0.placed(record)),
                }
            });
        taken == Some(Taken::First)
    }

    /// Returns true if the outbox refused a message.
    pub(super) fn is_refused(&self) -> bool {
        *self.0.is_refused()
    }

    /// Releases the message, so that the workspace is created with this name.
    pub(super) fn release(&self, name: &str) {
        let turn = &*self.0;
        let released = turn.record(&turn.message, &turn.message.id);
        let released = released.map(|record| record.opening(conversation::planned(name)));
        if let Err(error) = released.and_then(|record| turn.outbox.release(record)) {
            // The record stays in the file, for the next process that opens it.
            tracing::warn!(error.code = error.code(), "a workspace is created later: {error}");
        }
    }

    /// Moves the user's message behind this time, the one of the conversation's latest message, if it is still to come:
    /// only the times order messages, and the clock has been set back since. The next millisecond is left to a reply to that
    /// message, which may still be streamed. A time between that of the message and now is that of another turn which runs
    /// beside this one. The message is in the outbox already, so another record replaces it; one that the outbox has refused
    /// stays out, and only its reply is moved.
    pub(super) fn follow(&self, latest: i64) {
        let turn = &*self.0;
        let is_later = latest <= now() || turn.moved_to.set(latest.saturating_add(2)).is_err();
        if is_later || self.is_refused() {
            return;
        }
        let id = conversation::replacing(&turn.message.id, &format!("{}/later", turn.turn_id));
        let record = turn.record(&turn.message(), &id);
        let enqueued = record.and_then(|record| turn.outbox.enqueue(turn.placed(record)));
        if let Err(error) = enqueued {
            tracing::warn!(
                error.code = error.code(),
                "a message keeps a time before its history's: {error}"
            );
        }
    }

    /// Enqueues the AI's message, unless its text is empty.
    pub(super) fn save_reply(&self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let turn = &*self.0;
        let mut message = StoreMessage::reply_to(&turn.message(), text, now());
        message.id.clone_from(&turn.reply_id);
        self.enqueue(&message, StageName::SaveAi, |outbox, record| {
            match turn.opener.is_some() && *turn.is_refused() {
                true => Err(not_opened()),
                false => outbox.enqueue(turn.placed(record)),
            }
        });
    }

    /// Enqueues a message; `None` if the outbox refuses it. One whose id the outbox knows comes from a turn that repeats
    /// an earlier one: its text replaces the earlier text, by a record of its own.
    fn enqueue(
        &self,
        message: &StoreMessage,
        stage: StageName,
        enqueue: impl Fn(&Outbox, Record) -> Result<Receipt>,
    ) -> Option<Taken> {
        let turn = &*self.0;
        for taken in [Taken::First, Taken::Again] {
            let id = match taken {
                Taken::First => message.id.clone(),
                Taken::Again => conversation::replacing(&message.id, &turn.turn_id),
            };
            // A record of an earlier turn stays on that turn's timeline.
            let is_ours = turn.deliveries.track(&id, stage, &turn.recorder);
            let receipt = turn.record(message, &id);
            let receipt = receipt.and_then(|record| enqueue(&turn.outbox, record));
            if receipt.as_ref().is_ok_and(|receipt| receipt.is_new) {
                return Some(taken);
            }
            if is_ours {
                turn.deliveries.forget(&id);
            }
            if let Err(error) = receipt {
                *turn.is_refused() = true;
                turn.recorder.begin(stage).failed_by(&error);
                return None;
            }
        }
        Some(Taken::Again)
    }
}

/// The record of a message in the outbox.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// The first record of this message.
    First,
    /// Another one, that replaces its text.
    Again,
}

impl TurnMessages {
    /// The user's message with its present time.
    fn message(&self) -> StoreMessage {
        let message = self.message.clone();
        let sent_at = self.moved_to.get().copied().unwrap_or(message.sent_at);
        StoreMessage { sent_at, ..message }
    }

    fn record(&self, message: &StoreMessage, id: &str) -> Result<Record> {
        let json = message.to_json()?;
        let record = Record::new(&message.workspace_id, id, json).user(&self.user);
        Ok(match &self.tokens {
            Some(tokens) => record.tokens(tokens.clone()),
            None => record,
        })
    }

    /// The record behind the one that opens its workspace, if that does not exist yet. The outbox resolves the
    /// conversation's current name.
    fn placed(&self, record: Record) -> Record {
        match &self.opener {
            Some(opener) => record.opening(Opening::Behind(opener.clone())),
            None => record,
        }
    }

    fn is_refused(&self) -> MutexGuard<'_, bool> {
        // A flag cannot be inconsistent.
        self.is_refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_opened() -> Error {
    let why = "the outbox did not take the user's message, which would open the workspace";
    Error::new(ErrorKind::InvalidRequest, "turn.save", why)
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
