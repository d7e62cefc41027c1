//! The client of a chat service.

use napi_derive::napi;
use turnwire::bridge;
use turnwire::bridge::settings::{self, Names};

use crate::call::Call;
use crate::json::thrown;
use crate::options::Options;

/// A client of a chat service.
#[napi]
pub struct ChatService {
    inner: turnwire::ChatService,
}

#[napi]
impl ChatService {
    /// A client with these settings, which are JSON.
    #[napi(constructor)]
    pub fn new(settings: String) -> napi::Result<Self> {
        let service = settings::chat_service(&settings, Names::Camel);
        let inner = service.and_then(|service| service.build());
        inner.map(|inner| ChatService { inner }).map_err(|error| thrown(&error))
    }

    /// The same client with these options for its calls.
    #[napi]
    pub fn with_options(&self, options: Options) -> Self {
        ChatService { inner: self.inner.with(options.of_call()) }
    }

    /// Requests a turn as a stream of events. The request is JSON.
    #[napi]
    pub fn stream(&self, request: String) -> napi::Result<Call> {
        let request = bridge::service_request(&request, Names::Camel, "service.stream");
        let service = self.inner.clone();
        Call::started(bridge::call(async move { service.stream(request?).await }))
    }

    /// Requests a turn and its whole reply. The request is JSON.
    #[napi]
    pub fn send(&self, request: String) -> napi::Result<Call> {
        let request = bridge::service_request(&request, Names::Camel, "service.send");
        let service = self.inner.clone();
        Call::started(bridge::call(async move { service.send(request?).await }))
    }

    /// Requests the speech of a text.
    #[napi]
    pub fn speak(&self, text: String) -> napi::Result<Call> {
        let service = self.inner.clone();
        Call::started(bridge::call(async move { service.speak(text).await }))
    }
}
