//! Python functions that core calls.

mod answer;
mod audio;
mod function;

pub(crate) use answer::Answer;
pub(crate) use audio::AudioWriter;
pub(crate) use function::function;

use pyo3::prelude::*;
use turnwire::bridge::Failure;

/// The failure of a function that raised this exception.
pub(crate) fn failure(exception: Bound<'_, PyAny>) -> PyResult<Failure> {
    let kind = exception.get_type().name()?;
    // An exception whose `__str__` raises has no words.
    let words = exception.str().map_or_else(|_| String::new(), |words| words.to_string());
    let message = if words.is_empty() { kind.to_string() } else { format!("{kind}: {words}") };
    Ok(Failure { message, cause: Some(Box::new(PyErr::from_value(exception))) })
}
