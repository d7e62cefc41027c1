//! The answer of a Python function to core.

use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use turnwire::bridge::{Failure, Reply};

use crate::shutdown;

/// The answer that core waits for. Dropping it unanswered is an error.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Answer {
    /// `None` once answered. It is locked only by threads that hold the interpreter, and never while Python code runs.
    reply: Mutex<Option<Reply<String>>>,
    /// Dropped when core's thread need not wait any more.
    thread: Mutex<Option<Sender<()>>>,
}

impl Answer {
    pub(super) fn new(reply: Reply<String>, thread: Sender<()>) -> Self {
        Answer { reply: Mutex::new(Some(reply)), thread: Mutex::new(Some(thread)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Reply<String>>> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Reply<String>> {
        self.lock().take()
    }
}

#[pymethods]
impl Answer {
    /// Answers. Only the first answer or failure counts.
    fn set(&self, answer: String) {
        if let Some(reply) = self.take() {
            reply.answer(answer);
        }
    }

    /// Fails with the exception that the function raised.
    fn fail(&self, exception: Bound<'_, PyAny>) -> PyResult<()> {
        let kind = exception.get_type().name()?;
        // An exception whose `__str__` raises has no words.
        let words = exception.str().map_or_else(|_| String::new(), |words| words.to_string());
        let message = if words.is_empty() { kind.to_string() } else { format!("{kind}: {words}") };
        if let Some(reply) = self.take() {
            let cause = PyErr::from_value(exception);
            reply.fail(Failure { message, cause: Some(Box::new(cause)) });
        }
        Ok(())
    }

    /// Frees core's thread, which else waits for the end of this object: the function runs on no thread.
    fn leave_thread(&self) {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Calls `callback` once if core gives the question up before it is answered: from any thread, or at once.
    fn on_abandoned(&self, callback: Py<PyAny>) {
        // Outside the lock, as the callback may run at once.
        let Some(reply) = self.take() else { return };
        reply.on_abandoned(move || {
            shutdown::attach(|py| {
                if let Err(error) = callback.call0(py) {
                    error.write_unraisable(py, Some(callback.bind(py)));
                }
            });
        });
        *self.lock() = Some(reply);
    }
}
