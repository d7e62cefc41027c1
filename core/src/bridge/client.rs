//! The client of a model, whose calls a host waits for.

use std::fmt;

use super::answer::{Call, call};
pub use crate::chat::builder::OptionNames;
use crate::chat::{ChatRequest, OpenAi, OpenAiBuilder};
use crate::config::CallOptions;
use crate::error::Result;

/// A client of an OpenAI-compatible service, whose calls a host waits for.
pub struct Client {
    llm: OpenAi,
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
        Ok(Client { llm: settings.build_for(names)? })
    }

    /// The client itself, for the parts of a turn engine.
    pub fn llm(&self) -> &OpenAi {
        &self.llm
    }

    /// Asks for a reply, whole: its JSON.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat(&self, request: ChatRequest, options: CallOptions) -> Result<Call> {
        let llm = self.llm.with(options);
        call(async move { llm.chat(request).await })
    }

    /// Asks for a reply, to be read while it is made: chunks.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat_stream(&self, request: ChatRequest, options: CallOptions) -> Result<Call> {
        let llm = self.llm.with(options);
        call(async move { llm.chat_stream(request).await })
    }

    /// Asks for the models that the service has: JSON.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn models(&self, options: CallOptions) -> Result<Call> {
        let llm = self.llm.with(options);
        call(async move { llm.models().await })
    }

    /// The client itself, for what is built on it.
    pub fn openai(&self) -> &OpenAi {
        &self.llm
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("llm", &self.llm).finish_non_exhaustive()
    }
}
