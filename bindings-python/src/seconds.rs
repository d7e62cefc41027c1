//! Numbers from Python for calls and waits: time limits in seconds, and counts.

use std::time::Duration;

use pyo3::exceptions::PyOverflowError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBool;
use turnwire::bridge::settings::{self, Names};

use crate::error::exception;

/// A number of seconds as given, of any type that Python can make a float of: infinite for one that no float can hold, NaN for
/// anything else. (`_request.py` reads those of settings in the same way.)
pub(crate) struct Seconds(f64);

/// A whole number as given, likewise; a float or a `Decimal` is none.
pub(crate) struct Count(f64);

impl<'a, 'py> FromPyObject<'a, 'py> for Seconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        number(&object).map(Seconds)
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBool>() {
            return Ok(Count(f64::NAN));
        }
        match object.call_method0(intern!(object.py(), "__index__")) {
            Ok(whole) => number(&whole).map(Count),
            Err(_) => Ok(Count(f64::NAN)),
        }
    }
}

fn number(object: &Bound<'_, PyAny>) -> PyResult<f64> {
    if object.is_instance_of::<PyBool>() {
        return Ok(f64::NAN);
    }
    Ok(match object.extract() {
        Ok(number) => number,
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => match object.lt(0)? {
            true => f64::NEG_INFINITY,
            false => f64::INFINITY,
        },
        Err(_) => f64::NAN,
    })
}

impl Seconds {
    /// The limit; `None` for no limit, which more seconds than `Duration` can hold mean as well.
    ///
    /// # Errors
    ///
    /// `config` for a number that is not a valid time.
    pub(crate) fn limit(self, operation: &'static str) -> turnwire::Result<Option<Duration>> {
        settings::time("timeout", self.0, operation, Names::Snake)
    }
}

impl Count {
    /// The argument of this name.
    ///
    /// # Errors
    ///
    /// `config` for a number that `T` cannot hold.
    pub(crate) fn named<T: TryFrom<u64>>(
        self,
        name: &str,
        operation: &'static str,
    ) -> turnwire::Result<T> {
        settings::whole(name, self.0, operation)
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
    let limit = timeout.map_or(Ok(None), |timeout| timeout.limit(operation));
    limit.map(|limit| limit.unwrap_or(Duration::MAX)).map_err(|error| exception(py, &error))
}
