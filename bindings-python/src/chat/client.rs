//! The client: settings and options on their way to core.

use std::time::Duration;

use pyo3::prelude::*;
use turnwire::chat::OpenAiBuilder;
use turnwire::config::{CallOptions, RetryPolicy, Timeouts};
use turnwire::{ChatRequest, OpenAi, bridge};

use crate::call::Call;
use crate::error::exception;
use crate::seconds::seconds;

/// A client of an OpenAI-compatible service.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Client(bridge::Client);

/// Time limits in seconds: for a connection, where it has one of its own, and for all that comes after; none is
/// no limit.
#[derive(FromPyObject)]
struct Limits {
    connect: Option<f64>,
    read: Option<f64>,
}

impl Limits {
    fn of_client(&self) -> PyResult<Timeouts> {
        let limits = Timeouts::of_silence(self.silence()?);
        let connect = self.connect.map_or(Ok(limits.connect), seconds)?;
        Ok(limits.connect(connect))
    }

    fn silence(&self) -> PyResult<Option<Duration>> {
        self.read.map_or(Ok(None), seconds)
    }
}

/// The most that a service may send, in bytes.
#[derive(FromPyObject)]
struct Sizes {
    event_bytes: Option<usize>,
    reply_bytes: Option<usize>,
}

impl From<Sizes> for turnwire::config::Limits {
    fn from(sizes: Sizes) -> Self {
        let mut limits = turnwire::config::Limits::new();
        limits.event = sizes.event_bytes.unwrap_or(limits.event);
        limits.reply = sizes.reply_bytes.unwrap_or(limits.reply);
        limits
    }
}

/// The options of one call.
#[derive(FromPyObject)]
pub(crate) struct Options {
    /// A header without a value is not sent.
    headers: Vec<(String, Option<String>)>,
    query: Vec<(String, String)>,
    max_retries: Option<u32>,
    timeout: Option<Limits>,
}

impl Options {
    pub(crate) fn read(self) -> PyResult<CallOptions> {
        let mut options = CallOptions::new().headers(self.headers).queries(self.query);
        if let Some(retries) = self.max_retries {
            options = options.max_retries(retries);
        }
        match self.timeout {
            Some(limits) => Ok(options.timeout(limits.silence()?)),
            None => Ok(options),
        }
    }
}

impl Client {
    pub(crate) fn openai(&self) -> &OpenAi {
        self.0.openai()
    }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*, api_key, base_url, organization, project, options, limits))]
    fn new(
        py: Python<'_>,
        api_key: Option<String>,
        base_url: Option<String>,
        organization: Option<String>,
        project: Option<String>,
        options: Options,
        limits: Sizes,
    ) -> PyResult<Self> {
        let mut settings = OpenAiBuilder::from_env();
        if let Some(key) = api_key {
            settings = settings.api_key(key);
        }
        if let Some(url) = base_url {
            settings = settings.base_url(url);
        }
        if let Some(id) = organization {
            settings = settings.organization(id);
        }
        if let Some(id) = project {
            settings = settings.project(id);
        }
        settings = settings.headers(options.headers).queries(options.query).limits(limits.into());
        if let Some(max_retries) = options.max_retries {
            settings = settings.retry(RetryPolicy::new().max_retries(max_retries));
        }
        if let Some(limits) = options.timeout {
            settings = settings.timeouts(limits.of_client()?);
        }
        bridge::Client::new(settings).map(Client).map_err(|e| exception(py, &e))
    }

    /// Asks for a whole reply; `body` is the request's JSON.
    fn chat(&self, py: Python<'_>, body: &str, options: Options) -> PyResult<Call> {
        let options = options.read()?;
        let call = ChatRequest::from_json(body).and_then(|body| self.0.chat(body, options));
        Call::new(py, call)
    }

    /// Asks for a streamed reply; `body` is the request's JSON.
    fn chat_stream(&self, py: Python<'_>, body: &str, options: Options) -> PyResult<Call> {
        let options = options.read()?;
        let call = ChatRequest::from_json(body).and_then(|body| self.0.chat_stream(body, options));
        Call::new(py, call)
    }

    /// Asks for the models that the service has.
    fn models(&self, py: Python<'_>, options: Options) -> PyResult<Call> {
        Call::new(py, self.0.models(options.read()?))
    }
}
