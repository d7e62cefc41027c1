//! Writes a timeline while the turn runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{Stage, StageName, StageOutcome, Timeline};

/// A timeline in the making, shared by the stages of one turn.
#[derive(Clone, Debug)]
pub(in crate::turn) struct Recorder {
    began: Instant,
    line: Arc<Mutex<Timeline>>,
}

/// A stage that runs. Dropping it without an outcome says that it was cancelled.
#[derive(Debug)]
pub(in crate::turn) struct Running {
    recorder: Recorder,
    at: usize,
    name: StageName,
    ended: bool,
}

impl Recorder {
    pub(in crate::turn) fn start() -> Self {
        Recorder { began: Instant::now(), line: Arc::default() }
    }

    pub(in crate::turn) fn begin(&self, name: StageName) -> Running {
        let began = self.began.elapsed();
        let mut line = self.lock();
        let at = line.stages.len();
        line.stages.push(Stage { name, began, ended: None, outcome: StageOutcome::Running });
        Running { recorder: self.clone(), at, name, ended: false }
    }

    /// A piece of the reply has come.
    pub(in crate::turn) fn piece(&self) {
        let mut line = self.lock();
        line.pieces = line.pieces.saturating_add(1);
        if line.first_token.is_none() {
            line.first_token = Some(self.began.elapsed());
        }
    }

    /// The turn has ended for its reader.
    pub(in crate::turn) fn end(&self) {
        let total = self.began.elapsed();
        self.lock().total.get_or_insert(total);
    }

    pub(in crate::turn) fn timeline(&self) -> Timeline {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Timeline> {
        // Nothing that panics runs under the lock.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    pub(in crate::turn) fn done(self) {
        self.end(StageOutcome::Done);
    }

    /// It did what it is for, but not in time.
    pub(in crate::turn) fn late(self) {
        self.end(StageOutcome::Late);
    }

    /// It failed; that is logged as well, since nobody is told by an error.
    pub(in crate::turn) fn failed(self, why: impl Into<String>) {
        let why = why.into();
        tracing::warn!(stage = self.name.as_str(), "a stage of a turn failed: {why}");
        self.end(StageOutcome::Failed(why));
    }

    pub(in crate::turn) fn end(mut self, outcome: StageOutcome) {
        self.ended = true;
        self.write(outcome);
    }

    fn write(&self, outcome: StageOutcome) {
        let now = self.recorder.began.elapsed();
        let mut line = self.recorder.lock();
        if let Some(stage) = line.stages.get_mut(self.at) {
            (stage.ended, stage.outcome) = (Some(now), outcome);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.write(StageOutcome::Cancelled);
        }
    }
}
