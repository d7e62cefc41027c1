//! Finds the workspace that a request has created whose answer was lost.

use super::client::ChatStore;
use super::opening::CREATE;
use crate::conversation::{Found, NewConversation, Workspace, WorkspaceStatus};
use crate::error::{Error, ErrorKind, Result};

/// The difference of the store's clock and this machine's up to which a workspace is recognised, in milliseconds.
const SKEW: i64 = 10 * 60 * 1000;

/// The difference up to which an older workspace may be the one all the same: a store that writes local times without a zone,
/// or a clock that is wrong.
const WRONG_CLOCK: i64 = 24 * 60 * 60 * 1000;

impl ChatStore {
    /// The workspace of this name that nobody uses: without a message, without a session, which starts right after a creation
    /// whose answer arrived, and not that of another conversation of the outbox. Unknown, if only its time is against one.
    pub(super) async fn find_created(&self, lost: &NewConversation<'_>) -> Result<Found> {
        let Some(user) = lost.owner().user_id else {
            let why = "the record does not say whose workspace it is";
            return Err(Error::new(ErrorKind::InvalidRequest, CREATE, why));
        };
        let store = self.with_identity(lost.owner());
        let is_since = |skew: i64| {
            let since = lost.accepted_at().saturating_sub(skew);
            move |made: &Workspace| made.created_at.is_none_or(|created_at| created_at >= since)
        };
        let all = match store.workspaces(user, WorkspaceStatus::Active).await {
            // An older store's answer about a user without any.
            Err(error) if self.shared.older && error.status() == Some(404) => Vec::new(),
            all => all?,
        };
        let named = all.into_iter().filter(|made| made.name == lost.name());
        let (recent, older): (Vec<_>, Vec<_>) = named.partition(is_since(SKEW));
        for Workspace { id, .. } in recent {
            if store.may_be(lost, &id).await? {
                return Ok(Found::Here(id));
            }
        }
        for Workspace { id, .. } in older.into_iter().filter(is_since(WRONG_CLOCK)) {
            if store.may_be(lost, &id).await? {
                return Ok(Found::Unknown);
            }
        }
        Ok(Found::Nowhere)
    }

    /// Returns true if nobody uses the workspace.
    async fn may_be(&self, lost: &NewConversation<'_>, id: &str) -> Result<bool> {
        let is_unused =
            self.active_session(id).await?.is_none() && self.history(id).await?.is_empty();
        // Last, as another conversation may have taken it during these calls.
        Ok(is_unused && !lost.is_taken(id)?)
    }
}
