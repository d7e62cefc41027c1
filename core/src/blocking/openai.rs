//! The blocking client of an OpenAI-compatible service.

use std::borrow::Borrow;
use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::time::Duration;

use futures_core::stream::{FusedStream, Stream};
use http::HeaderMap;

use super::wait::wait;
use crate::chat::{ChatChunk, ChatReply, ChatRequest, ModelList, OpenAiBuilder};
use crate::config::CallOptions;
use crate::error::Result;
use crate::process::runtime;

/// A client of OpenAI, or of any service compatible with its chat completions, for code that is not async.
///
/// Clones are cheap and share connections.
///
/// ```no_run
/// use turnwire::ChatRequest;
/// use turnwire::blocking::OpenAi;
///
/// # fn main() -> turnwire::Result<()> {
/// let llm = OpenAi::from_env()?;
/// let mut stream = llm.chat_stream(ChatRequest::new("gpt-4o-mini").user("안녕하세요"))?;
/// for chunk in &mut stream {
///     print!("{}", chunk?.text());
/// }
/// let reply = stream.into_reply()?;
/// # let _ = reply;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OpenAi {
    inner: crate::chat::OpenAi,
}

impl OpenAi {
    /// A client configured from the environment, as [`turnwire::OpenAi::from_env`](crate::chat::OpenAi::from_env).
    ///
    /// # Errors
    ///
    /// `config` when a setting is invalid, or when there is no key and the service is OpenAI's own.
    pub fn from_env() -> Result<Self> {
        OpenAiBuilder::from_env().build_blocking()
    }

    /// The builder of a client; finish it with [`build_blocking`](crate::chat::OpenAiBuilder::build_blocking).
    pub fn builder() -> OpenAiBuilder {
        OpenAiBuilder::default()
    }

    /// This client with these options for its calls, which override its own.
    pub fn with(&self, options: CallOptions) -> Self {
        OpenAi { inner: self.inner.with(options) }
    }

    /// Requests a whole reply.
    ///
    /// # Errors
    ///
    /// As [`turnwire::OpenAi::chat`](crate::chat::OpenAi::chat).
    pub fn chat(&self, request: impl Borrow<ChatRequest>) -> Result<ChatReply> {
        wait(self.inner.chat(request))?
    }

    /// Requests a streamed reply.
    ///
    /// # Errors
    ///
    /// As [`turnwire::OpenAi::chat_stream`](crate::chat::OpenAi::chat_stream).
    pub fn chat_stream(&self, request: impl Borrow<ChatRequest>) -> Result<ChatStream> {
        let inner = wait(self.inner.chat_stream(request))??;
        Ok(ChatStream { inner })
    }

    /// Asks for the models that the service has.
    ///
    /// # Errors
    ///
    /// As [`turnwire::OpenAi::models`](crate::chat::OpenAi::models).
    pub fn models(&self) -> Result<ModelList> {
        wait(self.inner.models())?
    }
}

/// A stream of a reply's chunks; see [`turnwire::ChatStream`](crate::chat::ChatStream).
pub struct ChatStream {
    inner: crate::chat::ChatStream,
}

impl ChatStream {
    /// The reply so far.
    pub fn partial(&self) -> &ChatReply {
        self.inner.partial()
    }

    /// The whole reply, once the stream has been read to its end.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, or `truncated` when it was not read to its end.
    pub fn into_reply(self) -> Result<ChatReply> {
        self.inner.into_reply()
    }

    /// Reads the rest of the stream and returns the whole reply.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, with the text so far.
    pub fn finish(self) -> Result<ChatReply> {
        wait(self.inner.finish())?
    }

    /// The service's id of the request (`x-request-id`), for support requests.
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id()
    }

    /// The status of the response.
    pub fn status(&self) -> u16 {
        self.inner.status()
    }

    /// The URL of the response, after redirects.
    pub fn url(&self) -> Option<&str> {
        self.inner.url()
    }

    /// The headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The time from the call to the first chunk with content; `None` before it.
    pub fn first_token(&self) -> Option<Duration> {
        self.inner.first_token()
    }
}

impl OpenAiBuilder {
    /// Builds the client for code that is not async. Nothing is sent.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_blocking(self) -> Result<OpenAi> {
        runtime()?;
        Ok(OpenAi { inner: self.build()? })
    }
}

impl Iterator for ChatStream {
    type Item = Result<ChatChunk>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.inner.is_terminated() {
            return None;
        }
        let next = wait(poll_fn(|task| Pin::new(&mut self.inner).poll_next(task)));
        next.unwrap_or_else(|error| Some(Err(error)))
    }
}

impl FusedIterator for ChatStream {}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
