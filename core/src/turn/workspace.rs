//! A new workspace: named concurrently with the reply, and created by the outbox as a step of the user's message.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::naming;
use super::opening_watch::OpeningWatch;
use super::persister::MessagePersister;
use super::settings::EngineSettings;
use super::timeline::Recorder;

/// A workspace that waits for its name. If the wait is aborted, with its runtime or by a panic, the name is derived from
/// the message.
pub(super) struct PendingName {
    persister: MessagePersister,
    name: String,
    /// The end of an outbox that ends with the engine.
    outbox_ends: Option<CancellationToken>,
}

impl PendingName {
    /// Holds the user's message with the plan of a workspace; `None` when there is nothing to name, as the outbox refuses
    /// the message or knows it.
    pub(super) fn begin(
        persister: MessagePersister,
        message: &str,
        watch: Arc<OpeningWatch>,
        outbox_ends: Option<CancellationToken>,
    ) -> Option<Self> {
        let name = naming::beginning(message);
        persister.hold(&name, watch).then(|| PendingName { persister, name, outbox_ends })
    }

    /// Determines the name, once `begin` has ended, and releases the workspace's creation. No reader owns this: an
    /// abandoned turn still gets its workspace, because its messages need one.
    pub(super) async fn run(
        mut self,
        settings: Arc<EngineSettings>,
        recorder: Recorder,
        message: String,
        begin: Option<oneshot::Receiver<()>>,
    ) {
        if let Some(begin) = begin {
            // The sender is dropped for it.
            let _ = begin.await;
        }
        self.name = naming::name(&settings, &recorder, &message).await;
    }
}

impl Drop for PendingName {
    fn drop(&mut self) {
        // Such an outbox would abort a request that begins now. The next process creates the workspace.
        if !self.outbox_ends.as_ref().is_some_and(CancellationToken::is_cancelled) {
            self.persister.release(&self.name);
        }
    }
}
