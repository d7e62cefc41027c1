//! Wakes an event loop without entering Python.
//!
//! A thread of core that took the interpreter's lock for each wake-up would wait for the running task, with all other
//! streams behind it. It only rings: the loop itself then completes the futures of everything that has arrived meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

/// The futures of one event loop that are due. Its descriptor is readable as long as there are any.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Bell(Arc<Shared>);

pub(crate) struct Shared {
    due: Mutex<Due>,
    /// Both ends live equally long, so that ringing never breaks a pipe.
    reader: UnixStream,
    writer: UnixStream,
}

#[derive(Default)]
struct Due {
    futures: Vec<Py<PyAny>>,
    is_rung: bool,
}

impl Bell {
    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.0.clone()
    }
}

impl Shared {
    /// Makes a future due. It does not need the interpreter.
    pub(crate) fn ring(&self, future: Py<PyAny>) {
        let mut due = self.lock();
        due.futures.push(future);
        let was_rung = std::mem::replace(&mut due.is_rung, true);
        drop(due);
        if !was_rung {
            // One byte at a time is unread, so that there is room for it.
            let _ = (&self.writer).write(&[1]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Bell {
    #[new]
    fn new() -> PyResult<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Bell(Arc::new(Shared { due: Mutex::default(), reader, writer })))
    }

    /// The descriptor to watch.
    fn fileno(&self) -> i32 {
        self.0.reader.as_raw_fd()
    }

    /// Removes the futures that are due.
    fn take(&self) -> PyResult<Vec<Py<PyAny>>> {
        match (&self.0.reader).read(&mut [0; 8]) {
            // A loop may look in vain.
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
            _ => {}
        }
        let mut due = self.0.lock();
        due.is_rung = false;
        Ok(std::mem::take(&mut due.futures))
    }
}
