//! The settings of an engine, and their defaults.

use std::fmt;
use std::time::Duration;

use super::Turns;
use super::deliveries::{DeliveryTracker, TrackedSink};
use super::sentiment::{AnySentiment, Sentiment};
use crate::chat::{ChatRequest, OpenAi};
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::Outbox;
use crate::speech::{Speaker, Speech, SpeechMode};
use crate::store::ChatStore;

/// The model that is asked where nothing else is said.
const MODEL: &str = "gpt-4o-mini";

/// What names a workspace, where nothing else is said.
const NAMING_PROMPT: &str = "사용자의 메시지에 어울리는 간결한 한국어 워크스페이스 이름을 하나만 지어 주세요. 이름만 답하세요.";

/// The end of a turn whose reader has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnDisconnect {
    /// The reply ends, and its text so far is kept.
    #[default]
    SavePartial,
    /// The reply is read to its end without a reader, and kept.
    Finish,
    /// The reply ends, and nothing of it is kept, nor of one that breaks. The user's message is.
    Discard,
}

/// The limits of the conversation so far that is sent to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// The most messages, the latest ones. Default 20; 0 asks the store for none.
    pub messages: usize,
    /// The most characters (code points) of them together. Default 8,000.
    pub characters: usize,
    /// The longest wait for the store, which the reader waits for too. Default 2 s.
    pub wait: Duration,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        HistoryLimits { messages: 20, characters: 8000, wait: Duration::from_secs(2) }
    }
}

/// Settings of [`Turns`].
#[derive(Clone)]
#[must_use]
pub struct TurnsBuilder {
    pub(super) llm: OpenAi,
    pub(super) template: ChatRequest,
    pub(super) store: Option<ChatStore>,
    pub(super) outbox: Option<Outbox>,
    pub(super) deliveries: DeliveryTracker,
    pub(super) sentiment: Option<AnySentiment>,
    pub(super) sentiment_budget: Duration,
    pub(super) sentiment_hint: String,
    pub(super) speech: Option<Speech>,
    pub(super) speech_mode: SpeechMode,
    pub(super) speech_wait: Duration,
    pub(super) system_prompt: Option<String>,
    pub(super) history: HistoryLimits,
    pub(super) naming_prompt: String,
    pub(super) naming_limit: Duration,
    pub(super) workspace_wait: Duration,
    pub(super) on_disconnect: OnDisconnect,
    pub(super) events: OptionalEvents,
}

/// The additional events that are sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OptionalEvents {
    pub(super) turn: bool,
    pub(super) sentiment: bool,
    pub(super) usage: bool,
    pub(super) failures: bool,
    /// Errors as the log has them.
    pub(super) details: bool,
}

impl TurnsBuilder {
    pub(super) fn new(llm: OpenAi) -> Self {
        TurnsBuilder {
            llm,
            template: ChatRequest::new(MODEL),
            store: None,
            outbox: None,
            deliveries: DeliveryTracker::default(),
            sentiment: None,
            sentiment_budget: Duration::from_millis(150),
            sentiment_hint: "사용자의 감정: {label}".to_owned(),
            speech: None,
            speech_mode: SpeechMode::default(),
            speech_wait: Duration::from_secs(30),
            system_prompt: None,
            history: HistoryLimits::default(),
            naming_prompt: NAMING_PROMPT.to_owned(),
            naming_limit: Duration::from_secs(5),
            workspace_wait: Duration::from_secs(5),
            on_disconnect: OnDisconnect::default(),
            events: OptionalEvents::default(),
        }
    }

    /// Asks this model. Default `gpt-4o-mini`.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.template.model = model.into();
        self
    }

    /// The template of every request: its model, its options, and its messages, which come before all others.
    pub fn template(mut self, request: ChatRequest) -> Self {
        self.template = request;
        self
    }

    /// Begins every conversation with this.
    pub fn system_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.system_prompt = Some(prompt.into());
        self
    }

    /// Keeps messages, workspaces and sessions in this store. Without one nothing is kept.
    pub fn store(mut self, store: ChatStore) -> Self {
        self.store = Some(store);
        self
    }

    /// Delivers messages by this outbox, whose sink becomes the store unless it has one. Default one in memory.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Finds out what the user's message expresses: an async function from the text to a label, or
    /// [`LlmSentiment`](crate::turn::LlmSentiment).
    pub fn sentiment(mut self, sentiment: impl Sentiment) -> Self {
        self.sentiment = Some(AnySentiment::new(sentiment));
        self
    }

    /// How long the reply waits for the sentiment, so that its label can be told the model. Default 150 ms; zero
    /// never waits.
    pub fn sentiment_budget(mut self, budget: Duration) -> Self {
        self.sentiment_budget = budget;
        self
    }

    /// How the model is told the label: this text, with the label for `{label}`. Default `사용자의 감정: {label}`.
    pub fn sentiment_hint(mut self, hint: impl Into<String>) -> Self {
        self.sentiment_hint = hint.into();
        self
    }

    /// Speaks by this speaker, two sentences at a time: on demand, unless [`speech_mode`](Self::speech_mode) says
    /// otherwise.
    pub fn speaker(mut self, speaker: impl Speaker + 'static) -> Self {
        self.speech = Some(Speech::new(speaker));
        self
    }

    /// Speaks in this way: with another voice, more requests at a time, or another answer to failures.
    pub fn speech(mut self, speech: Speech) -> Self {
        self.speech = Some(speech);
        self
    }

    /// When replies are spoken. Default on demand, by [`Turns::speak`]. After or during the text, each sentence is sent
    /// as an `audio` event, in order, and `done` comes after the last.
    pub fn speech_mode(mut self, mode: SpeechMode) -> Self {
        self.speech_mode = mode;
        self
    }

    /// How long `done` waits, once the text is complete, for each next sentence to be spoken. Default 30 s. A speaker that
    /// is silent for longer is given up: the rest of the text is not spoken, and the stage has failed. A single sentence
    /// has a limit of its own ([`Speech::sentence_limit`]), after which the next one is spoken.
    pub fn speech_wait(mut self, limit: Duration) -> Self {
        self.speech_wait = limit;
        self
    }

    /// How much of a workspace's messages the model is told.
    pub fn history(mut self, limits: HistoryLimits) -> Self {
        self.history = limits;
        self
    }

    /// How the model is asked for a new workspace's name.
    pub fn naming_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.naming_prompt = prompt.into();
        self
    }

    /// How long a new workspace waits for its name before it is named by the message's beginning. Default 5 s.
    pub fn naming_limit(mut self, limit: Duration) -> Self {
        self.naming_limit = limit;
        self
    }

    /// How long `done` waits, once the reply is complete, for the id of a new workspace. Default 5 s. One that comes
    /// later still gets its messages.
    pub fn workspace_wait(mut self, limit: Duration) -> Self {
        self.workspace_wait = limit;
        self
    }

    /// The end of a turn whose reader has gone. Default: its text so far is kept.
    pub fn on_disconnect(mut self, choice: OnDisconnect) -> Self {
        self.on_disconnect = choice;
        self
    }

    /// Sends a `turn` event first, with the ids by which the turn can be stopped and its messages are known. Default
    /// false: readers of the plain protocol do not know it.
    pub fn turn_events(mut self, wanted: bool) -> Self {
        self.events.turn = wanted;
        self
    }

    /// Sends a `sentiment` event with the label. Default false.
    pub fn sentiment_events(mut self, wanted: bool) -> Self {
        self.events.sentiment = wanted;
        self
    }

    /// Asks the model's service for the cost of the reply, and sends it as a `usage` event. Default false.
    pub fn usage_events(mut self, wanted: bool) -> Self {
        self.events.usage = wanted;
        self
    }

    /// Sends a `stage_failed` event for each stage beside the reply that failed. Default false.
    pub fn failure_events(mut self, wanted: bool) -> Self {
        self.events.failures = wanted;
        self
    }

    /// Sends the full line of an error in `error` and `stage_failed` events, with hosts and the services' own messages.
    /// For development: a user gets a sentence and a code. Secrets never show. Default false.
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.events.details = detailed;
        self
    }

    /// Ready to run turns.
    ///
    /// # Errors
    ///
    /// `config` when a setting has nothing to work with: an outbox without a store, speech during or after the text
    /// without a speaker, `sentiment` events without a sentiment, a reply to be finished without a store to keep it; or when a thread cannot be started.
    pub fn build(mut self) -> Result<Turns> {
        let is_spoken = matches!(self.speech_mode, SpeechMode::AfterText | SpeechMode::Streaming);
        if is_spoken && self.speech.is_none() {
            let why = "replies are to be spoken, but there is no speaker: give one to \
                       `TurnsBuilder::speaker`";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.on_disconnect == OnDisconnect::Finish && self.store.is_none() {
            let why =
                "a reply without a reader is to be finished, but there is no store to keep it";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.events.sentiment && self.sentiment.is_none() {
            let why = "`sentiment` events are asked for, but nothing finds the sentiment: give it \
                       to `TurnsBuilder::sentiment`";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if let Some(store) = &self.store {
            let outbox = self.outbox.get_or_insert_with(Outbox::memory);
            if !outbox.has_sink() {
                self.deliveries = DeliveryTracker::tracking();
                outbox.attach(TrackedSink::new(store.clone(), self.deliveries.clone()))?;
            }
            // Whatever the sink is, workspaces are the store's.
            outbox.opens_with(store.clone());
        } else if self.outbox.is_some() {
            let why = "an outbox was given, but no store whose messages it would deliver";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        Ok(Turns::new(self))
    }
}

impl fmt::Debug for TurnsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnsBuilder")
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
