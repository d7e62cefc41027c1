//! Waits for core on a Python thread: without the interpreter's lock, and with checks for signals.

use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use turnwire::bridge::Waiting;

use crate::bell::Bell;
use crate::{log, shutdown};

/// The longest delay of Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

/// Waits until `pull` has an item or the end. `waiter` is the Python object that owns it, whose `wake` is used under
/// gevent.
///
/// # Errors
///
/// The exception that a signal's handler raises, such as `KeyboardInterrupt`.
pub(crate) fn until_filled(waiter: &Bound<'_, PyAny>, pull: &dyn Waiting) -> PyResult<()> {
    while !filled_in_a_tick(waiter, pull)? {}
    Ok(())
}

/// As [`until_filled`], for one tick at most. Returns true if there is an item or the end.
///
/// # Errors
///
/// As [`until_filled`].
pub(crate) fn filled_in_a_tick(waiter: &Bound<'_, PyAny>, pull: &dyn Waiting) -> PyResult<bool> {
    let py = waiter.py();
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    if modules.contains(intern!(py, "gevent"))? {
        let waiting = py.import(intern!(py, "turnwire._waiting"))?;
        if waiting.call_method1(intern!(py, "wait_in_gevent"), (waiter,))?.is_truthy()? {
            log::drain_logs(py)?;
            return Ok(true);
        }
    }
    let is_filled = py.detach(|| pull.wait(TICK));
    if !is_filled {
        py.check_signals()?;
        log::drain_logs(py)?;
    }
    Ok(is_filled)
}

/// Calls `callback` once, from any thread, as soon as `pull` has an item or the end.
pub(crate) fn wake(pull: &dyn Waiting, callback: Py<PyAny>) {
    pull.wake(Box::new(move || {
        shutdown::attach(|py| {
            if let Err(error) = callback.call0(py) {
                error.write_unraisable(py, Some(callback.bind(py)));
            }
        });
    }));
}

/// Makes `future` due once, as soon as `pull` has an item or the end.
pub(crate) fn ring(pull: &dyn Waiting, bell: &Bell, future: Py<PyAny>) {
    let bell = bell.shared();
    pull.wake(Box::new(move || bell.ring(future)));
}
