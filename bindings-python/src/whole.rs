//! Whole numbers from Python, which have any size: one that core cannot hold is refused in words.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use turnwire::{Error, ErrorKind};

use crate::error::exception;

/// A whole number; `None` if it is outside of the range of `T`.
pub(crate) struct Whole<T>(pub(crate) Option<T>);

impl<'a, 'py, T> FromPyObject<'a, 'py> for Whole<T>
where
    T: FromPyObject<'a, 'py>,
{
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<T>().map_err(Into::into) {
            Ok(number) => Ok(Whole(Some(number))),
            Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => Ok(Whole(None)),
            Err(error) => Err(error),
        }
    }
}

impl Whole<i64> {
    /// The argument of this name.
    ///
    /// # Errors
    ///
    /// `invalid_request` for a number beyond 64 bits.
    pub(crate) fn named(
        self,
        py: Python<'_>,
        operation: &'static str,
        name: &str,
    ) -> PyResult<i64> {
        let wide = || {
            let why = format!("{name} is an integer beyond 64 bits");
            exception(py, &Error::new(ErrorKind::InvalidRequest, operation, why))
        };
        self.0.ok_or_else(wide)
    }
}
