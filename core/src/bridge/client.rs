//! A client that works on after a fork.

use std::fmt;

use super::answer::{Call, call};
pub use crate::chat::builder::OptionNames;
use crate::chat::{ChatRequest, OpenAi, OpenAiBuilder};
use crate::config::CallOptions;
use crate::error::Result;
use crate::process::PerProcess;

/// A client of an OpenAI-compatible service, for hosts that may fork: each process has connections of its own.
pub struct Client {
    settings: OpenAiBuilder,
    names: OptionNames,
    current: PerProcess<OpenAi>,
}

impl Client {
    /// A client with these settings. Nothing is sent, and no thread is started.
    ///
    /// # Errors
    ///
    /// As [`OpenAiBuilder::build`].
    pub fn new(settings: OpenAiBuilder) -> Result<Self> {
        Self::named(settings, OptionNames::default())
    }

    /// The same, for a language with names of its own for the options.
    ///
    /// # Errors
    ///
    /// As [`OpenAiBuilder::build`].
    pub fn named(settings: OpenAiBuilder, names: OptionNames) -> Result<Self> {
        let client = Client { settings, names, current: PerProcess::new() };
        client.openai()?;
        Ok(client)
    }

    /// Asks for a reply, whole: its JSON.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat(&self, request: ChatRequest, options: CallOptions) -> Result<Call> {
        let llm = self.openai()?.with(options);
        call(async move { llm.chat(request).await })
    }

    /// Asks for a reply, to be read while it is made: chunks.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat_stream(&self, request: ChatRequest, options: CallOptions) -> Result<Call> {
        let llm = self.openai()?.with(options);
        call(async move { llm.chat_stream(request).await })
    }

    /// Asks for the models that the service has: JSON.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn models(&self, options: CallOptions) -> Result<Call> {
        let llm = self.openai()?.with(options);
        call(async move { llm.models().await })
    }

    fn openai(&self) -> Result<OpenAi> {
        self.current.get_or_try_make(|| self.settings.clone().build_for(self.names))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}
