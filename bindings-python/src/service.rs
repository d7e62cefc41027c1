//! The client of a chat service.

use pyo3::prelude::*;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context, IntoAnswer};
use turnwire::credentials::{TokenRequest, Tokens};

use crate::call::Call;
use crate::chat::Options;
use crate::error::exception;
use crate::host::function;
use crate::text::{OwnedText, Text};

const TOKENS: &str = "service.tokens";

/// A client of a chat service.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct ChatService {
    inner: turnwire::ChatService,
    /// The caller that the token provider gets with each question.
    caller: Option<Context>,
}

impl ChatService {
    fn call<T, F>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(turnwire::ChatService) -> F,
    ) -> PyResult<Call>
    where
        T: IntoAnswer,
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::asked_by(py, self.caller.as_ref(), call(self.inner.clone()))
    }
}

#[pymethods]
impl ChatService {
    /// `settings` are JSON. `token_provider` is asked with a question, the caller and an `Answer`.
    #[new]
    #[pyo3(signature = (settings, *, token_provider=None))]
    fn new(
        py: Python<'_>,
        settings: Text<'_>,
        token_provider: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let service = settings::chat_service(&settings, Names::Snake).and_then(|service| {
            match token_provider {
                Some(ask) => {
                    service.token_provider(function::<TokenRequest, Option<Tokens>>(TOKENS, ask))
                }
                None => service,
            }
            .build()
        });
        let service = service.map(|inner| ChatService { inner, caller: None });
        service.map_err(|error| exception(py, &error))
    }

    /// The same client with this caller, which its token provider gets.
    fn asked_by(&self, caller: Py<PyAny>) -> Self {
        ChatService { inner: self.inner.clone(), caller: Some(Context::new(caller)) }
    }

    /// The same client with these options for its calls.
    fn with_options(&self, py: Python<'_>, options: Options) -> PyResult<Self> {
        Ok(ChatService { inner: self.inner.with(options.read(py)?), caller: self.caller.clone() })
    }

    /// Requests a turn as a stream of events. `request` is JSON.
    fn stream(&self, py: Python<'_>, request: Text<'_>) -> PyResult<Call> {
        let request = bridge::service_request(&request, Names::Snake, "service.stream");
        self.call(py, async move |service| service.stream(request?).await)
    }

    /// Requests a turn and its whole reply. `request` is JSON.
    fn send(&self, py: Python<'_>, request: Text<'_>) -> PyResult<Call> {
        let request = bridge::service_request(&request, Names::Snake, "service.send");
        self.call(py, async move |service| service.send(request?).await)
    }

    /// Requests the speech of a text.
    fn speak(&self, py: Python<'_>, text: OwnedText) -> PyResult<Call> {
        self.call(py, async move |service| service.speak(text).await)
    }

    /// Stops a running turn.
    fn stop(&self, py: Python<'_>, turn_id: OwnedText) -> PyResult<Call> {
        self.call(py, async move |service| service.stop(turn_id).await)
    }
}

impl ChatService {
    pub(crate) fn client(&self) -> &turnwire::ChatService {
        &self.inner
    }
}
