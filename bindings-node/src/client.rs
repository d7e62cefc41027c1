//! The client: settings in, calls out.

use napi_derive::napi;
use turnwire::{ChatRequest, OpenAi, bridge};

use crate::call::Call;
use crate::json::thrown;
use crate::settings::{NAMES, Options, Settings, client_settings};

/// A client with its connections. It keeps no process alive.
#[napi]
pub struct Client {
    inner: bridge::Client,
}

#[napi]
impl Client {
    /// A client with these settings; an error's message is its JSON.
    #[napi(constructor)]
    pub fn new(settings: Settings) -> napi::Result<Self> {
        let inner = bridge::Client::named(client_settings(settings), NAMES);
        inner.map(|inner| Client { inner }).map_err(|error| thrown(&error))
    }

    /// Asks for a whole reply to a request, which is given as JSON.
    #[napi]
    pub fn chat(&self, request: String, options: Options) -> napi::Result<Call> {
        let call = ChatRequest::from_json(&request)
            .and_then(|request| self.inner.chat(request, options.of_call()));
        called(call)
    }

    /// Asks for a streamed reply.
    #[napi]
    pub fn chat_stream(&self, request: String, options: Options) -> napi::Result<Call> {
        let call = ChatRequest::from_json(&request)
            .and_then(|request| self.inner.chat_stream(request, options.of_call()));
        called(call)
    }

    /// Asks for the models that the service has.
    #[napi]
    pub fn models(&self, options: Options) -> napi::Result<Call> {
        called(self.inner.models(options.of_call()))
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
