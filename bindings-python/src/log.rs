//! Forwards core's log records to Python's `logging`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use pyo3::intern;
use pyo3::prelude::*;
use tracing::Level;
use turnwire::bridge;

static KEPT: AtomicBool = AtomicBool::new(false);

/// Buffers core's log records of this Python level and above, for `drain_logs`.
#[pyfunction]
pub(crate) fn keep_logs(level: u32) {
    let level = match level {
        0..10 => Level::TRACE,
        10..20 => Level::DEBUG,
        20..30 => Level::INFO,
        30..40 => Level::WARN,
        _ => Level::ERROR,
    };
    if !KEPT.load(Ordering::Relaxed) && bridge::keep_logs(level) {
        KEPT.store(true, Ordering::Relaxed);
    }
}

/// Passes core's buffered log records to Python's `logging`.
#[pyfunction]
pub(crate) fn drain_logs(py: Python<'_>) -> PyResult<()> {
    if !KEPT.load(Ordering::Relaxed) {
        return Ok(());
    }
    let records = bridge::take_logs();
    if records.is_empty() {
        return Ok(());
    }
    let emit = py.import(intern!(py, "turnwire._logging"))?.getattr(intern!(py, "emit"))?;
    for record in records {
        let level = match record.level {
            Level::TRACE => 5,
            Level::DEBUG => 10,
            Level::INFO => 20,
            Level::WARN => 30,
            Level::ERROR => 40,
        };
        let at = record.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        emit.call1((level, record.target, record.message, at))?;
    }
    Ok(())
}
