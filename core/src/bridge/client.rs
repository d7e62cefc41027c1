//! A client that works on after a fork.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use super::pull::{Call, Source};
use super::{Batch, Pull};
pub use crate::chat::builder::OptionNames;
use crate::chat::{ChatReply, ChatRequest, ChatStream, ModelList, OpenAi, OpenAiBuilder};
use crate::config::CallOptions;
use crate::error::Result;
use crate::process::{PerProcess, runtime};

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

    /// Asks for a reply, whole: a pull of one item.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat(&self, request: ChatRequest, options: CallOptions) -> Result<Pull<Vec<ChatReply>>> {
        let llm = self.openai()?.with(options);
        call(async move { llm.chat(request).await })
    }

    /// Asks for a reply, to be read while it is made: a pull of one item, to be given to
    /// [`chunks`](Self::chunks).
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn chat_stream(
        &self,
        request: ChatRequest,
        options: CallOptions,
    ) -> Result<Pull<Vec<ChatStream>>> {
        let llm = self.openai()?.with(options);
        call(async move { llm.chat_stream(request).await })
    }

    /// The chunks of an open stream.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the stream come from the pull.
    pub fn chunks(stream: ChatStream) -> Result<Chunks> {
        let reply = Arc::new(OnceLock::new());
        let stream = Kept { stream: Some(stream), reply: reply.clone() };
        let pull = Pull::new(runtime()?.handle(), stream);
        Ok(Chunks { pull, reply })
    }

    /// Asks for the models that the service has: a pull of one item.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the call come from the pull.
    pub fn models(&self, options: CallOptions) -> Result<Pull<Vec<ModelList>>> {
        let llm = self.openai()?.with(options);
        call(async move { llm.models().await })
    }

    fn openai(&self) -> Result<OpenAi> {
        self.current.get_or_try_make(|| self.settings.clone().build_for(self.names))
    }
}

/// The chunks of a stream, and the whole reply behind them.
#[derive(Debug)]
pub struct Chunks {
    pull: Pull<Batch>,
    reply: Arc<OnceLock<ChatReply>>,
}

impl Chunks {
    /// The chunks, to be pulled.
    pub fn pull(&self) -> &Pull<Batch> {
        &self.pull
    }

    /// The whole reply, once [`Taken::End`](super::Taken::End) has been taken; `None` before, and after an
    /// error.
    pub fn reply(&self) -> Option<&ChatReply> {
        self.reply.get()
    }
}

/// A stream that leaves its whole reply behind.
struct Kept {
    stream: Option<ChatStream>,
    reply: Arc<OnceLock<ChatReply>>,
}

impl Source for Kept {
    type Items = Batch;

    fn poll_into(&mut self, task: &mut Context<'_>, items: &mut Batch) -> Poll<Option<Result<()>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let next = ready!(stream.poll_into(task, items));
        if next.is_none()
            && let Some(Ok(reply)) = self.stream.take().map(ChatStream::into_reply)
        {
            // The pump polls no further after the end, so this is the only reply.
            let _ = self.reply.set(reply);
        }
        Poll::Ready(next)
    }

    fn is_dry(&self) -> bool {
        self.stream.as_ref().is_some_and(ChatStream::is_dry)
    }
}

fn call<T: Send + 'static>(
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<Pull<Vec<T>>> {
    Ok(Pull::new(runtime()?.handle(), Call(Some(Box::pin(future)))))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}
