//! The settings of the turn engine, with its parts as nested objects.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::clients::{OpenAiSettings, StoreSettings};
use super::names::Names;
use super::outbox::OutboxSettings;
use super::parts::Parts;
use super::prompts::PromptSettings;
use super::speech::{SpeakerSettings, SpeechSettings};
use super::value::{Subject, read};
use super::values::{TURNS, Time, set};
use super::words::words;
use crate::chat::{ChatRequest, OpenAi};
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::Sink;
use crate::speech::{Speech, SpeechMode};
use crate::turn::{
    Fallback, HistoryLimits, LlmSentiment, Naming, NamingStart, OnDisconnect, Prompts, Turns,
    TurnsBuilder,
};

/// The turn engine.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TurnsSettings {
    model: Option<String>,
    /// The template of every turn's request, in the format of the model's service.
    template: Option<Map<String, Value>>,
    /// The services that answer, in order, when those before them cannot.
    fallbacks: Option<Vec<FallbackSettings>>,
    /// The prompts; the settings of single ones win.
    prompts: Option<PromptSettings>,
    system_prompt: Option<String>,
    store: Option<StoreSettings>,
    outbox: Option<OutboxSettings>,
    sentiment: Option<SentimentSettings>,
    sentiment_budget: Time,
    sentiment_hint: Option<String>,
    speaker: Option<SpeakerSettings>,
    speech: Option<SpeechSettings>,
    speech_mode: Option<SpeechModeName>,
    speech_wait: Time,
    history: Option<HistorySettings>,
    naming: Option<NamingName>,
    /// The template of the request for a name, in the format of the model's service.
    naming_template: Option<Map<String, Value>>,
    naming_start: Option<NamingStartName>,
    naming_prompt: Option<String>,
    naming_limit: Time,
    workspace_wait: Time,
    on_disconnect: Option<OnDisconnectName>,
    keep_alive: Time,
    turn_events: Option<bool>,
    sentiment_events: Option<bool>,
    usage_events: Option<bool>,
    failure_events: Option<bool>,
    detailed_errors: Option<bool>,
}

/// A service that answers when those before it cannot.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FallbackSettings {
    model: Option<String>,
    /// The model's service, if it differs from that of the replies.
    client: Option<OpenAiSettings>,
}

/// A model that classifies the sentiment.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SentimentSettings {
    model: Option<String>,
    labels: Option<Vec<String>>,
    /// The model's service, if it differs from that of the replies.
    client: Option<OpenAiSettings>,
}

/// The limits of the history that is sent to the model.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HistorySettings {
    messages: Option<usize>,
    characters: Option<usize>,
    wait: Time,
}

words! {
    SpeechModeName of SpeechMode: OnDemand, AfterText, Streaming;
    NamingName of Naming: Model, FirstWords;
    NamingStartName of NamingStart: AtOnce, FirstContent;
    OnDisconnectName of OnDisconnect: SavePartial, Finish, Discard;
}

impl TurnsSettings {
    fn builder(self, llm: OpenAi, parts: Parts) -> Result<TurnsBuilder> {
        let mut builder = Turns::builder(llm.clone());
        if let Some(template) = self.template {
            builder = builder.template(request(template)?);
        }
        for fallback in self.fallbacks.into_iter().flatten() {
            builder = builder.fallback(fallback.build()?);
        }
        if let Some(template) = self.naming_template {
            builder = builder.naming_template(request(template)?);
        }
        builder = set(builder, self.model, TurnsBuilder::model);
        let prompts = self.prompts.map(PromptSettings::prompts);
        builder = set(builder, prompts.clone(), TurnsBuilder::prompts);
        builder = set(builder, self.system_prompt, TurnsBuilder::system_prompt);
        let has_store = parts.store.is_some() || self.store.is_some();
        match (parts.store, self.store) {
            (Some(store), None) => builder = builder.store(store),
            (None, Some(store)) => builder = builder.store(store.builder()?.build()?),
            (None, None) => {}
            (Some(_), Some(_)) => return Err(twice("store")),
        }
        match (parts.sentiment, self.sentiment) {
            (Some(sentiment), None) => builder = builder.sentiment(sentiment),
            (None, Some(sentiment)) => builder = builder.sentiment(sentiment.build(&llm, prompts)?),
            (None, None) => {}
            (Some(_), Some(_)) => return Err(twice("sentiment")),
        }
        builder = set(builder, self.sentiment_budget.given(), TurnsBuilder::sentiment_budget);
        builder = set(builder, self.sentiment_hint, TurnsBuilder::sentiment_hint);
        let speaker = match (parts.speaker, self.speaker) {
            (Some(speaker), None) => Some(Speech::new(speaker)),
            (None, Some(speaker)) => Some(Speech::new(speaker.build(Some(&llm))?)),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(twice("speaker")),
        };
        match (speaker, self.speech) {
            (Some(speaker), given) => {
                builder = builder.speech(given.unwrap_or_default().apply(speaker));
            }
            (None, Some(_)) => return Err(refused("speech needs a speaker")),
            (None, None) => {}
        }
        builder = set(builder, self.speech_mode.map(SpeechMode::from), TurnsBuilder::speech_mode);
        builder = set(builder, self.speech_wait.given(), TurnsBuilder::speech_wait);
        builder = set(builder, self.history.map(HistorySettings::limits), TurnsBuilder::history);
        builder = set(builder, self.naming.map(Naming::from), TurnsBuilder::naming);
        let naming_start = self.naming_start.map(NamingStart::from);
        builder = set(builder, naming_start, TurnsBuilder::naming_start);
        builder = set(builder, self.naming_prompt, TurnsBuilder::naming_prompt);
        builder = set(builder, self.naming_limit.given(), TurnsBuilder::naming_limit);
        builder = set(builder, self.workspace_wait.given(), TurnsBuilder::workspace_wait);
        let on_disconnect = self.on_disconnect.map(OnDisconnect::from);
        builder = set(builder, on_disconnect, TurnsBuilder::on_disconnect);
        builder = self.keep_alive.set(builder, TurnsBuilder::keep_alive);
        builder = set(builder, self.turn_events, TurnsBuilder::turn_events);
        builder = set(builder, self.sentiment_events, TurnsBuilder::sentiment_events);
        builder = set(builder, self.usage_events, TurnsBuilder::usage_events);
        builder = set(builder, self.failure_events, TurnsBuilder::failure_events);
        builder = set(builder, self.detailed_errors, TurnsBuilder::detailed_errors);
        // The last, as it creates a file.
        match (parts.outbox, self.outbox) {
            (Some(outbox), None) => {
                // A host cannot see that such an outbox leaves the store empty.
                let reaches = |sink: &dyn Sink| sink.of_turns().is_some() || sink.passes_on();
                if outbox.sink().is_some_and(|sink| !reaches(sink)) {
                    let why = "the outbox has a sink of its own, so that nothing would reach the store: \
                               give one without a sink, and the store becomes its sink, or one whose sink is a broker's";
                    return Err(refused(why));
                }
                Ok(builder.outbox(outbox))
            }
            (None, Some(outbox)) => builder.outbox_from(|| outbox.builder().lingering().start()),
            (None, None) if has_store => {
                builder.outbox_from(|| OutboxSettings::default().builder().lingering().start())
            }
            (None, None) => Ok(builder),
            (Some(_), Some(_)) => Err(twice("outbox")),
        }
    }
}

impl FallbackSettings {
    fn build(self) -> Result<Fallback> {
        let fallback = match (self.client, &self.model) {
            (Some(client), _) => Fallback::from(client.builder().build()?),
            (None, Some(model)) => Fallback::from(model.as_str()),
            (None, None) => return Err(refused("a fallback must have model, client, or both")),
        };
        Ok(set(fallback, self.model, Fallback::model))
    }
}

impl SentimentSettings {
    fn build(self, llm: &OpenAi, prompts: Option<Prompts>) -> Result<LlmSentiment> {
        let mut sentiment = LlmSentiment::new(client(self.client, llm)?);
        sentiment = set(sentiment, prompts, |sentiment, prompts| sentiment.prompts(&prompts));
        sentiment = set(sentiment, self.model, LlmSentiment::model);
        Ok(set(sentiment, self.labels, LlmSentiment::labels))
    }
}

impl HistorySettings {
    fn limits(self) -> HistoryLimits {
        let mut limits = HistoryLimits::default();
        limits.messages = self.messages.unwrap_or(limits.messages);
        limits.characters = self.characters.unwrap_or(limits.characters);
        limits.wait = self.wait.given().unwrap_or(limits.wait);
        limits
    }
}

/// The settings of the turn engine, from JSON, with this model's client and the parts that the host has built.
///
/// # Errors
///
/// `config` when a setting is missing, unknown or has a wrong type; and as the builders of the parts.
pub fn turns(llm: OpenAi, json: &str, names: Names, parts: Parts) -> Result<TurnsBuilder> {
    check_parts(json)?;
    read::<TurnsSettings>(json, names, Subject::settings(TURNS))?.builder(llm, parts)
}

/// The parts that a host may give as objects, which their settings in JSON do not show, and the forms of each.
const PARTS: [(&str, &str); 5] = [
    ("store", "a `ChatStore` or a `SqliteStore`, or the URL or the settings of a chat store"),
    ("outbox", "an `Outbox` without a sink, or the path or the settings of one"),
    (
        "sentiment",
        "a function from a message to its label, or the settings of a model that finds it",
    ),
    ("speaker", "a `Speaker`, a function that speaks, or the settings of a speaker"),
    ("prompts", "the prompts of a preset, or an object of prompts"),
];

/// Refuses parts of a wrong kind, with what is allowed.
fn check_parts(json: &str) -> Result<()> {
    // Settings that are no object are refused later.
    let Ok(given) = crate::json::from_str::<Map<String, Value>>(json) else { return Ok(()) };
    let is_odd = |part: &&Value| !part.is_null() && !part.is_object();
    for (part, forms) in PARTS {
        if given.get(part).filter(is_odd).is_some() {
            return Err(refused(&format!("{part} must be {forms}")));
        }
    }
    Ok(())
}

/// The template of a request.
fn request(template: Map<String, Value>) -> Result<ChatRequest> {
    ChatRequest::from_json(&Value::from(template).to_string())
}

/// The client of a part.
fn client(given: Option<OpenAiSettings>, llm: &OpenAi) -> Result<OpenAi> {
    match given {
        Some(settings) => settings.builder().build(),
        None => Ok(llm.clone()),
    }
}

fn twice(part: &str) -> Error {
    refused(&format!("{part} is given twice: as an object and as settings"))
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Config, TURNS, why)
}
