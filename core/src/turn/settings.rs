//! The settings of an engine, and their defaults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::deliveries::DeliveryTracker;
use super::fallback::Fallback;
use super::prompts::Prompts;
use super::sentiment::Sentiment;
use crate::chat::{ChatRequest, OpenAi};
use crate::conversation::Conversations;
use crate::outbox::Outbox;
use crate::speech::{Speech, SpeechMode};

/// The default model.
const MODEL: &str = "gpt-4o-mini";

/// The handling of a turn whose reader has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnDisconnect {
    /// The reply ends, and its text so far is kept.
    #[default]
    SavePartial,
    /// The reply is read to its end without a reader, and kept.
    Finish,
    /// The reply ends and is not kept; neither is a broken reply. The user's message is kept.
    Discard,
}

/// The limits of the history that is sent to the model: the messages in the store, and those of the turn's user that still
/// wait in the outbox.
///
/// ```
/// use turnwire::turn::HistoryLimits;
///
/// let limits = HistoryLimits::default().messages(6).characters(2000);
/// assert_eq!(limits.messages, 6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryLimits {
    /// The most messages; the latest ones are sent. Default 20; with 0 the store is not asked.
    pub messages: usize,
    /// The most characters (code points) in total. Default 8,000.
    pub characters: usize,
    /// The longest wait for the store, which delays the reply. Default 2 s.
    pub wait: Duration,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        HistoryLimits { messages: 20, characters: 8000, wait: Duration::from_secs(2) }
    }
}

impl HistoryLimits {
    /// The number of messages to ask the store for: two more, since the current message and its reply may be among them.
    pub(super) fn in_store(self) -> usize {
        self.messages.saturating_add(2)
    }

    /// The number of records to read from the outbox: a text that replaces a message's is a record of its own.
    pub(super) fn in_outbox(self) -> usize {
        self.in_store().saturating_mul(2)
    }

    /// The most messages; the latest ones are sent. With 0 the store is not asked.
    #[must_use]
    pub fn messages(mut self, most: usize) -> Self {
        self.messages = most;
        self
    }

    /// The most characters (code points) in total.
    #[must_use]
    pub fn characters(mut self, most: usize) -> Self {
        self.characters = most;
        self
    }

    /// The longest wait for the store.
    #[must_use]
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = limit;
        self
    }
}

/// The source of a new workspace's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// The model; the first words of the message if it fails.
    #[default]
    Model,
    /// The first words of the message, without a request.
    FirstWords,
}

/// The time at which the model is asked for a new workspace's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamingStart {
    /// With the request for the reply, so that the workspace exists as early as possible.
    #[default]
    AtOnce,
    /// With the reply's first content, for a service that answers one request at a time: there the name would delay the
    /// reply.
    FirstContent,
}

/// The settings of the naming.
#[derive(Clone, Debug)]
pub(super) struct NamingSettings {
    pub(super) source: Naming,
    pub(super) start: NamingStart,
    pub(super) template: Option<ChatRequest>,
    pub(super) limit: Duration,
}

impl Default for NamingSettings {
    fn default() -> Self {
        NamingSettings {
            source: Naming::default(),
            start: NamingStart::default(),
            template: None,
            limit: Duration::from_secs(5),
        }
    }
}

/// The settings of an engine.
#[derive(Clone)]
pub(super) struct EngineSettings {
    pub(super) llm: OpenAi,
    pub(super) fallbacks: Vec<Fallback>,
    pub(super) template: ChatRequest,
    pub(super) store: Option<Arc<dyn Conversations>>,
    pub(super) outbox: Option<Outbox>,
    /// The outbox is this engine's alone, and ends with it; one that was given may be others' too.
    pub(super) owns_outbox: bool,
    pub(super) deliveries: DeliveryTracker,
    pub(super) sentiment: Option<Arc<dyn Sentiment>>,
    pub(super) sentiment_budget: Duration,
    pub(super) speech: Option<Speech>,
    pub(super) speech_mode: SpeechMode,
    pub(super) speech_wait: Duration,
    pub(super) prompts: Prompts,
    pub(super) history: HistoryLimits,
    pub(super) naming: NamingSettings,
    pub(super) workspace_wait: Duration,
    pub(super) on_disconnect: OnDisconnect,
    pub(super) events: OptionalEvents,
    pub(super) keep_alive: Option<Duration>,
}

/// The additional events that are sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OptionalEvents {
    pub(super) turn: bool,
    pub(super) sentiment: bool,
    pub(super) usage: bool,
    pub(super) failures: bool,
    /// Full error lines in events.
    pub(super) details: bool,
}

/// The settings of a turn that is the body of a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResponseSettings {
    /// Full error lines in events.
    pub(super) detailed_errors: bool,
    /// The longest silence.
    pub(super) keep_alive: Option<Duration>,
}

impl EngineSettings {
    pub(super) fn new(llm: OpenAi) -> Self {
        EngineSettings {
            llm,
            fallbacks: Vec::new(),
            template: ChatRequest::new(MODEL),
            store: None,
            outbox: None,
            owns_outbox: false,
            deliveries: DeliveryTracker::default(),
            sentiment: None,
            sentiment_budget: Duration::from_millis(150),
            speech: None,
            speech_mode: SpeechMode::default(),
            speech_wait: Duration::from_secs(30),
            prompts: Prompts::default(),
            history: HistoryLimits::default(),
            naming: NamingSettings::default(),
            workspace_wait: Duration::from_secs(5),
            on_disconnect: OnDisconnect::default(),
            events: OptionalEvents::default(),
            keep_alive: Some(Duration::from_secs(5)),
        }
    }

    pub(super) fn response(&self) -> ResponseSettings {
        ResponseSettings { detailed_errors: self.events.details, keep_alive: self.keep_alive }
    }
}

impl fmt::Debug for EngineSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSettings")
            .field("llm", &self.llm)
            .field("model", &self.template.model)
            .field("has_store", &self.store.is_some())
            .field("has_sentiment", &self.sentiment.is_some())
            .field("sentiment_budget", &self.sentiment_budget)
            .field("history", &self.history)
            .field("on_disconnect", &self.on_disconnect)
            .finish_non_exhaustive()
    }
}
