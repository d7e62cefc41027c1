//! The client of a chat service.

use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::bridge::settings::{self, Names};

use crate::call::Call;
use crate::chat::Options;
use crate::error::exception;

/// A client of a chat service.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct ChatService(turnwire::ChatService);

#[pymethods]
impl ChatService {
    /// `settings` are JSON.
    #[new]
    fn new(py: Python<'_>, settings: &str) -> PyResult<Self> {
        let service = settings::chat_service(settings, Names::Snake);
        let service = service.and_then(|service| service.build());
        service.map(ChatService).map_err(|error| exception(py, &error))
    }

    /// The same client with these options for its calls.
    fn with_options(&self, options: Options) -> PyResult<Self> {
        Ok(ChatService(self.0.with(options.read()?)))
    }

    /// Requests a turn as a stream of events. `request` is JSON.
    fn stream(&self, py: Python<'_>, request: &str) -> PyResult<Call> {
        let request = bridge::service_request(request, Names::Snake, "service.stream");
        let service = self.0.clone();
        Call::new(py, bridge::call(async move { service.stream(request?).await }))
    }

    /// Requests a turn and its whole reply. `request` is JSON.
    fn send(&self, py: Python<'_>, request: &str) -> PyResult<Call> {
        let request = bridge::service_request(request, Names::Snake, "service.send");
        let service = self.0.clone();
        Call::new(py, bridge::call(async move { service.send(request?).await }))
    }

    /// Requests the speech of a text.
    fn speak(&self, py: Python<'_>, text: String) -> PyResult<Call> {
        let service = self.0.clone();
        Call::new(py, bridge::call(async move { service.speak(text).await }))
    }
}

impl ChatService {
    pub(crate) fn client(&self) -> &turnwire::ChatService {
        &self.0
    }
}
