//! The creation of a conversation: stored before it is requested, and in doubt when its answer is lost.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use super::Owner;
use crate::error::{Error, Result};
use crate::outbox::{Outcome, Requests};

/// A conversation that is to be created.
pub struct NewConversation<'a> {
    owner: Owner<'a>,
    name: &'a str,
    is_repeated: bool,
    progress: &'a Progress<'a>,
}

impl<'a> NewConversation<'a> {
    pub(super) fn new(
        owner: Owner<'a>,
        name: &'a str,
        is_repeated: bool,
        progress: &'a Progress<'a>,
    ) -> Self {
        NewConversation { owner, name, is_repeated, progress }
    }

    /// The user of the conversation.
    pub fn owner(&self) -> Owner<'a> {
        self.owner
    }

    /// Returns true if the creation was tried before, and certainly failed.
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    /// Stores in the outbox that the request is on its way, and returns the conversation's name.
    ///
    /// # Errors
    ///
    /// `storage` when that cannot be stored: then nothing may be requested.
    pub async fn begin(&self) -> Result<&'a str> {
        self.progress.begins().await?;
        Ok(self.name)
    }

    /// The name before it is begun, for a client that stores each attempt itself.
    pub(crate) fn name(&self) -> &'a str {
        self.name
    }

    /// Stores the attempts of a client.
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

/// The requests of one creation, and their present state.
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
/// A plain [`Error`] becomes one by `?`: it leaves in doubt what was [begun](NewConversation::begin).
#[derive(Clone, Debug)]
pub struct CreateError {
    error: Error,
    /// The outcome of a creation that certainly did not happen.
    outcome: Option<Outcome>,
}

impl CreateError {
    /// There certainly is no conversation. The creation is tried again as the error allows, or as
    /// [`with_outcome`](Self::with_outcome) says.
    pub fn not_created(error: Error) -> Self {
        CreateError { outcome: Some(Outcome::from(&error)), error }
    }

    /// There may be a conversation: the answer was lost.
    pub fn in_doubt(error: Error) -> Self {
        CreateError { error, outcome: None }
    }

    /// The outcome of a creation that certainly did not happen: tried again, or a dead letter.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// The error that made it fail.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The outcome, unless the creation is in doubt. One that was not requested never is.
    pub(super) fn outcome(&self, is_requested: bool) -> Option<Outcome> {
        self.outcome.clone().or_else(|| (!is_requested).then(|| Outcome::from(&self.error)))
    }
}

impl From<Error> for CreateError {
    fn from(error: Error) -> Self {
        CreateError::in_doubt(error)
    }
}
