//! The blocking client of a chat service.

use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_core::stream::{FusedStream, Stream};
use http::HeaderMap;

use super::wait::wait;
use crate::config::CallOptions;
use crate::credentials::Secret;
use crate::error::Result;
use crate::event::{ChatAnswer, TurnEvent};
use crate::process::runtime;
use crate::service::ChatServiceBuilder;
use crate::turn_request::TurnRequest;

/// A client of a chat service, for code that is not async.
///
/// Clones are cheap and share connections.
///
/// ```no_run
/// use turnwire::blocking::ChatService;
/// use turnwire::{TurnEvent, TurnRequest};
///
/// # fn main() -> turnwire::Result<()> {
/// let service = ChatService::builder("http://localhost:5000").tokens("access", "refresh").build_blocking()?;
/// for event in service.stream(TurnRequest::new("안녕").workspace("ws-1"))? {
///     if let TurnEvent::Content { content } = event? {
///         print!("{content}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ChatService {
    inner: crate::service::ChatService,
}

impl ChatService {
    /// A client of the service at this URL; see [`turnwire::ChatService::new`](crate::service::ChatService::new).
    ///
    /// # Errors
    ///
    /// `config` when the URL is not usable.
    pub fn new(url: impl Into<Secret>) -> Result<Self> {
        Self::builder(url).build_blocking()
    }

    /// A client with settings of your own, of the service at this URL; end them with
    /// [`build_blocking`](crate::service::ChatServiceBuilder::build_blocking).
    pub fn builder(url: impl Into<Secret>) -> ChatServiceBuilder {
        crate::service::ChatService::builder(url)
    }

    /// This client with these options for its calls, which override its own.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        ChatService { inner: self.inner.with(options) }
    }

    /// Requests a turn as a stream.
    ///
    /// # Errors
    ///
    /// As [`turnwire::ChatService::stream`](crate::service::ChatService::stream).
    pub fn stream(&self, request: TurnRequest) -> Result<TurnStream> {
        let inner = wait(self.inner.stream(request))??;
        Ok(TurnStream { inner })
    }

    /// Requests a turn and waits for its whole reply.
    ///
    /// # Errors
    ///
    /// As [`turnwire::ChatService::send`](crate::service::ChatService::send).
    pub fn send(&self, request: TurnRequest) -> Result<ChatAnswer> {
        wait(self.inner.send(request))?
    }

    /// Requests the speech of a text, as MP3.
    ///
    /// # Errors
    ///
    /// As [`turnwire::ChatService::speak`](crate::service::ChatService::speak).
    pub fn speak(&self, text: impl Into<String>) -> Result<Bytes> {
        wait(self.inner.speak(text))?
    }

    /// Stops a running turn.
    ///
    /// # Errors
    ///
    /// As [`turnwire::ChatService::stop`](crate::service::ChatService::stop).
    pub fn stop(&self, turn_id: impl Into<String>) -> Result<()> {
        wait(self.inner.stop(turn_id))?
    }
}

/// A stream of a turn's events from the service; see [`turnwire::service::TurnStream`](crate::service::TurnStream).
pub struct TurnStream {
    inner: crate::service::TurnStream,
}

impl TurnStream {
    /// The reply so far.
    pub fn partial(&self) -> &ChatAnswer {
        self.inner.partial()
    }

    /// The whole reply, once the stream has been read to its end.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, or `truncated` when it was not read to its end.
    pub fn into_answer(self) -> Result<ChatAnswer> {
        self.inner.into_answer()
    }

    /// Reads the rest of the stream and returns the whole reply.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, with the text so far.
    pub fn finish(self) -> Result<ChatAnswer> {
        wait(self.inner.finish())?
    }

    /// The service's id of the request (`x-request-id`), for support requests.
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id()
    }

    /// The headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The time from the call to the first piece of content; `None` before it.
    pub fn first_content(&self) -> Option<Duration> {
        self.inner.first_content()
    }
}

impl ChatServiceBuilder {
    /// Builds the client for code that is not async. Nothing is sent.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_blocking(self) -> Result<ChatService> {
        runtime()?;
        Ok(ChatService { inner: self.build()? })
    }
}

impl Iterator for TurnStream {
    type Item = Result<TurnEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.inner.is_terminated() {
            return None;
        }
        let next = wait(poll_fn(|task| Pin::new(&mut self.inner).poll_next(task)));
        next.unwrap_or_else(|error| Some(Err(error)))
    }
}

impl FusedIterator for TurnStream {}

impl fmt::Debug for ChatService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for TurnStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
