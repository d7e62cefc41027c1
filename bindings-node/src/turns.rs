//! The engine of turns.

use std::time::Duration;

use napi_derive::napi;
use turnwire::bridge::{self, Context};
use turnwire::turn::OnDisconnect;

use crate::call::Call;
use crate::client::Client;
use crate::host::Host;
use crate::json::thrown;
use crate::settings::{Options, duration};
use crate::turn::Turn;

/// The engine of turns.
#[napi]
pub struct Turns {
    inner: turnwire::Turns,
}

/// The settings of an engine.
#[napi(object)]
pub struct TurnsSettings {
    /// The store's address.
    pub store: Option<String>,
    /// The path of the outbox's file.
    pub outbox: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The text that begins every conversation.
    pub system_prompt: Option<String>,
    /// The longest wait of the reply for the label, in milliseconds.
    pub sentiment_budget: Option<f64>,
    /// The text for the model, with the label for `{label}`.
    pub sentiment_hint: Option<String>,
    /// `save_partial`, `finish` or `discard`.
    pub on_disconnect: Option<String>,
    /// Sends `turn` events.
    pub turn_events: Option<bool>,
    /// Sends `sentiment` events.
    pub sentiment_events: Option<bool>,
    /// Sends `usage` events.
    pub usage_events: Option<bool>,
    /// Sends `stage_failed` events.
    pub failure_events: Option<bool>,
    /// Sends whole lines of errors.
    pub detailed_errors: Option<bool>,
}

/// A function of JavaScript, by its number.
#[napi(object)]
pub struct HostFunctions {
    /// Returns the label of a message.
    pub sentiment: Option<u32>,
}

fn build(
    client: &Client,
    options: Options,
    settings: TurnsSettings,
    sentiment: Option<(&Host, u32)>,
) -> turnwire::Result<turnwire::Turns> {
    let mut turns = turnwire::Turns::builder(client.openai().with(options.of_call()));
    if let Some(model) = settings.model {
        turns = turns.model(model);
    }
    if let Some(prompt) = settings.system_prompt {
        turns = turns.system_prompt(prompt);
    }
    if let Some(budget) = settings.sentiment_budget {
        turns = turns.sentiment_budget(duration(budget).unwrap_or(Duration::MAX));
    }
    if let Some(url) = settings.store {
        turns = turns.store(turnwire::ChatStore::new(url)?);
    }
    if let Some(path) = settings.outbox {
        turns = turns.outbox(turnwire::Outbox::open(path)?);
    }
    if let Some((host, function)) = sentiment {
        turns = turns.sentiment(host.function("turn.sentiment", function));
    }
    if let Some(hint) = settings.sentiment_hint {
        turns = turns.sentiment_hint(hint);
    }
    if let Some(choice) = settings.on_disconnect.as_deref() {
        turns = turns.on_disconnect(match choice {
            "finish" => OnDisconnect::Finish,
            "discard" => OnDisconnect::Discard,
            _ => OnDisconnect::SavePartial,
        });
    }
    turns
        .turn_events(settings.turn_events.unwrap_or(false))
        .sentiment_events(settings.sentiment_events.unwrap_or(false))
        .usage_events(settings.usage_events.unwrap_or(false))
        .failure_events(settings.failure_events.unwrap_or(false))
        .detailed_errors(settings.detailed_errors.unwrap_or(false))
        .build()
}

#[napi]
impl Turns {
    /// An engine with the client's model, made by its calls' options, and these settings. The host calls the
    /// functions.
    #[napi(constructor)]
    pub fn new(
        client: &Client,
        options: Options,
        settings: TurnsSettings,
        host: Option<&Host>,
        functions: HostFunctions,
    ) -> napi::Result<Self> {
        let made = build(client, options, settings, host.zip(functions.sentiment));
        made.map(|inner| Turns { inner }).map_err(|error| thrown(&error))
    }

    /// Starts a turn. The request is JSON; functions that run for the turn get its number.
    #[napi]
    pub fn start(&self, request: String, number: Option<u32>) -> napi::Result<Turn> {
        let start = |request| bridge::start(&self.inner, request, number.map(Context::new));
        bridge::turn_request(&request).and_then(start).map(Turn::new).map_err(|e| thrown(&e))
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
