//! The engine of turns.

use std::sync::Arc;

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names, Parts};
use turnwire::bridge::{self, Context, HostSentiment};
use turnwire::turn::TurnsBuilder;

use crate::call::Call;
use crate::client::Client;
use crate::host::Host;
use crate::json::thrown;
use crate::options::{Options, longest_wait};
use crate::outbox::Outbox;
use crate::speech::Speaker;
use crate::store::Store;
use crate::trace::Trace;
use crate::turn::Turn;

/// The engine of turns.
#[napi]
pub struct Turns {
    inner: turnwire::Turns,
}

/// Functions of JavaScript, by their numbers.
#[napi(object)]
pub struct HostFunctions {
    /// Returns the label of a message.
    pub sentiment: Option<u32>,
}

impl HostFunctions {
    fn parts(
        self,
        host: Option<&Host>,
        store: Option<&Store>,
        outbox: Option<&Outbox>,
        speaker: Option<&Speaker>,
    ) -> Parts {
        let store = store.map(Store::conversations);
        let outbox = outbox.map(|outbox| outbox.inner().clone());
        let speaker = speaker.map(Speaker::shared);
        let mut parts = Parts { store, outbox, speaker, ..Parts::default() };
        if let Some((host, number)) = host.zip(self.sentiment) {
            let sentiment: HostSentiment = host.function("turn.sentiment", number);
            parts.sentiment = Some(Arc::new(sentiment));
        }
        parts
    }
}

impl Turns {
    pub(crate) fn inner(&self) -> &turnwire::Turns {
        &self.inner
    }
}

#[napi]
impl Turns {
    /// An engine with the client's model, called with these options, and settings as JSON. The host calls the functions.
    #[napi(constructor)]
    #[allow(clippy::too_many_arguments, reason = "a class of JavaScript is no field of an object")]
    pub fn new(
        client: &Client,
        options: Options,
        settings: String,
        host: Option<&Host>,
        functions: HostFunctions,
        store: Option<&Store>,
        outbox: Option<&Outbox>,
        speaker: Option<&Speaker>,
    ) -> napi::Result<Self> {
        let llm = client.openai().with(options.of_call()?);
        let parts = functions.parts(host, store, outbox, speaker);
        let made = settings::turns(llm, &settings, Names::Camel, parts);
        let inner = made.and_then(TurnsBuilder::build).map_err(|error| thrown(&error))?;
        if let Some(outbox) = inner.outbox().filter(|_| store.is_some_and(Store::asks_host)) {
            bridge::leave_when_dropped(outbox);
        }
        Ok(Turns { inner })
    }

    /// Starts a turn, which continues the trace. The request is JSON; functions that run for the turn get its number.
    #[napi]
    pub fn start(
        &self,
        request: String,
        number: Option<u32>,
        trace: Option<&Trace>,
    ) -> napi::Result<Turn> {
        let turn = bridge::starting(Trace::taken(trace), |trace| {
            let request = bridge::turn_request(&request, Names::Camel)?;
            bridge::start(&self.inner, request, number.map(Context::new), trace)
        });
        turn.map(Turn::new).map_err(|error| thrown(&error))
    }

    /// Stops the turn with this id, if it is this user's in case one is given; false if none is known to run. The file is
    /// waited for on a thread of its own.
    #[napi]
    pub fn stop(&self, id: String, user_id: Option<String>) -> napi::Result<Call> {
        let turns = self.inner.clone();
        let call = bridge::call_blocking(move || Ok(bridge::stop(&turns, &id, user_id.as_deref())));
        call.map(Call::new).map_err(|error| thrown(&error))
    }

    /// Speaks a text, on demand. Functions that run for it get the number.
    #[napi]
    pub fn speak(&self, text: String, number: Option<u32>) -> napi::Result<Call> {
        let turns = self.inner.clone();
        let speak = || bridge::call(async move { turns.speak(text).await });
        let call = match number.map(Context::new) {
            Some(context) => context.scope(speak),
            None => speak(),
        };
        call.map(Call::new).map_err(|error| thrown(&error))
    }

    /// Waits as `flush`, and shuts down: no turn can be started afterwards.
    #[napi]
    pub fn shutdown(&self, timeout_ms: f64) -> napi::Result<Call> {
        let limit = longest_wait(timeout_ms, "turns.shutdown")?;
        Call::started(bridge::shutdown(&self.inner, limit))
    }

    /// Returns true while a message waits for its delivery.
    #[napi]
    pub fn is_waiting(&self) -> bool {
        self.inner.outbox().is_some_and(bridge::is_waiting)
    }

    /// Waits until all messages are delivered or dead, at most for so many milliseconds.
    #[napi]
    pub fn flush(&self, timeout_ms: f64) -> napi::Result<Call> {
        let limit = longest_wait(timeout_ms, "turns.flush")?;
        Call::started(bridge::flush(&self.inner, limit))
    }
}
