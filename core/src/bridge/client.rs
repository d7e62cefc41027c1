//! The client of a model, for a host.

use std::fmt;
use std::sync::Arc;

use super::answer::{Call, call};
use super::trace::Trace;
use super::traced;
pub use crate::chat::builder::OptionNames;
use crate::chat::{ChatRequest, OpenAi, OpenAiBuilder};
use crate::config::CallOptions;
use crate::error::Result;

/// A client of an OpenAI-compatible service; each call returns a pull that a host waits for.
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

    /// As [`new`](Self::new), for a language with its own names of the options.
    ///
    /// # Errors
    ///
    /// As [`OpenAiBuilder::build`].
    pub fn named(settings: OpenAiBuilder, names: OptionNames) -> Result<Self> {
        Ok(Client { llm: settings.build_for(names)? })
    }

    /// The core client, for the parts of a turn engine.
    pub fn llm(&self) -> &OpenAi {
        &self.llm
    }

    /// Requests a whole reply: JSON. The call continues `trace`.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat(
        &self,
        request: ChatRequest,
        options: CallOptions,
        trace: Option<Arc<Trace>>,
    ) -> Result<Call> {
        let llm = self.llm.with(options);
        traced::starting(trace, |trace| {
            call(traced::continued(trace, async move { llm.chat(request).await }))
        })
    }

    /// Requests a streamed reply: chunks. The call continues `trace`, up to the end of the stream.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat_stream(
        &self,
        request: ChatRequest,
        options: CallOptions,
        trace: Option<Arc<Trace>>,
    ) -> Result<Call> {
        let llm = self.llm.with(options);
        traced::starting(trace, |trace| {
            call(traced::continued(trace, async move { llm.chat_stream(request).await }))
        })
    }

    /// Requests the service's list of models: JSON.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn models(&self, options: CallOptions) -> Result<Call> {
        let llm = self.llm.with(options);
        call(async move { llm.models().await })
    }

    /// Requests speech, whole: bytes. The body is the request's JSON.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn speech(&self, body: String, options: CallOptions) -> Result<Call> {
        let llm = self.llm.with(options);
        call(async move { llm.whole_speech(body.into()).await })
    }

    /// Requests speech, to be read as it arrives: audio. The body is the request's JSON.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn speech_stream(&self, body: String, options: CallOptions) -> Result<Call> {
        let llm = self.llm.with(options);
        call(async move { llm.speech(body.into(), true).await })
    }

    /// The core client, for components built on it.
    pub fn openai(&self) -> &OpenAi {
        &self.llm
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("llm", &self.llm).finish_non_exhaustive()
    }
}
