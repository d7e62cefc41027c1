//! The engine of turns.

use std::sync::Arc;
use std::time::Duration;

use napi_derive::napi;
use turnwire::OpenAi;
use turnwire::bridge::settings::{self, Names, Parts};
use turnwire::bridge::{self, Context, HostSentiment};

use crate::call::Call;
use crate::client::Client;
use crate::host::Host;
use crate::json::thrown;
use crate::options::{Options, duration};
use crate::turn::Turn;

/// The engine of turns.
#[napi]
pub struct Turns {
    inner: turnwire::Turns,
}

/// A function of JavaScript, by its number.
#[napi(object)]
pub struct HostFunctions {
    /// Returns the label of a message.
    pub sentiment: Option<u32>,
}

fn build(
    llm: OpenAi,
    settings: &str,
    sentiment: Option<HostSentiment>,
) -> turnwire::Result<turnwire::Turns> {
    let mut parts = Parts::default();
    if let Some(sentiment) = sentiment {
        parts.sentiment = Some(Arc::new(sentiment));
    }
    settings::turns(llm, settings, Names::Camel, parts)?.build()
}

#[napi]
impl Turns {
    /// An engine with the client's model, called with these options, and settings as JSON. The host calls the functions.
    #[napi(constructor)]
    pub fn new(
        client: &Client,
        options: Options,
        settings: String,
        host: Option<&Host>,
        functions: HostFunctions,
    ) -> napi::Result<Self> {
        let sentiment = host.zip(functions.sentiment);
        let sentiment = sentiment.map(|(host, number)| host.function("turn.sentiment", number));
        let made = build(client.openai().with(options.of_call()), &settings, sentiment);
        made.map(|inner| Turns { inner }).map_err(|error| thrown(&error))
    }

    /// Starts a turn. The request is JSON; functions that run for the turn get its number.
    #[napi]
    pub fn start(&self, request: String, number: Option<u32>) -> napi::Result<Turn> {
        let start = |request| bridge::start(&self.inner, request, number.map(Context::new));
        bridge::turn_request(&request, Names::Camel)
            .and_then(start)
            .map(Turn::new)
            .map_err(|e| thrown(&e))
    }

    /// Stops the turn with this id; false if no such turn runs here.
    #[napi]
    pub fn stop(&self, id: String) -> bool {
        self.inner.stop(&id)
    }

    /// Waits until all messages are delivered or dead, at most for so many milliseconds.
    #[napi]
    pub fn flush(&self, timeout_ms: f64) -> napi::Result<Call> {
        let (turns, limit) = (self.inner.clone(), duration(timeout_ms).unwrap_or(Duration::MAX));
        let call = bridge::call(async move { Ok(turns.flush(limit).await) });
        call.map(Call::new).map_err(|error| thrown(&error))
    }
}
