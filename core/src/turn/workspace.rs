//! A new workspace: named beside the reply, and created by the outbox, as a step of the user's message.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::deliveries::DeliveryTracker;
use super::persister::MessagePersister;
use super::settings::TurnsBuilder;
use super::timeline::{Recorder, Running};
use super::{StageName, naming};
use crate::error::Error;
use crate::outbox::{OpeningObserver, OpeningStep};

/// A workspace that waits for its name. Broken off, with its runtime or by a panic, it gets the one that its message
/// makes.
pub(super) struct Naming {
    persister: MessagePersister,
    name: String,
    ending: CancellationToken,
}

impl Naming {
    /// Holds the user's message with the plan of a workspace; `None` when the outbox does not take it.
    pub(super) fn begin(
        persister: MessagePersister,
        message: &str,
        watch: Arc<OpeningWatch>,
        ending: CancellationToken,
    ) -> Option<Self> {
        let name = naming::beginning(message);
        persister.hold(&name, watch).then(|| Naming { persister, name, ending })
    }

    /// Finds the name, and lets the workspace be created. No reader owns this: a turn that is left still gets its
    /// workspace, because its messages need one.
    pub(super) async fn run(
        mut self,
        settings: Arc<TurnsBuilder>,
        recorder: Recorder,
        message: String,
    ) {
        self.name = naming::name(&settings, &recorder, &message).await;
    }
}

impl Drop for Naming {
    fn drop(&mut self) {
        // After a shutdown the outbox ends: a request that begins now would be broken off. The next process makes it.
        if !self.ending.is_cancelled() {
            self.persister.release(&self.name);
        }
    }
}

/// Observes the creation of the workspace, for the turn's timeline and its reader.
pub(super) struct OpeningWatch {
    recorder: Recorder,
    deliveries: DeliveryTracker,
    message_id: String,
    progress: Mutex<Progress>,
}

struct Progress {
    running: Option<Running>,
    /// Receives the id as soon as it is known; dropped when there will be none.
    known: Option<oneshot::Sender<String>>,
}

impl OpeningWatch {
    pub(super) fn new(
        recorder: &Recorder,
        deliveries: &DeliveryTracker,
        message_id: &str,
        known: oneshot::Sender<String>,
    ) -> Arc<Self> {
        let progress = Mutex::new(Progress { running: None, known: Some(known) });
        let (recorder, deliveries) = (recorder.clone(), deliveries.clone());
        let message_id = message_id.to_owned();
        Arc::new(OpeningWatch { recorder, deliveries, message_id, progress })
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Each field is set whole.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpeningObserver for OpeningWatch {
    fn begins(&self, step: OpeningStep) {
        let stage = match step {
            OpeningStep::Create => StageName::CreateWorkspace,
            OpeningStep::Begin => StageName::StartSession,
        };
        self.lock().running = Some(self.recorder.begin(stage));
    }

    fn ended(&self, _step: OpeningStep, result: Result<(), &Error>) {
        let Some(running) = self.lock().running.take() else { return };
        match result {
            Ok(()) => running.done(),
            Err(error) => running.failed_by(error),
        }
    }

    fn opened(&self, name: &str) {
        if let Some(known) = self.lock().known.take() {
            // Nobody may be listening any more.
            let _ = known.send(name.to_owned());
        }
    }

    fn given_up(&self, reason: &str) {
        self.lock().known = None;
        self.deliveries.give_up(&self.message_id, reason);
    }
}
