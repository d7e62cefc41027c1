//! Calls of this room on a runtime of Tokio, from any executor.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::error::{Error, ErrorKind, Result};
use crate::process;

/// A task that ends when it is dropped.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a call on the caller's runtime, or else on the library's own.
///
/// # Errors
///
/// The call's own; `config` if no thread can be started; `cancelled` if the call panicked or its runtime ended.
pub(super) async fn run<T: Send + 'static>(
    operation: &'static str,
    call: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let runtime = match Handle::try_current() {
        Ok(runtime) => runtime,
        Err(_) => process::runtime()?,
    };
    let mut task = Task(runtime.spawn(call));
    let ended = (&mut task.0).await;
    ended.unwrap_or_else(|_| {
        let why = "its runtime ended before it did";
        Err(Error::new(ErrorKind::Cancelled, operation, why))
    })
}
