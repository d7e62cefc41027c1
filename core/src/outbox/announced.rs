//! Running turns that every process of an outbox's file can stop.

use std::sync::Arc;

use uuid::Uuid;

use super::handle::Outbox;
use super::shared::SharedOutbox;
use super::storage::{StopAsked, UserTurn};

/// A running turn that every process of the file can stop. It has ended when this is dropped.
pub(crate) struct Announced {
    shared: Arc<SharedOutbox>,
    id: String,
}

impl Outbox {
    /// Announces a running turn of this user to the processes that share the file; `None` without a file. `stop` is called, by the
    /// worker's thread, when one of them asks for its end.
    pub(crate) fn announce(
        &self,
        id: &str,
        user: Option<&str>,
        stop: impl Fn() + Send + Sync + 'static,
    ) -> Option<Announced> {
        let shared = self.shared().ok().filter(|shared| shared.has_file())?;
        shared.turns.add(id, user, Arc::new(stop));
        Some(Announced { shared, id: id.to_owned() })
    }

    /// Asks for the end of a turn in another process, on behalf of its user, or of the service. A file that is busy gets the
    /// request later.
    pub(crate) fn stop_elsewhere(&self, id: &str, user: Option<&str>) -> StopAsked {
        let shared = self.shared().ok().filter(|shared| shared.has_file());
        let Some(shared) = shared.filter(|_| Uuid::try_parse(id).is_ok()) else {
            return StopAsked::Unknown;
        };
        let turn = UserTurn { id: id.to_owned(), user: user.map(str::to_owned) };
        let asked = shared.backend().stop_turn(&turn, shared.clock.now());
        asked.unwrap_or_else(|fault| {
            tracing::debug!(%fault, "a request to stop a turn waits for the outbox's file");
            shared.turns.stop_later(turn);
            // A forked child has none before its first record.
            self.wake_worker(&shared);
            StopAsked::Unknown
        })
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.shared.turns.end(&self.id);
    }
}
