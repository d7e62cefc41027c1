//! The classes of NATS brokers in a build without their client: none can be made, and the refusal says what to install.

use std::convert::Infallible;

use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::outbox::OutboxBuilder;

use crate::error::exception;
use crate::extra::INSTALL;
use crate::store::Store;
use crate::text::Text;

/// Publishes the records of an outbox, where the extra is installed.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct NatsSink(Infallible);

impl NatsSink {
    pub(crate) fn set(&self, _outbox: OutboxBuilder) -> OutboxBuilder {
        match self.0 {}
    }
}

#[pymethods]
impl NatsSink {
    #[new]
    #[expect(unused_variables, reason = "their names are those of the class that works")]
    fn new(py: Python<'_>, settings: Text<'_>) -> PyResult<Self> {
        Err(refusal(py, "nats.sink"))
    }
}

/// Delivers the records of a stream, where the extra is installed.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Courier(Infallible);

#[pymethods]
impl Courier {
    #[new]
    #[pyo3(signature = (broker, settings, *, sink=None, store=None, token_provider=None))]
    #[expect(unused_variables, reason = "their names are those of the class that works")]
    fn new(
        py: Python<'_>,
        broker: Text<'_>,
        settings: Text<'_>,
        sink: Option<Py<PyAny>>,
        store: Option<&Store>,
        token_provider: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        Err(refusal(py, "courier.build"))
    }
}

fn refusal(py: Python<'_>, operation: &'static str) -> PyErr {
    exception(py, &bridge::no_nats(operation, INSTALL))
}
