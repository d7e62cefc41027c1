//! The builder of an engine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::deliveries::{DeliveryTracker, TrackedSink};
use super::fallback::Fallback;
use super::prompts::Prompts;
use super::sentiment::Sentiment;
use super::settings::EngineSettings;
use super::{HistoryLimits, Naming, NamingStart, OnDisconnect, Turns};
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
    /// Settings of turns that use this client of the model.
    pub fn builder(llm: OpenAi) -> TurnsBuilder {
        TurnsBuilder(EngineSettings::new(llm))
    }
}

impl TurnsBuilder {
    /// The model. Default `gpt-4o-mini`.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.0.template.model = model.into();
        self
    }

    /// The template of every request: its model, its options, and its messages, which precede all others.
    pub fn template(mut self, request: ChatRequest) -> Self {
        self.0.template = request;
        self
    }

    /// Another service, model or both ([`Fallback`]), which answers when the one before cannot be reached, is overloaded
    /// or out of quota, or breaks before the reply's first content; never within a text, and not after an error of the
    /// request itself, such as a 400. Each further fallback is asked after the one before.
    /// [`Timeline::fallback`](crate::turn::Timeline::fallback) tells that one answered.
    pub fn fallback(mut self, service: impl Into<Fallback>) -> Self {
        self.0.fallbacks.push(service.into());
        self
    }

    /// The system prompt, the first message of every conversation.
    pub fn system_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.0.prompts.system = Some(prompt.into());
        self
    }

    /// Replaces all prompts, including the system prompt, such as with [`presets::korean`](crate::presets::korean).
    pub fn prompts(mut self, prompts: Prompts) -> Self {
        self.0.prompts = prompts;
        self
    }

    /// Keeps messages, workspaces and sessions in this store: a [`ChatStore`](crate::ChatStore), or
    /// your own [`Conversations`]. Without a store nothing is kept.
    pub fn store(mut self, store: impl Conversations) -> Self {
        self.0.store = Some(Arc::new(store));
        self
    }

    /// Delivers messages through this outbox. If it has no sink, the store becomes its sink. Several engines may share it:
    /// [`Turns::shutdown`] leaves it open, and [`Outbox::shutdown`] ends it. Default: one in memory, of the engine's own.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.0.outbox = Some(outbox);
        self.0.owns_outbox = false;
        self
    }

    /// Classifies the user's message: an async function from the text to a label, or
    /// [`LlmSentiment`](crate::turn::LlmSentiment).
    pub fn sentiment(mut self, sentiment: impl Sentiment) -> Self {
        self.0.sentiment = Some(Arc::new(sentiment));
        self
    }

    /// The longest wait of the reply for the sentiment, whose label is sent to the model. Default 150 ms; zero never
    /// waits.
    pub fn sentiment_budget(mut self, budget: Duration) -> Self {
        self.0.sentiment_budget = budget;
        self
    }

    /// The line of the system prompt with the label, which replaces `{label}`. Default `The sentiment of the
    /// user's message: {label}`.
    pub fn sentiment_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.prompts.sentiment_hint = hint.into();
        self
    }

    /// Speaks through this speaker, two sentences at a time: on demand, or as set by [`speech_mode`](Self::speech_mode).
    pub fn speaker(mut self, speaker: impl Speaker + 'static) -> Self {
        self.0.speech = Some(Speech::new(speaker));
        self
    }

    /// Speaks with these settings, such as another voice, more concurrent requests, or another failure handling.
    pub fn speech(mut self, speech: Speech) -> Self {
        self.0.speech = Some(speech);
        self
    }

    /// The time of speaking. Default on demand, with [`Turns::speak`]. After or during the text, each sentence is sent
    /// as an `audio` event, in order, and `done` follows the last. During the text, so does the error of a reply that breaks.
    pub fn speech_mode(mut self, mode: SpeechMode) -> Self {
        self.0.speech_mode = mode;
        self
    }

    /// The longest wait of `done`, or of a broken reply's error, for each next sentence to be spoken, once the text has ended:
    /// of a broken reply that is spoken during the text, the complete sentences are still spoken. Default 30 s. A speaker
    /// that is silent for longer is given up: the rest of the text is not spoken, and the stage fails. A single sentence
    /// has its own limit ([`Speech::sentence_limit`]), after which the next one is spoken.
    pub fn speech_wait(mut self, limit: Duration) -> Self {
        self.0.speech_wait = limit;
        self
    }

    /// The limits of the history that is sent to the model.
    pub fn history(mut self, limits: HistoryLimits) -> Self {
        self.0.history = limits;
        self
    }

    /// The prompt for a new workspace's name.
    pub fn naming_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.0.prompts.naming = prompt.into();
        self
    }

    /// The template of the request for a new workspace's name, such as of a small model. Default: the model of the replies,
    /// with no options.
    pub fn naming_template(mut self, request: ChatRequest) -> Self {
        self.0.naming.template = Some(request);
        self
    }

    /// The source of a new workspace's name. Default: the model.
    pub fn naming(mut self, source: Naming) -> Self {
        self.0.naming.source = source;
        self
    }

    /// The time at which the model is asked for that name. Default: at once.
    pub fn naming_start(mut self, start: NamingStart) -> Self {
        self.0.naming.start = start;
        self
    }

    /// The longest wait of a new workspace for its name; after that the start of the message is its name. Default 5 s.
    pub fn naming_limit(mut self, limit: Duration) -> Self {
        self.0.naming.limit = limit;
        self
    }

    /// The longest wait of `done`, once the reply is complete, for the id of a new workspace. Default 5 s. A workspace
    /// created later still gets its messages.
    pub fn workspace_wait(mut self, limit: Duration) -> Self {
        self.0.workspace_wait = limit;
        self
    }

    /// The handling of a turn whose reader has gone. Default: its text so far is kept.
    pub fn on_disconnect(mut self, choice: OnDisconnect) -> Self {
        self.0.on_disconnect = choice;
        self
    }

    /// The longest silence in the body of a response ([`Turn::sse`](crate::turn::Turn::sse),
    /// [`ui_stream`](crate::turn::Turn::ui_stream)): a comment shortly before its end keeps the connection alive; `None` sends
    /// none. Default 5 s. Where the server tells nothing of a reader that has gone, these writes are what notices it: the second
    /// one to a closed connection fails, within two such silences.
    pub fn keep_alive(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.0.keep_alive = silence.into();
        self
    }

    /// Sends a `turn` event first, with the ids of the turn, for stopping it, and of its messages; and these ids with the
    /// model that answered in `done`. Default false: readers of the base protocol do not know it.
    pub fn turn_events(mut self, wanted: bool) -> Self {
        self.0.events.turn = wanted;
        self
    }

    /// Sends a `sentiment` event with the label. Default false.
    pub fn sentiment_events(mut self, wanted: bool) -> Self {
        self.0.events.sentiment = wanted;
        self
    }

    /// Requests the reply's token usage from the model's service, and sends it as a `usage` event. Default false.
    pub fn usage_events(mut self, wanted: bool) -> Self {
        self.0.events.usage = wanted;
        self
    }

    /// Sends a `stage_failed` event for each side stage that failed and is missed: not for the name of a workspace, which
    /// then has the first words of the message. Default false.
    pub fn failure_events(mut self, wanted: bool) -> Self {
        self.0.events.failures = wanted;
        self
    }

    /// Sends the full line of an error in `error` and `stage_failed` events, with hosts and the services' own messages.
    /// For development: by default a user gets a sentence and a code. Secrets are always redacted. Default false.
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.0.events.details = detailed;
        self
    }

    /// Builds the engine.
    ///
    /// # Errors
    ///
    /// `config` when a setting lacks another that it needs: an outbox without a store, speech during or after the text
    /// without a speaker, `sentiment` events without a sentiment, a reply to be finished without a store to keep it; or
    /// when a thread cannot be started.
    pub fn build(mut self) -> Result<Turns> {
        self.check(self.0.outbox.is_some())?;
        if let Some(store) = &self.0.store {
            self.0.owns_outbox |= self.0.outbox.is_none();
            let outbox = self.0.outbox.get_or_insert_with(Outbox::memory);
            if outbox.is_shut_down() {
                let why = "the outbox was shut down: open another one";
                return Err(Error::new(ErrorKind::Config, "turns.build", why));
            }
            if let Some(attached) = TrackedSink::of(outbox) {
                if !attached.delivers_to(store) {
                    let why = "the outbox delivers to the store of other turns: give both the same \
                               store object, or another outbox";
                    return Err(Error::new(ErrorKind::Config, "turns.build", why));
                }
                self.0.deliveries = attached.deliveries();
            } else if outbox.has_sink() {
                // The store creates workspaces, also with a custom sink.
                outbox.opens_with(ConversationOpener::new(store.clone()));
            } else {
                self.0.deliveries = DeliveryTracker::tracking();
                let sink = ConversationSink::new(store.clone());
                let sink = TrackedSink::new(sink, store.identity(), self.0.deliveries.clone());
                outbox.attach(sink)?;
            }
        }
        Ok(Turns::new(self.0))
    }

    /// Sets an outbox of the engine's own, which is started once all other settings are checked: a refused engine leaves no
    /// file behind.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and as the start of the outbox.
    pub(crate) fn outbox_from(self, start: impl FnOnce() -> Result<Outbox>) -> Result<Self> {
        self.check(true)?;
        let mut builder = self.outbox(start()?);
        builder.0.owns_outbox = true;
        Ok(builder)
    }

    fn check(&self, has_outbox: bool) -> Result<()> {
        let is_spoken = matches!(self.0.speech_mode, SpeechMode::AfterText | SpeechMode::Streaming);
        if is_spoken && self.0.speech.is_none() {
            let why = "replies are to be spoken, but there is no speaker: set one";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.0.on_disconnect == OnDisconnect::Finish && self.0.store.is_none() {
            let why =
                "a reply without a reader is to be finished, but there is no store to keep it";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.0.naming.source == Naming::FirstWords && self.0.naming.template.is_some() {
            let why = "a template for naming workspaces was given, but no model names them: leave one out";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.0.keep_alive.is_some_and(|silence| silence.is_zero()) {
            let why = "keep_alive is 0: set a time above it, or none for no keep-alive";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if self.0.events.sentiment && self.0.sentiment.is_none() {
            let why = "`sentiment` events are asked for, but nothing finds the sentiment: set a \
                       sentiment";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        if has_outbox && self.0.store.is_none() {
            let why = "an outbox was given, but no store whose messages it would deliver";
            return Err(Error::new(ErrorKind::Config, "turns.build", why));
        }
        Ok(())
    }
}

impl fmt::Debug for TurnsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TurnsBuilder").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ChatStore;

    #[test]
    fn the_sink_of_an_engine_opens_workspaces_as_soon_as_it_is_attached() {
        let outbox = Outbox::memory();
        let llm = OpenAi::builder().base_url("http://localhost:1").api_key("k").build().unwrap();
        let store = ChatStore::new("http://localhost:1").unwrap();
        Turns::builder(llm).store(store).outbox(outbox.clone()).build().unwrap();
        assert!(outbox.sink().unwrap().opener().is_some());
    }
}
