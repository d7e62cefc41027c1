//! Time limits from Python, in seconds.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A limit; more seconds than `Duration` can hold, such as infinity, mean no limit.
///
/// # Errors
///
/// `ValueError` for a number that is not a valid time.
pub(crate) fn seconds(seconds: f64) -> PyResult<Option<Duration>> {
    if seconds.is_nan() || seconds < 0.0 {
        let why = format!("timeout must be a number of seconds from 0 on, not {seconds}");
        return Err(PyValueError::new_err(why));
    }
    Ok(Duration::try_from_secs_f64(seconds).ok())
}

/// The longest wait of a call; `None` and infinity mean no limit.
///
/// # Errors
///
/// `ValueError` for a number that is not a valid time.
pub(crate) fn limit(timeout: Option<f64>) -> PyResult<Duration> {
    Ok(timeout.map_or(Ok(None), seconds)?.unwrap_or(Duration::MAX))
}
