//! The class of all streams: items of core, read by Python one at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use turnwire::ChatReply;
use turnwire::bridge::{Items, Pull, Taken, Waiting};

use crate::bell::Bell;
use crate::error::exception;
use crate::{log, wait};

/// A stream of core. Dropping it ends the stream and closes its connection.
#[pyclass(frozen, weakref, module = "turnwire._core")]
pub(crate) struct Stream {
    source: Box<dyn Source>,
    ended: AtomicBool,
    #[pyo3(get)]
    headers: Vec<(String, String)>,
}

/// A batch of items, which cross to Python one at a time.
///
/// No method may run Python code: between taking a batch and storing it no other thread may take the next one.
pub(crate) trait Cross: Items {
    /// The form in which the batch is stored for its reader.
    type Ready: Default + Send;

    /// The batch in that form.
    fn into_ready(self) -> PyResult<Self::Ready>;

    /// Removes the first item, as a Python object.
    fn first<'py>(ready: &Ready<Self>, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>>;
}

/// Items taken from a pull but not read yet.
///
/// It is locked only by threads that hold the interpreter, and only while an item is removed: no fork finds it locked.
pub(crate) struct Ready<I: Cross>(Mutex<I::Ready>);

impl<I: Cross> Ready<I> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, I::Ready> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pull of items that can cross, and their whole reply if there is one.
pub(crate) trait Pulled: Send + Sync + 'static {
    type Items: Cross;

    fn pull(&self) -> &Pull<Self::Items>;

    fn reply(&self) -> Option<&ChatReply> {
        None
    }
}

impl<I: Cross> Pulled for Pull<I> {
    type Items = I;

    fn pull(&self) -> &Pull<I> {
        self
    }
}

/// A stream of any kind of item.
trait Source: Send + Sync {
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Next<'py>>;

    fn waiting(&self) -> &dyn Waiting;

    /// Ends the stream and drops unread items.
    fn close(&self);

    fn reply(&self) -> Option<&ChatReply>;
}

/// The result of a take.
enum Next<'py> {
    Item(Bound<'py, PyAny>),
    Nothing,
    End,
}

struct Queue<P: Pulled> {
    pulled: P,
    ready: Ready<P::Items>,
}

impl<P: Pulled> Source for Queue<P> {
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Next<'py>> {
        if let Some(item) = Cross::first(&self.ready, py)? {
            return Ok(Next::Item(item));
        }
        match self.pulled.pull().take() {
            Taken::Items(items) => {
                *self.ready.lock() = items.into_ready()?;
                let first = Cross::first(&self.ready, py)?;
                Ok(first.map_or(Next::Nothing, Next::Item))
            }
            Taken::Nothing => Ok(Next::Nothing),
            Taken::End => Ok(Next::End),
            Taken::Failed(error) => Err(exception(py, &error)),
        }
    }

    fn waiting(&self) -> &dyn Waiting {
        self.pulled.pull()
    }

    fn close(&self) {
        self.pulled.pull().cancel();
        *self.ready.lock() = Default::default();
    }

    fn reply(&self) -> Option<&ChatReply> {
        self.pulled.reply()
    }
}

impl Stream {
    pub(crate) fn new(pulled: impl Pulled, headers: Vec<(String, String)>) -> Self {
        let source = Queue { pulled, ready: Ready(Mutex::default()) };
        Stream { source: Box::new(source), ended: AtomicBool::new(false), headers }
    }
}

#[pymethods]
impl Stream {
    /// The next item; `None` when there is none yet, and once the stream has `ended`.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.ended() {
            return Ok(None);
        }
        let next = match self.source.take(py) {
            Ok(Next::Item(item)) => return Ok(Some(item)),
            Ok(Next::Nothing) => return Ok(None),
            Ok(Next::End) => Ok(None),
            Err(failure) => Err(failure),
        };
        self.ended.store(true, Ordering::Release);
        log::drain_logs(py)?;
        next
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let this = slf.get();
        loop {
            if let Some(item) = this.take(slf.py())? {
                return Ok(Some(item));
            }
            if this.ended() {
                return Ok(None);
            }
            // Another thread may have moved to `ready` what this one waits for, and read no further.
            wait::filled_in_a_tick(slf.as_any(), this.source.waiting())?;
        }
    }

    /// True once the stream has ended.
    #[getter]
    fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Calls `callback` once, from any thread, as soon as an item or the end is available.
    fn wake(&self, callback: Py<PyAny>) {
        wait::wake(self.source.waiting(), callback);
    }

    /// Makes `future` due once, as soon as an item or the end is available.
    fn ring(&self, bell: &Bound<'_, Bell>, future: Py<PyAny>) {
        wait::ring(self.source.waiting(), bell.get(), future);
    }

    /// Wakes all that wait, though nothing may have arrived.
    fn wake_all(&self) {
        self.source.waiting().wake_all();
    }

    /// Ends the stream and closes its connection.
    fn close(&self) {
        self.ended.store(true, Ordering::Release);
        self.source.close();
    }

    /// The JSON of the whole reply; `None` unless the stream was one of chunks that was read to a good end.
    fn reply(&self) -> PyResult<Option<String>> {
        let json = self.source.reply().map(serde_json::to_string).transpose();
        json.map_err(|e| PyValueError::new_err(e.to_string()))
    }
}
