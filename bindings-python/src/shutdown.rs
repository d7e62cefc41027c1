//! The interpreter's shutdown: after its `atexit`, no thread of core enters Python.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

static ENDED: AtomicBool = AtomicBool::new(false);
/// The number of threads that are in Python, or entering it.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// The longest wait for those threads at the interpreter's shutdown.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs `enter` with the interpreter, on a thread of core. Does nothing once the interpreter shuts down, as that would
/// terminate the thread in mid-frame.
pub(crate) fn attach(enter: impl FnOnce(Python<'_>)) {
    INSIDE.fetch_add(1, Ordering::SeqCst);
    if !ENDED.load(Ordering::SeqCst) {
        // `None`: the interpreter is already gone.
        let _ = Python::try_attach(enter);
    }
    INSIDE.fetch_sub(1, Ordering::SeqCst);
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let end = wrap_pyfunction!(end, module)?;
    module.py().import("atexit")?.call_method1("register", (end,))?;
    Ok(())
}

#[pyfunction]
fn end(py: Python<'_>) {
    ENDED.store(true, Ordering::SeqCst);
    py.detach(|| {
        let began = Instant::now();
        while INSIDE.load(Ordering::SeqCst) > 0 && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}
