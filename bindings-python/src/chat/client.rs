//! The client: passes settings and options to core.

use pyo3::prelude::*;
use turnwire::bridge::settings::{self, Names};
use turnwire::config::CallOptions;
use turnwire::{ChatRequest, Error, ErrorKind, OpenAi, bridge};

use crate::call::Call;
use crate::error::exception;
use crate::seconds::Seconds;
use crate::text::{OwnedText, Text};
use crate::trace::Trace;

/// A client of an OpenAI-compatible service.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Client(bridge::Client);

/// The longest silence of the service in seconds; `None` means no limit.
#[derive(FromPyObject)]
struct Timeout {
    read: Option<Seconds>,
}

/// A number of retries; `None` for anything that is none.
struct Retries(Option<u32>);

impl<'a, 'py> FromPyObject<'a, 'py> for Retries {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Retries(object.extract().ok()))
    }
}

/// The options of one call.
#[derive(FromPyObject)]
pub(crate) struct Options {
    /// A header without a value is removed.
    headers: Vec<(OwnedText, Option<OwnedText>)>,
    query: Vec<(OwnedText, OwnedText)>,
    max_retries: Option<Retries>,
    timeout: Option<Timeout>,
}

impl Options {
    /// The options for core.
    ///
    /// # Errors
    ///
    /// `config` for a number that core cannot take.
    pub(crate) fn read(self, py: Python<'_>) -> PyResult<CallOptions> {
        const OPERATION: &str = "call.options";
        let headers = self.headers.into_iter().map(|(name, value)| (name, value.map(String::from)));
        let query = self.query.into_iter().map(|(name, value)| (name, String::from(value)));
        let mut options = CallOptions::new().headers(headers).queries(query);
        if let Some(Retries(retries)) = self.max_retries {
            let why = "max_retries must be a whole number from 0 on, of 32 bits at most";
            let refused = || exception(py, &Error::new(ErrorKind::Config, OPERATION, why));
            options = options.max_retries(retries.ok_or_else(refused)?);
        }
        if let Some(Timeout { read }) = self.timeout {
            let limit = read.map_or(Ok(None), |read| read.limit(py, OPERATION))?;
            options = options.timeout(limit);
        }
        Ok(options)
    }
}

impl Client {
    pub(crate) fn openai(&self) -> &OpenAi {
        self.0.openai()
    }
}

#[pymethods]
impl Client {
    /// `settings` is JSON; the environment supplies absent ones.
    #[new]
    fn new(py: Python<'_>, settings: Text<'_>) -> PyResult<Self> {
        let settings = with_environment(py, settings)?;
        let client = settings::open_ai(&settings, Names::Snake).and_then(bridge::Client::new);
        client.map(Client).map_err(|error| exception(py, &error))
    }

    /// Requests a whole reply; `body` is the request's JSON.
    #[pyo3(signature = (body, options, trace=None))]
    fn chat(
        &self,
        py: Python<'_>,
        body: Text<'_>,
        options: Options,
        trace: Option<&Bound<'_, Trace>>,
    ) -> PyResult<Call> {
        let (options, trace) = (options.read(py)?, Trace::shared(trace));
        let call = ChatRequest::from_json(&body).and_then(|body| self.0.chat(body, options, trace));
        Call::new(py, call)
    }

    /// Requests a streamed reply; `body` is the request's JSON.
    #[pyo3(signature = (body, options, trace=None))]
    fn chat_stream(
        &self,
        py: Python<'_>,
        body: Text<'_>,
        options: Options,
        trace: Option<&Bound<'_, Trace>>,
    ) -> PyResult<Call> {
        let (options, trace) = (options.read(py)?, Trace::shared(trace));
        let call =
            ChatRequest::from_json(&body).and_then(|body| self.0.chat_stream(body, options, trace));
        Call::new(py, call)
    }

    /// Requests speech, whole; `body` is the request's JSON.
    fn speech(&self, py: Python<'_>, body: OwnedText, options: Options) -> PyResult<Call> {
        Call::new(py, self.0.speech(body.into(), options.read(py)?))
    }

    /// Requests speech, to be read as it arrives; `body` is the request's JSON.
    fn speech_stream(&self, py: Python<'_>, body: OwnedText, options: Options) -> PyResult<Call> {
        Call::new(py, self.0.speech_stream(body.into(), options.read(py)?))
    }

    /// Requests the service's list of models.
    fn models(&self, py: Python<'_>, options: Options) -> PyResult<Call> {
        Call::new(py, self.0.models(options.read(py)?))
    }
}

/// The settings as JSON, with absent ones from the environment.
#[pyfunction]
pub(crate) fn with_environment(py: Python<'_>, settings: Text<'_>) -> PyResult<String> {
    let variable = |name: &str| std::env::var(name).ok();
    let settings = settings::with_environment(&settings, Names::Snake, variable);
    settings.map_err(|error| exception(py, &error))
}
