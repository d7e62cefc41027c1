//! The client of a chat service.

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context, HostTokenProvider, IntoAnswer};

use crate::call::Call;
use crate::host::Host;
use crate::json::thrown;
use crate::options::Options;

/// A client of a chat service.
#[napi]
pub struct ChatService {
    inner: turnwire::ChatService,
    /// The caller on whose behalf the token provider is asked.
    caller: Option<Context>,
}

#[napi]
impl ChatService {
    /// A client with these settings, which are JSON. The host calls the function with this number for tokens.
    #[napi(constructor)]
    pub fn new(
        settings: String,
        host: Option<&Host>,
        token_provider: Option<u32>,
    ) -> napi::Result<Self> {
        let mut service =
            settings::chat_service(&settings, Names::Camel).map_err(|e| thrown(&e))?;
        if let Some((host, number)) = host.zip(token_provider) {
            let provider: HostTokenProvider = host.function("service.tokens", number);
            service = service.token_provider(provider);
        }
        let inner = service.build().map_err(|error| thrown(&error))?;
        Ok(ChatService { inner, caller: None })
    }

    /// The same client with the caller of this number, on whose behalf its token provider is asked.
    #[napi]
    pub fn asked_by(&self, number: u32) -> Self {
        ChatService { inner: self.inner.clone(), caller: Some(Context::new(number)) }
    }

    /// The same client with these options for its calls.
    #[napi]
    pub fn with_options(&self, options: Options) -> napi::Result<Self> {
        let inner = self.inner.with(options.of_call()?);
        Ok(ChatService { inner, caller: self.caller.clone() })
    }

    /// Requests a turn as a stream of events. The request is JSON.
    #[napi]
    pub fn stream(&self, request: String) -> napi::Result<Call> {
        let request = bridge::service_request(&request, Names::Camel, "service.stream");
        self.call(async move |service| service.stream(request?).await)
    }

    /// Requests a turn and its whole reply. The request is JSON.
    #[napi]
    pub fn send(&self, request: String) -> napi::Result<Call> {
        let request = bridge::service_request(&request, Names::Camel, "service.send");
        self.call(async move |service| service.send(request?).await)
    }

    /// Requests the speech of a text.
    #[napi]
    pub fn speak(&self, text: String) -> napi::Result<Call> {
        self.call(async move |service| service.speak(text).await)
    }

    /// Stops a running turn.
    #[napi]
    pub fn stop(&self, turn_id: String) -> napi::Result<Call> {
        self.call(async move |service| service.stop(turn_id).await)
    }
}

impl ChatService {
    fn call<T, F>(&self, call: impl FnOnce(turnwire::ChatService) -> F) -> napi::Result<Call>
    where
        T: IntoAnswer,
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::asked_by(self.caller.as_ref(), call(self.inner.clone()))
    }
}

impl ChatService {
    pub(crate) fn client(&self) -> &turnwire::ChatService {
        &self.inner
    }
}
