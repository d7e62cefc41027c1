//! The client: passes settings and options to core.

use pyo3::prelude::*;
use turnwire::bridge::settings::{self, Names};
use turnwire::config::CallOptions;
use turnwire::{ChatRequest, OpenAi, bridge};

use crate::call::Call;
use crate::error::exception;
use crate::seconds::{Count, Seconds};
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

/// The options of one call.
#[derive(FromPyObject)]
pub(crate) struct Options {
    /// A header without a value is removed.
    headers: Vec<(OwnedText, Option<OwnedText>)>,
    query: Vec<(OwnedText, OwnedText)>,
    max_retries: Option<Count>,
    timeout: Option<Timeout>,
}

impl Options {
    /// The options for core.
    ///
    /// # Errors
    ///
    /// `config` for a number that core cannot take.
    pub(crate) fn parsed(self) -> turnwire::Result<CallOptions> {
        const OPERATION: &str = "call.options";
        let headers = self.headers.into_iter().map(|(name, value)| (name, value.map(String::from)));
        let query = self.query.into_iter().map(|(name, value)| (name, String::from(value)));
        let mut options = CallOptions::new().headers(headers).queries(query);
        if let Some(retries) = self.max_retries {
            options = options.max_retries(retries.named("max_retries", OPERATION)?);
        }
        if let Some(Timeout { read }) = self.timeout {
            let limit = read.map_or(Ok(None), |read| read.limit(OPERATION))?;
            options = options.timeout(limit);
        }
        Ok(options)
    }

    /// The same, with the error as Python's.
    pub(crate) fn read(self, py: Python<'_>) -> PyResult<CallOptions> {
        self.parsed().map_err(|error| exception(py, &error))
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
        let client = settings::client(&settings, Names::Snake);
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
        let call = bridge::starting(Trace::shared(trace), |trace| {
            let options = options.parsed()?;
            self.0.chat(ChatRequest::from_json(&body)?, options, trace)
        });
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
        let call = bridge::starting(Trace::shared(trace), |trace| {
            let options = options.parsed()?;
            self.0.chat_stream(ChatRequest::from_json(&body)?, options, trace)
        });
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
