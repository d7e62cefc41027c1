//! Observes the creation of a new workspace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::Span;

use super::StageName;
use super::timeline::{Recorder, Running};
use crate::error::Error;
use crate::outbox::{Ahead, OpeningObserver, OpeningStep, Outbox};

/// The interval at which a turn reads the state of an opening in another process, which no observer is notified of.
const INTERVAL: Duration = Duration::from_millis(100);

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

    /// Returns true while the id is unknown and the turn's reader waits for it.
    fn is_awaited(&self) -> bool {
        self.lock().known.as_ref().is_some_and(|known| !known.is_closed())
    }

    /// Reads the state of an opening that another process may do, until it is known or nobody waits for it.
    pub(super) async fn read_elsewhere(self: Arc<Self>, outbox: Outbox, opener: String) {
        while self.is_awaited() {
            sleep(INTERVAL).await;
            let (reading, id) = (outbox.clone(), opener.clone());
            // The read may wait for the file, and this thread drives the streams.
            match spawn_blocking(move || reading.conversation_of(&id)).await {
                Ok(Ok(Ahead::In(name))) => self.opened(&name),
                Ok(Ok(Ahead::Dead(_) | Ahead::Unknown)) => self.given_up(),
                Ok(Ok(Ahead::Opens { .. }) | Err(_)) | Err(_) => {}
            }
        }
        // Also when nobody waits any more: this process may never open that conversation, and so never end it.
        let observer: Arc<dyn OpeningObserver> = self;
        outbox.end_observation(&opener, &observer);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Each field is set in one step, so a poisoned state is consistent.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpeningObserver for OpeningWatch {
    fn begins(&self, step: OpeningStep) -> Span {
        let stage = match step {
            OpeningStep::Create => StageName::CreateWorkspace,
            OpeningStep::Begin => StageName::StartSession,
        };
        let running = self.recorder.begin(stage);
        let span = running.span();
        self.lock().running = Some(running);
        span
    }

    fn ended(&self, _step: OpeningStep, result: Result<(), &Error>) {
        let Some(running) = self.lock().running.take() else { return };
        match result {
            Ok(()) => running.done(),
            Err(error) => running.failed_by(error),
        }
    }

    fn opened(&self, name: &str) {
        self.recorder.workspace(name);
        if let Some(known) = self.lock().known.take() {
            // The receiver may be gone.
            let _ = known.send(name.to_owned());
        }
    }

    fn given_up(&self) {
        self.lock().known = None;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conversation::planned;
    use crate::outbox::Record;

    #[tokio::test]
    async fn an_observation_ends_with_its_reader() {
        let outbox = Outbox::memory();
        let record = Record::new("new-1", "opener", json!({})).opening(planned("name"));
        outbox.hold(record).unwrap();
        let (known, reader) = oneshot::channel();
        let watch = OpeningWatch::new(&Recorder::start(None, tracing::Span::none()), known);
        outbox.observe("opener", watch.clone());
        drop(reader);
        watch.clone().read_elsewhere(outbox.clone(), "opener".into()).await;
        assert_eq!(Arc::strong_count(&watch), 1);
    }
}
