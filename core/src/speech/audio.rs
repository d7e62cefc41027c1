//! Audio on its way: bytes as they come, the whole of them, or a file.

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::StreamExt;
use tokio::task::coop::poll_proceed;

use super::speaker::SPEECH;
use super::{AudioFormat, file};
use crate::http::{Body, Context};
use crate::{ErrorKind, Limits, Result};

/// Audio, in the pieces in which it comes.
///
/// Dropping it ends the request. It ends with an error, at the latest, if there was no audio at all.
pub struct AudioStream {
    content_type: Box<str>,
    /// `None` once it has ended.
    bytes: Option<Source>,
    context: Context,
    any: bool,
}

type Source = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

impl AudioStream {
    /// Audio of this media type, for a [`Speaker`](super::Speaker) of your own.
    pub fn new(
        content_type: impl Into<String>,
        bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self::of(Context::foreign(SPEECH), content_type, bytes)
    }

    pub(super) fn of(
        context: Context,
        content_type: impl Into<String>,
        bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
    ) -> Self {
        let content_type = content_type.into().into();
        AudioStream { content_type, bytes: Some(Box::pin(bytes)), context, any: false }
    }

    /// A response's body as it comes.
    pub(super) fn response(content_type: impl Into<String>, mut body: Body) -> Self {
        let context = body.context().clone();
        let bytes = futures_util::stream::poll_fn(move |task| {
            let piece = ready!(body.poll_data(task));
            body.content_came();
            Poll::Ready(piece)
        });
        Self::of(context, content_type, bytes)
    }

    /// The media type, as the service says it, such as `audio/mpeg`.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The format, if the media type is a known one.
    pub fn format(&self) -> Option<AudioFormat> {
        AudioFormat::from_mime(&self.content_type)
    }

    /// The whole, of at most 64 MiB.
    ///
    /// # Errors
    ///
    /// As [`collect_up_to`](Self::collect_up_to).
    pub async fn collect(self) -> Result<Bytes> {
        self.collect_up_to(Limits::default().reply).await
    }

    /// The whole, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// `too_large`, or whatever ended the audio before its end.
    pub async fn collect_up_to(mut self, limit: usize) -> Result<Bytes> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if piece.len() > limit.saturating_sub(whole.len()) {
                let message = format!("the audio is larger than {limit} bytes");
                return Err(self.context.error(ErrorKind::TooLarge, message));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Writes the whole into a file, and tells how many bytes it is. The file is there when it is whole, or not at
    /// all: one that was there before stays as it was until then.
    ///
    /// # Errors
    ///
    /// `file` when it cannot be written, or whatever ended the audio before its end.
    pub async fn write_to_file(mut self, path: impl AsRef<Path>) -> Result<u64> {
        let mut file = file::Draft::new(path.as_ref()).await?;
        while let Some(piece) = self.next().await {
            file.write(&piece?).await?;
        }
        file.finish().await
    }
}

impl Stream for AudioStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        loop {
            // A source that is always ready must not keep its reader's other work, such as time limits, waiting.
            let share = ready!(poll_proceed(task));
            let Some(bytes) = &mut self.bytes else { return Poll::Ready(None) };
            let piece = ready!(bytes.as_mut().poll_next(task));
            share.made_progress();
            match piece {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    self.any = true;
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Err(error)) => {
                    self.bytes = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.bytes = None;
                    let why = "the service sent no audio";
                    let error = || self.context.error(ErrorKind::UnexpectedReply, why);
                    return Poll::Ready((!self.any).then(|| Err(error())));
                }
            }
        }
    }
}

impl FusedStream for AudioStream {
    fn is_terminated(&self) -> bool {
        self.bytes.is_none()
    }
}

impl fmt::Debug for AudioStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioStream")
            .field("content_type", &self.content_type)
            .field("ended", &self.bytes.is_none())
            .finish_non_exhaustive()
    }
}
