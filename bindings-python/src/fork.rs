//! Forks: SQLite is kept out of them, so that a child can use the files of its parent.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use turnwire::bridge;

static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// Announces the forks of this process to core from now on. Every object that may open a file calls it when it is created.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    if IS_WATCHED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // Windows has no fork.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let hooks = PyDict::new(py);
    hooks.set_item("before", wrap_pyfunction!(before, py)?)?;
    hooks.set_item("after_in_parent", wrap_pyfunction!(after_in_parent, py)?)?;
    register.call((), Some(&hooks))?;
    Ok(())
}

#[pyfunction]
fn before(py: Python<'_>) {
    py.detach(bridge::before_fork);
}

#[pyfunction]
fn after_in_parent() {
    bridge::after_fork();
}
