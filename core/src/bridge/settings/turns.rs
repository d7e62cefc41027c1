//! The settings of the turn engine, with its parts as nested objects.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::clients::{OpenAiSettings, ServiceSettings, StoreSettings};
use super::http::Http;
use super::names::Names;
use super::outbox::OutboxSettings;
use super::parts::Parts;
use super::prompts::PromptSettings;
use super::value::{Subject, read};
use super::values::{TURNS, Time, set};
use crate::chat::{ChatRequest, OpenAi};
use crate::error::{Error, ErrorKind, Result};
use crate::speech::{
    AudioFormat, GoogleTranslateSpeaker, OnFailure, OpenAiSpeaker, ServiceSpeaker, Speaker, Speech,
    SpeechMode,
};
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

/// A speaker: exactly one of these.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SpeakerSettings {
    google: Option<GoogleSettings>,
    openai: Option<OpenAiSpeakerSettings>,
    service: Option<ServiceSettings>,
}

/// A speaker of Google Translate.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GoogleSettings {
    language: Option<String>,
    slow: Option<bool>,
    top_level_domain: Option<String>,
    base_url: Option<String>,
    http: Option<Http>,
}

/// A speaker of an OpenAI-compatible service.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OpenAiSpeakerSettings {
    model: Option<String>,
    /// A name, or an object.
    voice: Option<Value>,
    format: Option<FormatName>,
    speed: Option<f64>,
    instructions: Option<String>,
    /// Fields of the request that this version does not know.
    extra: Option<Map<String, Value>>,
    /// The service, if it differs from that of the replies.
    client: Option<OpenAiSettings>,
}

/// The settings of speech.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SpeechSettings {
    voice: Option<String>,
    language: Option<String>,
    speed: Option<f64>,
    instructions: Option<String>,
    format: Option<FormatName>,
    in_flight: Option<usize>,
    retries: Option<u32>,
    sentence_limit: Time,
    on_failure: Option<OnFailureName>,
    longest_sentence: Option<usize>,
}

/// The limits of the history that is sent to the model.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HistorySettings {
    messages: Option<usize>,
    characters: Option<usize>,
    wait: Time,
}

/// Defines the JSON names of an enum of core.
macro_rules! words {
    ($($name:ident of $of:ident: $($word:ident),+;)+) => {
        $(
            #[derive(Clone, Copy, Deserialize)]
            #[serde(rename_all = "snake_case")]
            enum $name {
                $($word,)+
            }

            impl From<$name> for $of {
                fn from(name: $name) -> Self {
                    match name {
                        $($name::$word => $of::$word,)+
                    }
                }
            }
        )+
    };
}

words! {
    SpeechModeName of SpeechMode: OnDemand, AfterText, Streaming;
    NamingName of Naming: Model, FirstWords;
    NamingStartName of NamingStart: AtOnce, FirstContent;
    OnDisconnectName of OnDisconnect: SavePartial, Finish, Discard;
    OnFailureName of OnFailure: Skip, Stop;
    FormatName of AudioFormat: Mp3, Opus, Aac, Flac, Wav, Pcm;
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
        match (parts.store, self.store) {
            (Some(store), None) => builder = builder.store(store),
            (None, Some(store)) => builder = builder.store(store.builder()?.build()?),
            (None, None) => {}
            (Some(_), Some(_)) => return Err(twice("store")),
        }
        match (parts.outbox, self.outbox) {
            (Some(outbox), None) => builder = builder.outbox(outbox),
            (None, Some(outbox)) => builder = builder.outbox(outbox.builder().start()?),
            (None, None) => {}
            (Some(_), Some(_)) => return Err(twice("outbox")),
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
            (None, Some(speaker)) => Some(Speech::new(speaker.build(&llm)?)),
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
        builder = set(builder, self.turn_events, TurnsBuilder::turn_events);
        builder = set(builder, self.sentiment_events, TurnsBuilder::sentiment_events);
        builder = set(builder, self.usage_events, TurnsBuilder::usage_events);
        builder = set(builder, self.failure_events, TurnsBuilder::failure_events);
        Ok(set(builder, self.detailed_errors, TurnsBuilder::detailed_errors))
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

impl SpeakerSettings {
    pub(super) fn build(self, llm: &OpenAi) -> Result<Box<dyn Speaker>> {
        Ok(match (self.google, self.openai, self.service) {
            (Some(google), None, None) => Box::new(google.speaker()?),
            (None, Some(openai), None) => Box::new(openai.speaker(llm)?),
            (None, None, Some(service)) => {
                Box::new(ServiceSpeaker::new(service.builder()?.build()?))
            }
            _ => return Err(refused("speaker must have one of google, openai, service")),
        })
    }
}

impl GoogleSettings {
    fn speaker(self) -> Result<GoogleTranslateSpeaker> {
        let language = self.language.ok_or_else(|| refused("speaker.google must have language"))?;
        let mut speaker = GoogleTranslateSpeaker::new(language);
        speaker = set(speaker, self.slow, GoogleTranslateSpeaker::slow);
        if let Some(tld) = self.top_level_domain {
            speaker = speaker.top_level_domain(&tld);
        }
        speaker = set(speaker, self.base_url, GoogleTranslateSpeaker::base_url);
        Ok(match self.http {
            Some(http) => speaker.with_http(|settings| http.apply(settings)),
            None => speaker,
        })
    }
}

impl OpenAiSpeakerSettings {
    fn speaker(self, llm: &OpenAi) -> Result<OpenAiSpeaker> {
        let mut speaker = OpenAiSpeaker::new(client(self.client, llm)?);
        speaker = set(speaker, self.model, OpenAiSpeaker::model);
        speaker = set(speaker, self.voice, OpenAiSpeaker::voice);
        speaker = set(speaker, self.format.map(AudioFormat::from), OpenAiSpeaker::format);
        speaker = set(speaker, self.speed, OpenAiSpeaker::speed);
        speaker = set(speaker, self.instructions, OpenAiSpeaker::instructions);
        let extra = self.extra.into_iter().flatten();
        Ok(extra.fold(speaker, |speaker, (name, value)| speaker.extra(name, value)))
    }
}

impl SpeechSettings {
    fn apply(self, mut speech: Speech) -> Speech {
        speech = set(speech, self.voice, Speech::voice);
        speech = set(speech, self.language, Speech::language);
        speech = set(speech, self.speed, Speech::speed);
        speech = set(speech, self.instructions, Speech::instructions);
        speech = set(speech, self.format.map(AudioFormat::from), Speech::format);
        speech = set(speech, self.in_flight, Speech::in_flight);
        speech = set(speech, self.retries, Speech::retries);
        speech = self.sentence_limit.set(speech, Speech::sentence_limit);
        speech = set(speech, self.on_failure.map(OnFailure::from), Speech::on_failure);
        set(speech, self.longest_sentence, Speech::longest_sentence)
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
    read::<TurnsSettings>(json, names, Subject::settings(TURNS))?.builder(llm, parts)
}

/// A speaker, from JSON: `google`, `openai` with the service of `llm` unless it has a `client`, or `service`.
///
/// # Errors
///
/// `config` when a setting is missing, unknown or has a wrong type.
pub fn speaker(llm: &OpenAi, json: &str, names: Names) -> Result<Box<dyn Speaker>> {
    read::<SpeakerSettings>(json, names, Subject::settings(TURNS))?.build(llm)
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
