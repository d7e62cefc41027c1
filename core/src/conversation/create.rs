//! The creation of a conversation: stored before it is requested, and in doubt or looked for if its answer is lost.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use super::Owner;
use crate::error::{Error, Result};
use crate::outbox::{OpeningCall, Outcome, Requests};

/// A conversation to be created.
#[derive(Clone, Copy)]
pub struct NewConversation<'a> {
    owner: Owner<'a>,
    message_id: &'a str,
    name: &'a str,
    is_repeated: bool,
    accepted_at: i64,
    progress: &'a Progress<'a>,
}

impl<'a> NewConversation<'a> {
    pub(super) fn new(call: &OpeningCall<'a>, name: &'a str, progress: &'a Progress<'a>) -> Self {
        NewConversation {
            owner: Owner::of(call.record),
            message_id: call.record.id(),
            name,
            is_repeated: call.is_again || call.is_doubted,
            accepted_at: i64::try_from(call.accepted_at).unwrap_or(i64::MAX),
            progress,
        }
    }

    /// The user of the conversation.
    pub fn owner(&self) -> Owner<'a> {
        self.owner
    }

    /// The id of the first message of the conversation, the same in every attempt of this creation.
    ///
    /// A store that keeps it can repeat a creation, and find the conversation of an earlier attempt. So it needs only
    /// [`name`](Self::name), and never [`begin`](Self::begin): no creation is ever in doubt.
    pub fn message_id(&self) -> &'a str {
        self.message_id
    }

    /// Returns true if an earlier attempt failed, and created nothing.
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    /// The time at which the first message was accepted, in milliseconds since 1970 on this machine's clock: no request for
    /// the conversation whose answer is lost was sent before.
    pub fn accepted_at(&self) -> i64 {
        self.accepted_at
    }

    /// Returns true if another conversation has this id, whose first message may not have reached the store yet: see
    /// [`Conversations::find`](super::Conversations::find).
    ///
    /// # Errors
    ///
    /// `storage` when the outbox cannot be read.
    pub fn is_taken(&self, id: &str) -> Result<bool> {
        self.progress.is_taken(id)
    }

    /// Stores in the outbox that the request is under way, and returns the conversation's name.
    ///
    /// # Errors
    ///
    /// `storage` when that cannot be stored; then the request must not be sent.
    pub async fn begin(&self) -> Result<&'a str> {
        self.progress.begins().await?;
        Ok(self.name)
    }

    /// The conversation's name without beginning the creation, for a store in which creations can be repeated.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Storage for the attempts of a client.
    pub(crate) fn requests(&self) -> &'a dyn Requests {
        self.progress
    }
}

impl fmt::Debug for NewConversation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewConversation")
            .field("is_repeated", &self.is_repeated)
            .finish_non_exhaustive()
    }
}

/// The requests of one creation, and their current state.
pub(super) struct Progress<'a> {
    requests: &'a dyn Requests,
    is_requested: AtomicBool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(requests: &'a dyn Requests) -> Self {
        Progress { requests, is_requested: AtomicBool::new(false) }
    }

    pub(super) fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::SeqCst)
    }
}

impl Requests for Progress<'_> {
    fn begins(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            self.requests.begins().await?;
            self.is_requested.store(true, Ordering::SeqCst);
            Ok(())
        })
    }

    fn was_refused(&self) {
        self.is_requested.store(false, Ordering::SeqCst);
        self.requests.was_refused();
    }

    fn is_taken(&self, name: &str) -> Result<bool, Error> {
        self.requests.is_taken(name)
    }
}

/// The result of a search for a conversation that may have been created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// It exists, with this id.
    Here(String),
    /// It does not exist, so it is created again.
    Nowhere,
    /// The store cannot tell: both messages become dead letters, for a person to decide.
    Unknown,
}

/// The failure of a creation.
///
/// `?` converts a plain [`Error`]: a creation that was [begun](NewConversation::begin) is then in doubt.
#[derive(Clone, Debug)]
pub struct CreateError {
    error: Error,
    effect: Effect,
}

/// The effect of a creation that failed.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// It certainly did not happen.
    Nothing(Outcome),
    /// It may have happened, and the conversation is looked for after the wait of this outcome.
    Lost(Outcome),
    /// It may have happened.
    InDoubt,
}

impl CreateError {
    /// The conversation certainly does not exist. The creation is retried if the error is retryable, or as
    /// set by [`with_outcome`](Self::with_outcome).
    pub fn not_created(error: Error) -> Self {
        CreateError { effect: Effect::Nothing(Outcome::from(&error)), error }
    }

    /// The conversation may exist: the answer was lost, and [`Conversations::find`](super::Conversations::find) tells after
    /// a while.
    pub fn lost(error: Error) -> Self {
        CreateError { effect: Effect::Lost(Outcome::from(&error)), error }
    }

    /// The conversation may exist, and nothing will tell.
    pub fn in_doubt(error: Error) -> Self {
        CreateError { error, effect: Effect::InDoubt }
    }

    /// Sets the outcome: a retry or a dead letter. A creation certainly did not happen then, unless it is
    /// [`lost`](Self::lost).
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.effect = match self.effect {
            Effect::Lost(_) => Effect::Lost(outcome),
            Effect::Nothing(_) | Effect::InDoubt => Effect::Nothing(outcome),
        };
        self
    }

    /// The error.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The effect. Without a request there is none.
    pub(super) fn effect(&self, is_requested: bool) -> Effect {
        match &self.effect {
            Effect::InDoubt if !is_requested => Effect::Nothing(Outcome::from(&self.error)),
            Effect::Lost(outcome) if !is_requested => Effect::Nothing(outcome.clone()),
            effect => effect.clone(),
        }
    }
}

impl From<Error> for CreateError {
    fn from(error: Error) -> Self {
        CreateError::in_doubt(error)
    }
}
