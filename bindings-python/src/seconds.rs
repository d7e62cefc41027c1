//! Time limits from Python, in seconds.

use std::time::Duration;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use turnwire::{Error, ErrorKind};

use crate::error::exception;

/// A number of seconds as given: infinite for an integer that no float can hold, NaN for anything but a number.
pub(crate) struct Seconds(f64);

impl<'a, 'py> FromPyObject<'a, 'py> for Seconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Seconds(match object.extract() {
            Ok(seconds) => seconds,
            Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
                if object.lt(0)? {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            Err(_) => f64::NAN,
        }))
    }
}

impl Seconds {
    /// The limit; `None` for no limit, which more seconds than `Duration` can hold mean as well.
    ///
    /// # Errors
    ///
    /// `config` for a number that is not a valid time.
    pub(crate) fn limit(
        self,
        py: Python<'_>,
        operation: &'static str,
    ) -> PyResult<Option<Duration>> {
        if self.0.is_nan() || self.0 < 0.0 {
            let why = "timeout must be a number of seconds from 0 on, or None for no limit";
            return Err(exception(py, &Error::new(ErrorKind::Config, operation, why)));
        }
        Ok(Duration::try_from_secs_f64(self.0).ok())
    }
}

/// The longest wait of a call; `None` and infinity mean no limit.
///
/// # Errors
///
/// `config` for a number that is not a valid time.
pub(crate) fn longest_wait(
    py: Python<'_>,
    timeout: Option<Seconds>,
    operation: &'static str,
) -> PyResult<Duration> {
    let limit = timeout.map_or(Ok(None), |timeout| timeout.limit(py, operation))?;
    Ok(limit.unwrap_or(Duration::MAX))
}
