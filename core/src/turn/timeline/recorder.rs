//! Records a timeline while the turn runs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Span;

use super::super::telemetry;
use super::{Stage, StageName, StageOutcome, Timeline};
use crate::error::{Error, TokenUsage};
use crate::process::Origin;

/// A timeline being recorded, shared by the stages of one turn.
#[derive(Clone, Debug)]
pub(in crate::turn) struct Recorder {
    origin: Origin,
    began: Instant,
    line: Arc<Line>,
    /// Receives the failures of stages.
    failures: Option<UnboundedSender<Failure>>,
    /// Covers the turn, while something of it runs.
    span: Span,
    /// Held while something of the turn runs: its reply, its side stages, the deliveries of its messages.
    _working: Option<TaskTrackerToken>,
}

/// The recorded parts.
#[derive(Debug, Default)]
struct Line {
    /// Everything but the pieces.
    stages: Mutex<Timeline>,
    /// The pieces of the reply, which are many: they are counted without a lock.
    pieces: AtomicU32,
    first_piece: OnceLock<Duration>,
    /// Cancelled at the end of the turn for its reader.
    ended: CancellationToken,
    /// Tracks what runs.
    work: TaskTracker,
}

/// A failed stage, with the reason.
#[derive(Debug)]
pub(in crate::turn) struct Failure {
    pub(in crate::turn) stage: StageName,
    pub(in crate::turn) why: String,
    /// The error's code, if it was one.
    pub(in crate::turn) code: Option<&'static str>,
}

/// A running stage. Dropping it without an outcome records it as cancelled.
#[derive(Debug)]
pub(in crate::turn) struct Running {
    /// Dropped before the recorder, with which the turn's work may end.
    span: Span,
    recorder: Recorder,
    at: usize,
    name: StageName,
    ended: bool,
}

impl Recorder {
    pub(in crate::turn) fn start(failures: Option<UnboundedSender<Failure>>, span: Span) -> Self {
        let (origin, began) = (Origin::here(), Instant::now());
        let line: Arc<Line> = Arc::default();
        // Only a closed tracker can be waited for; it still gives tokens.
        line.work.close();
        let _working = Some(line.work.token());
        Recorder { origin, began, line, failures, span, _working }
    }

    /// The same timeline for a handle, which extends neither the turn's span nor its work.
    pub(in crate::turn) fn for_handle(&self) -> Self {
        Recorder { span: Span::none(), _working: None, ..self.clone() }
    }

    /// Waits until nothing of the turn runs any more, at most for `limit` after its end for its reader.
    #[cfg(feature = "bridge")]
    pub(in crate::turn) async fn finished(&self, limit: Duration) {
        self.line.ended.cancelled().await;
        let _ = tokio::time::timeout(limit, self.line.work.wait()).await;
    }

    pub(in crate::turn) fn begin(&self, name: StageName) -> Running {
        let began = self.began.elapsed();
        let mut line = self.lock();
        let at = line.stages.len();
        line.stages.push(Stage { name, began, ended: None, outcome: StageOutcome::Running });
        let span = telemetry::stage_span(&self.span, name.as_str());
        Running { recorder: self.clone(), at, name, span, ended: false }
    }

    /// Records a piece of the reply.
    pub(in crate::turn) fn piece(&self) {
        self.line.first_piece.get_or_init(|| self.began.elapsed());
        // The turn's reader alone counts, so no piece is lost between the two steps.
        let pieces = self.line.pieces.load(Ordering::Relaxed);
        self.line.pieces.store(pieces.saturating_add(1), Ordering::Relaxed);
    }

    /// Records a piece of speech.
    pub(in crate::turn) fn audio(&self) {
        let first = self.began.elapsed();
        self.lock().first_audio.get_or_insert(first);
    }

    /// Records the service that answers.
    pub(in crate::turn) fn answered_by(&self, model: Option<&str>, fallback: bool) {
        telemetry::record_service(&self.span, model, fallback);
        let mut line = self.lock();
        (line.model, line.fallback) = (model.map(str::to_owned), fallback);
    }

    /// Records the workspace that was created for the turn.
    pub(in crate::turn) fn workspace(&self, id: &str) {
        telemetry::record_workspace(&self.span, id);
    }

    /// Records the tokens of the reply.
    pub(in crate::turn) fn usage(&self, usage: TokenUsage) {
        telemetry::record_usage(&self.span, usage);
        self.lock().usage = Some(usage);
    }

    /// Records the error that ends the turn.
    pub(in crate::turn) fn broke(&self, error: &Error) {
        telemetry::record_error(&self.span, error.code());
    }

    /// Records the end of the turn for its reader.
    pub(in crate::turn) fn end(&self) {
        let total = self.began.elapsed();
        if *self.lock().total.get_or_insert(total) == total {
            let first = self.line.first_piece.get().copied();
            telemetry::record_times(&self.span, first, total);
        }
        self.line.ended.cancel();
    }

    pub(in crate::turn) fn timeline(&self) -> Timeline {
        // The parent's lock may be held forever.
        if self.origin.is_inherited() {
            return Timeline::default();
        }
        Timeline {
            first_token: self.line.first_piece.get().copied(),
            pieces: self.line.pieces.load(Ordering::Relaxed),
            ..self.lock().clone()
        }
    }

    fn lock(&self) -> MutexGuard<'_, Timeline> {
        // No code that can panic runs under the lock.
        self.line.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// The stage's span, for the calls that it makes.
    pub(in crate::turn) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(in crate::turn) fn done(self) {
        telemetry::record_outcome(&self.span, "done", None);
        self.end(StageOutcome::Done);
    }

    /// Records a success that came too late.
    pub(in crate::turn) fn late(self) {
        telemetry::record_outcome(&self.span, "late", None);
        self.end(StageOutcome::Late);
    }

    /// Records a failure, and logs it, since no error reports it.
    pub(in crate::turn) fn failed(self, why: impl Into<String>) {
        self.fail(why.into(), None);
    }

    /// Records a failure with an error.
    pub(in crate::turn) fn failed_by(self, error: &Error) {
        self.fail(error.to_string(), Some(error.code()));
    }

    fn fail(self, why: String, code: Option<&'static str>) {
        tracing::warn!(stage = self.name.as_str(), "a stage of a turn failed: {why}");
        let (failures, stage) = (self.recorder.failures.clone(), self.name);
        telemetry::record_outcome(&self.span, "failed", code);
        self.end(StageOutcome::Failed(why.clone()));
        if let Some(failures) = failures {
            // The receiver is gone if the turn has ended.
            let _ = failures.send(Failure { stage, why, code });
        }
    }

    fn end(mut self, outcome: StageOutcome) {
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
            telemetry::record_outcome(&self.span, "cancelled", None);
            self.write(StageOutcome::Cancelled);
        }
    }
}
