//! The creation of a conversation: stored before it is requested, and in doubt if its answer is lost.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use super::Owner;
use crate::error::{Error, Result};
use crate::outbox::{Outcome, Requests};

/// A conversation to be created.
pub struct NewConversation<'a> {
    owner: Owner<'a>,
    message_id: &'a str,
    name: &'a str,
    is_repeated: bool,
    progress: &'a Progress<'a>,
}

impl<'a> NewConversation<'a> {
    pub(super) fn new(
        (owner, message_id): (Owner<'a>, &'a str),
        name: &'a str,
        is_repeated: bool,
        progress: &'a Progress<'a>,
    ) -> Self {
        NewConversation { owner, message_id, name, is_repeated, progress }
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

    /// Returns true if an earlier attempt certainly failed.
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
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
}

/// The failure of a creation.
///
/// `?` converts a plain [`Error`]: a creation that was [begun](NewConversation::begin) is then in doubt.
#[derive(Clone, Debug)]
pub struct CreateError {
    error: Error,
    /// The outcome of a creation that certainly did not happen.
    outcome: Option<Outcome>,
}

impl CreateError {
    /// The conversation certainly does not exist. The creation is retried if the error is retryable, or as
    /// set by [`with_outcome`](Self::with_outcome).
    pub fn not_created(error: Error) -> Self {
        CreateError { outcome: Some(Outcome::from(&error)), error }
    }

    /// The conversation may exist: the answer was lost.
    pub fn in_doubt(error: Error) -> Self {
        CreateError { error, outcome: None }
    }

    /// Sets the outcome of a creation that certainly did not happen: a retry or a dead letter.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// The error.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The outcome, unless the creation is in doubt. Without a request it never is.
    pub(super) fn outcome(&self, is_requested: bool) -> Option<Outcome> {
        self.outcome.clone().or_else(|| (!is_requested).then(|| Outcome::from(&self.error)))
    }
}

impl From<Error> for CreateError {
    fn from(error: Error) -> Self {
        CreateError::in_doubt(error)
    }
}
