//! Observes the creation of a new workspace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::StageName;
use super::timeline::{Recorder, Running};
use crate::error::Error;
use crate::outbox::{OpeningObserver, OpeningStep};

/// Observes the creation of the workspace, for the turn's timeline and its reader.
pub(super) struct OpeningWatch {
    recorder: Recorder,
    progress: Mutex<Progress>,
}

struct Progress {
    running: Option<Running>,
    /// Sends the id as soon as it is known; dropped when there will be none.
    known: Option<oneshot::Sender<String>>,
}

impl OpeningWatch {
    pub(super) fn new(recorder: &Recorder, known: oneshot::Sender<String>) -> Arc<Self> {
        let progress = Mutex::new(Progress { running: None, known: Some(known) });
        Arc::new(OpeningWatch { recorder: recorder.clone(), progress })
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Each field is set in one step, so a poisoned state is consistent.
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
            // The receiver may be gone.
            let _ = known.send(name.to_owned());
        }
    }

    fn given_up(&self) {
        self.lock().known = None;
    }
}
