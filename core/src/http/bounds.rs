//! The bounds of a call: its total time limit, and its cancellation.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::error::ErrorKind;

/// The bounds of a call.
pub(super) struct Bounds {
    /// The end of its total time limit.
    pub(super) deadline: Option<Instant>,
    pub(super) cancel: Option<CancellationToken>,
}

impl Bounds {
    /// Returns true if the deadline leaves time for a wait.
    pub(super) fn allows(&self, wait: Duration) -> bool {
        let until = Instant::now().checked_add(wait);
        self.deadline.is_none_or(|deadline| until.is_some_and(|until| until < deadline))
    }

    /// Runs a future within the bounds; the error is the bound that ended it.
    pub(super) async fn run<F: Future>(
        &self,
        future: F,
    ) -> std::result::Result<F::Output, ErrorKind> {
        let bounded = async { until(self.deadline, future).await.ok_or(ErrorKind::TotalTimeout) };
        match &self.cancel {
            None => bounded.await,
            Some(token) => {
                token.run_until_cancelled(bounded).await.unwrap_or(Err(ErrorKind::Cancelled))
            }
        }
    }
}

/// Runs a future until a deadline; `None` if the deadline passed.
pub(super) async fn until<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}
