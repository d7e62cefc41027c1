//! Timelines that Python has as JSON, drawn.

use pyo3::prelude::*;
use turnwire::bridge;

use crate::error::exception;
use crate::text::Text;

/// The chart of a timeline for a terminal.
#[pyfunction]
pub(crate) fn timeline_text(py: Python<'_>, json: Text<'_>) -> PyResult<String> {
    bridge::timeline_text(&json).map_err(|error| exception(py, &error))
}

/// The picture of a timeline, as SVG, with a note below its title.
#[pyfunction]
pub(crate) fn timeline_svg(py: Python<'_>, json: Text<'_>, note: Text<'_>) -> PyResult<String> {
    bridge::timeline_svg(&json, &note).map_err(|error| exception(py, &error))
}
