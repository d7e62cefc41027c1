//! A streamed reply of a model for a host language: as chunks, or as the raw body.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::batch::Batch;
use super::items::Collect;
use super::list::List;
use super::pull::Pull;
use super::source::Source;
use crate::chat::{ChatReply, ChatStream};
use crate::error::Result;
use crate::process::runtime;

/// A reply whose response has begun. It is not read until the form is chosen: chunks, or the raw body. Dropping it
/// closes its connection.
#[derive(Debug)]
pub struct OpenStream(Box<ChatStream>);

impl OpenStream {
    pub(super) fn new(stream: ChatStream) -> Self {
        OpenStream(Box::new(stream))
    }

    /// Reads it as chunks.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the stream come from the pull.
    pub fn chunks(self) -> Result<Chunks> {
        let reply = Arc::new(OnceLock::new());
        let stream = Chunked { stream: Some(*self.0), reply: reply.clone() };
        let pull = Pull::new(&runtime()?, stream);
        Ok(Chunks { pull, reply })
    }

    /// Reads its raw body, for hosts whose programs decode it themselves.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the connection come from the pull.
    pub fn bytes(self) -> Result<Pull<List<Bytes>>> {
        Ok(Pull::new(&runtime()?, Undecoded(*self.0)))
    }
}

/// The chunks of a stream, and the whole reply behind them.
#[derive(Debug)]
pub struct Chunks {
    pull: Pull<Batch>,
    reply: Arc<OnceLock<ChatReply>>,
}

impl Chunks {
    /// The pull of the chunks.
    pub fn pull(&self) -> &Pull<Batch> {
        &self.pull
    }

    /// The whole reply, once [`Taken::End`](super::Taken::End) has been taken; `None` before, and after an
    /// error.
    pub fn reply(&self) -> Option<&ChatReply> {
        self.reply.get()
    }
}

/// A stream that stores its whole reply at the end.
struct Chunked {
    stream: Option<ChatStream>,
    reply: Arc<OnceLock<ChatReply>>,
}

impl Source for Chunked {
    type Items = Batch;

    fn poll_into(&mut self, task: &mut Context<'_>, items: &mut Batch) -> Poll<Option<Result<()>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let next = ready!(stream.poll_into(task, items));
        if next.is_none()
            && let Some(Ok(reply)) = self.stream.take().map(ChatStream::into_reply)
        {
            // The pump stops polling at the end, so this is the only reply.
            let _ = self.reply.set(reply);
        }
        Poll::Ready(next)
    }

    fn is_dry(&self) -> bool {
        self.stream.as_ref().is_some_and(ChatStream::is_dry)
    }
}

/// The raw body of a stream.
struct Undecoded(ChatStream);

impl Source for Undecoded {
    type Items = List<Bytes>;

    fn poll_into(
        &mut self,
        task: &mut Context<'_>,
        items: &mut List<Bytes>,
    ) -> Poll<Option<Result<()>>> {
        let piece = ready!(self.0.poll_bytes(task));
        Poll::Ready(piece.map(|piece| piece.map(|bytes| items.push(bytes))))
    }

    fn is_dry(&self) -> bool {
        true
    }
}
