//! Speakers: from a text to its audio.

use std::sync::Arc;

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context, HostSpeaker};
use turnwire::config::CallOptions;
use turnwire::speech::ServiceSpeaker;

use crate::call::Call;
use crate::client::Client;
use crate::host::Host;
use crate::json::thrown;
use crate::options::Options;
use crate::service::ChatService;

/// A speaker.
#[napi]
pub struct Speaker {
    inner: Arc<dyn turnwire::speech::Speaker>,
}

#[napi]
impl Speaker {
    /// A speaker with these settings, which are JSON. One of a model's service uses that of the client, called with these
    /// options, unless the settings name another.
    #[napi(constructor)]
    pub fn new(
        settings: String,
        client: Option<&Client>,
        options: Option<Options>,
    ) -> napi::Result<Self> {
        let options = options.map_or_else(|| Ok(CallOptions::new()), Options::of_call)?;
        let llm = client.map(|client| client.openai().with(options));
        let inner = settings::speaker(llm.as_ref(), &settings, Names::Camel);
        inner.map(|inner| Speaker { inner }).map_err(|error| thrown(&error))
    }

    /// The speaker of this chat service.
    #[napi(factory)]
    pub fn of_service(service: &ChatService) -> Self {
        Speaker { inner: Arc::new(ServiceSpeaker::new(service.client().clone())) }
    }

    /// The function of this number as a speaker.
    #[napi(factory)]
    pub fn of_function(host: &Host, number: u32) -> Self {
        let speaker: HostSpeaker = host.function("speech", number);
        Speaker { inner: Arc::new(speaker) }
    }

    /// Requests the audio of a text. The request is JSON; a function that speaks gets the number of its caller.
    #[napi]
    pub fn speak(&self, request: String, caller: Option<u32>) -> napi::Result<Call> {
        let request = settings::speech_request(&request, Names::Camel);
        let speaker = self.inner.clone();
        let audio = async move { speaker.speak(request?).await?.collect().await };
        Call::started(match caller.map(Context::new) {
            Some(context) => context.scope(|| bridge::call(audio)),
            None => bridge::call(audio),
        })
    }
}

impl Speaker {
    pub(crate) fn shared(&self) -> Arc<dyn turnwire::speech::Speaker> {
        self.inner.clone()
    }
}
