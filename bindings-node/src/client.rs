//! The client of a model.

use napi_derive::napi;
use turnwire::bridge;
use turnwire::bridge::settings::{self, Names};
use turnwire::{ChatRequest, OpenAi};

use crate::call::Call;
use crate::json::thrown;
use crate::options::Options;
use crate::trace::Trace;

/// A client with its connections. It does not keep the process alive.
#[napi]
pub struct Client {
    inner: bridge::Client,
}

#[napi]
impl Client {
    /// A client with these settings, which are JSON.
    #[napi(constructor)]
    pub fn new(settings: String) -> napi::Result<Self> {
        let inner = settings::client(&settings, Names::Camel);
        inner.map(|inner| Client { inner }).map_err(|error| thrown(&error))
    }

    /// Requests a whole reply. The request is JSON; the call continues the trace.
    #[napi]
    pub fn chat(
        &self,
        request: String,
        options: Options,
        trace: Option<&Trace>,
    ) -> napi::Result<Call> {
        called(bridge::starting(Trace::taken(trace), |trace| {
            let options = options.parsed()?;
            self.inner.chat(ChatRequest::from_json(&request)?, options, trace)
        }))
    }

    /// Requests a streamed reply; the call continues the trace, up to the end of the stream.
    #[napi]
    pub fn chat_stream(
        &self,
        request: String,
        options: Options,
        trace: Option<&Trace>,
    ) -> napi::Result<Call> {
        called(bridge::starting(Trace::taken(trace), |trace| {
            let options = options.parsed()?;
            self.inner.chat_stream(ChatRequest::from_json(&request)?, options, trace)
        }))
    }

    /// Requests speech, to be read as it arrives. The body is the request's JSON.
    #[napi]
    pub fn speech(&self, body: String, options: Options) -> napi::Result<Call> {
        Call::started(self.inner.speech_stream(body, options.of_call()?))
    }

    /// Requests the service's list of models.
    #[napi]
    pub fn models(&self, options: Options) -> napi::Result<Call> {
        called(self.inner.models(options.of_call()?))
    }
}

impl Client {
    pub(crate) fn openai(&self) -> &OpenAi {
        self.inner.openai()
    }
}

fn called(call: turnwire::Result<bridge::Call>) -> napi::Result<Call> {
    call.map(Call::new).map_err(|error| thrown(&error))
}
