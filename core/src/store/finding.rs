//! Finds the workspace that a request has created whose answer was lost.

use super::client::ChatStore;
use super::opening::CREATE;
use crate::conversation::{Found, NewConversation, Workspace, WorkspaceStatus};
use crate::error::{Error, ErrorKind, Result};

/// The difference of the store's clock and this machine's up to which a workspace is recognised, in milliseconds.
const SKEW: i64 = 10 * 60 * 1000;

impl ChatStore {
    /// The workspace of this name that nobody uses: without a message, without a session, which starts right after a creation
    /// whose answer arrived, and not that of another conversation of the outbox.
    pub(super) async fn find_created(&self, lost: &NewConversation<'_>) -> Result<Found> {
        let Some(user) = lost.owner().user_id else {
            let why = "the record does not say whose workspace it is";
            return Err(Error::new(ErrorKind::InvalidRequest, CREATE, why));
        };
        let store = self.with_identity(lost.owner());
        let since = lost.accepted_at().saturating_sub(SKEW);
        let may_be = |workspace: &Workspace| {
            let is_recent = workspace.created_at.is_none_or(|created_at| created_at >= since);
            workspace.name == lost.name() && is_recent
        };
        let all = match store.workspaces(user, WorkspaceStatus::Active).await {
            // An older store's answer about a user without any.
            Err(error) if self.shared.older && error.status() == Some(404) => Vec::new(),
            all => all?,
        };
        for Workspace { id, .. } in all.into_iter().filter(may_be) {
            let is_unused =
                store.active_session(&id).await?.is_none() && store.history(&id).await?.is_empty();
            // Last, as another conversation may have taken it during these calls.
            if is_unused && !lost.is_taken(&id)? {
                return Ok(Found::Here(id));
            }
        }
        Ok(Found::Nowhere)
    }
}
