//! The builder of an engine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::deliveries::{DeliveryTracker, TrackedSink};
use super::prompts::Prompts;
use super::sentiment::Sentiment;
use super::settings::EngineSettings;
use super::{HistoryLimits, OnDisconnect, Turns};
use crate::chat::{ChatRequest, OpenAi};
use crate::conversation::{ConversationOpener, ConversationSink, Conversations};
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::Outbox;
use crate::speech::{Speaker, Speech, SpeechMode};

/// Settings of [`Turns`].
#[derive(Clone)]
#[must_use]
pub struct TurnsBuilder(EngineSettings);

impl Turns {
    /// Settings of turns with this model's service.
    pub fn builder(llm: OpenAi) -> TurnsBuilder {
        TurnsBuilder(EngineSettings::new(llm))
    }
}

impl TurnsBuilder {
    /// Asks this model. Default `gpt-4o-mini`.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.0.template.model = model.into();
        self
    }

    /// The template of every request: its model, its options, and its messages, which come before all others.
    pub fn template(mut self, request: ChatRequest) -> Self {
        self.0.template = request;
        self
    }

    /// Begins every conversation with this.
    pub fn system_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.0.prompts.system = Some(prompt.into());
        self
    }

    /// Replaces all prompts, the system prompt included, such as by [`presets::korean`](crate::presets::korean).
    pub fn prompts(mut self, prompts: Prompts) -> Self {
        self.0.prompts = prompts;
        self
    }

    /// Keeps messages, workspaces and sessions in this store: a [`ChatStore`](crate::ChatStore), or
    /// [`Conversations`] of your own. Without one nothing is kept.
    pub fn store(mut self, store: impl Conversations) -> Self {
        self.0.store = Some(Arc::new(store));
        self
    }

    /// Delivers messages through this outbox. If it has no sink, the store becomes its sink. Default one in memory.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.0.outbox = Some(outbox);
        self
    }

    /// Classifies the user's message: an async function from the text to a label, or
    /// [`LlmSentiment`](crate::turn::LlmSentiment).
    pub fn sentiment(mut self, sentiment: impl Sentiment) -> Self {
        self.0.sentiment = Some(Arc::new(sentiment));
        self
    }

    /// The longest wait of the reply for the sentiment, so that the model gets its label. Default 150 ms; zero never
    /// waits.
    pub fn sentiment_budget(mut self, budget: Duration) -> Self {
        self.0.sentiment_budget = budget;
        self
    }

    /// The line of the system prompt that holds the label, in the place of `{label}`. Default `The sentiment of the
    /// user's message: {label}`.
    pub fn sentiment_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.prompts.sentiment_hint = hint.into();
        self
    }

    /// Speaks with this speaker, two sentences at a time: on demand, or as [`speech_mode`](Self::speech_mode) says.
    pub fn speaker(mut self, speaker: impl Speaker + 'static) -> Self {
        self.0.speech = Some(Speech::new(speaker));
        self
    }

    /// Speaks in this way: with another voice, more requests at a time, or another answer to failures.
    pub fn speech(mut self, speech: Speech) -> Self {
        self.0.speech = Some(speech);
        self
    }

    /// When replies are spoken. Default on demand, by [`Turns::speak`]. After or during the text, each sentence is sent
    /// as an `audio` event, in order, and `done` comes after the last.
    pub fn speech_mode(mut self, mode: SpeechMode) -> Self {
        self.0.speech_mode = mode;
        self
    }

    /// The longest wait of `done`, once the text is complete, for each next sentence to be spoken. Default 30 s. A speaker that
    /// is silent for longer is given up: the rest of the text is not spoken, and the stage has failed. A single sentence
    /// has a limit of its own ([`Speech::sentence_limit`]), after which the next one is spoken.
    pub fn speech_wait(mut self, limit: Duration) -> Self {
        self.0.speech_wait = limit;
        self
    }

    /// The limits of the workspace's messages that the model gets.
    pub fn history(mut self, limits: HistoryLimits) -> Self {
        self.0.history = limits;
        self
    }

    /// The request to the model for a new workspace's name.
    pub fn naming_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.0.prompts.naming = prompt.into();
        self
    }

    /// The longest wait of a new workspace for its name; then it gets the message's beginning as one. Default 5 s.
    pub fn naming_limit(mut self, limit: Duration) -> Self {
        self.0.naming_limit = limit;
        self
    }

    /// The longest wait of `done`, once the reply is complete, for the id of a new workspace. Default 5 s. One that comes
    /// later still gets its messages.
    pub fn workspace_wait(mut self, limit: Duration) -> Self {
        self.0.workspace_wait = limit;
        self
    }

    /// The end of a turn whose reader has gone. Default: its text so far is kept.
    pub fn on_disconnect(mut self, choice: OnDisconnect) -> Self {
        self.0.on_disconnect = choice;
        self
    }

    /// Sends a `turn` event first, with the ids by which the turn can be stopped and its messages are known. Default
    /// false: readers of the plain protocol do not know it.
    pub fn turn_events(mut self, wanted: bool) -> Self {
        self.0.events.turn = wanted;
        self
    }

    /// Sends a `sentiment` event with the label. Default false.
    pub fn sentiment_events(mut self, wanted: bool) -> Self {
        self.0.events.sentiment = wanted;
        self
    }

    /// Asks the model's service for the cost of the reply, and sends it as a `usage` event. Default false.
    pub fn usage_events(mut self, wanted: bool) -> Self {
        self.0.events.usage = wanted;
        self
    }

    /// Sends a `stage_failed` event for each stage beside the reply that failed. Default false.
    pub fn failure_events(mut self, wanted: bool) -> Self {
        self.0.events.failures = wanted;
        self
    }

    /// Sends the full line of an error in `error` and `stage_failed` events, with hosts and the services' own messages.
    /// For development: a user gets a sentence and a code. Secrets never show. Default false.
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.0.events.details = detailed;
        self
    }

    /// Ready to run turns.
    ///
    /// # Errors
    ///
    /// `config` when a setting has nothing to work with: an outbox without a store, speech during or after the text
    /// without a speaker, `sentiment` events without a sentiment, a reply to be finished without a store to keep it; or when a thread cannot be started.
    pub fn build(mut self) -> Result<Turns> {
        let is_spoken = matches!(self.0.speech_mode, SpeechMode::AfterText | SpeechMode::Streaming);
        if is_spoken && self.0.speech.is_none() {
            let why = "replies are to be spoken, but there is no speaker: give one to \
                       `TurnsBuilder::speaker`";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.0.on_disconnect == OnDisconnect::Finish && self.0.store.is_none() {
            let why =
                "a reply without a reader is to be finished, but there is no store to keep it";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.0.events.sentiment && self.0.sentiment.is_none() {
            let why = "`sentiment` events are asked for, but nothing finds the sentiment: give it \
                       to `TurnsBuilder::sentiment`";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if let Some(store) = &self.0.store {
            let outbox = self.0.outbox.get_or_insert_with(Outbox::memory);
            if !outbox.has_sink() {
                self.0.deliveries = DeliveryTracker::tracking();
                let sink = ConversationSink::new(store.clone());
                outbox.attach(TrackedSink::new(sink, self.0.deliveries.clone()))?;
            }
            // Workspaces are the store's, also with a sink of the caller's.
            outbox.opens_with(ConversationOpener::new(store.clone()));
        } else if self.0.outbox.is_some() {
            let why = "an outbox was given, but no store whose messages it would deliver";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        Ok(Turns::new(self.0))
    }
}

impl fmt::Debug for TurnsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TurnsBuilder").field(&self.0).finish()
    }
}
