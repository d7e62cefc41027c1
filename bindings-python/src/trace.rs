//! A trace of the program, which a call or a turn continues.

use std::sync::Arc;

use pyo3::prelude::*;
use turnwire::bridge;

use crate::call::Call;
use crate::seconds::{Seconds, longest_wait};
use crate::shutdown;
use crate::text::Text;

/// A trace of the program. It belongs to the call that it is given to.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Trace(Arc<bridge::Trace>);

impl Trace {
    pub(crate) fn shared(trace: Option<&Bound<'_, Trace>>) -> Option<Arc<bridge::Trace>> {
        trace.map(|trace| trace.get().0.clone())
    }
}

#[pymethods]
impl Trace {
    /// `parent` and `state` are the values of the headers `traceparent` and `tracestate`. `report` is called once with the finished
    /// spans as JSON, on a thread of core.
    #[new]
    fn new(parent: Text<'_>, state: Text<'_>, report: Py<PyAny>) -> Self {
        let report = move |json: String| {
            shutdown::attach(|py| {
                if let Err(error) = report.call1(py, (json,)) {
                    error.write_unraisable(py, Some(report.bind(py)));
                }
            });
        };
        Trace(bridge::Trace::new(&parent, &state, report))
    }
}

/// Hands over, at the end of the process, the spans of what still runs, and waits for their reports, at most for this many seconds.
#[pyfunction]
pub(crate) fn end_traces(py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
    let limit = longest_wait(py, timeout, "end_traces")?;
    Call::new(py, bridge::end_traces(limit))
}
