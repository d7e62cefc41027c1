//! Streamed audio: read as bytes while it arrives, collected whole, or written to a file.

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, timeout_at};

use super::{AudioFormat, file};
use crate::config::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Body, Context};
use crate::process::{Bound, FORKED};

/// The operation name in speech errors.
pub(super) const SPEECH: &str = "speech";

/// Audio as a stream of byte chunks.
///
/// Dropping it ends the request. A stream without any audio ends with an error.
///
/// Read chunk by chunk, it lasts as long as the service keeps sending. [`collect`](Self::collect) and
/// [`write_to_file`](Self::write_to_file) read it whole, within a size limit and a time limit.
pub struct AudioStream {
    content_type: Box<str>,
    /// Empty once the stream has ended.
    bytes: Bound<Source>,
    context: Context,
    any: bool,
    is_foreign: bool,
    bounds: Bounds,
}

/// The limits of audio that is read whole.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) time: Option<Duration>,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { bytes: Limits::default().reply, time: None }
    }
}

type Source = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

impl AudioStream {
    /// Audio of this media type, for a [`Speaker`](super::Speaker) of your own.
    pub fn new(
        content_type: impl Into<String>,
        bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
    ) -> Self {
        let audio = Self::of(Context::foreign(SPEECH), content_type, bytes);
        AudioStream { is_foreign: true, ..audio }
    }

    /// Returns true for the audio of a speaker that is not of this library: its faults are those of the program.
    pub(super) fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    pub(super) fn of(
        context: Context,
        content_type: impl Into<String>,
        bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
    ) -> Self {
        let content_type = content_type.into().into();
        let bytes: Bound<Source> = Bound::new(Box::pin(bytes));
        AudioStream {
            content_type,
            bytes,
            context,
            any: false,
            is_foreign: false,
            bounds: Bounds::default(),
        }
    }

    /// A response's body as it comes.
    pub(super) fn response(
        content_type: impl Into<String>,
        mut body: Body,
        bounds: Bounds,
    ) -> Self {
        let context = body.context().clone();
        let bytes = futures_util::stream::poll_fn(move |task| {
            let piece = ready!(body.poll_data(task));
            body.content_came();
            Poll::Ready(piece)
        });
        AudioStream { bounds, ..Self::of(context, content_type, bytes) }
    }

    /// The media type that the service reported, such as `audio/mpeg`.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The format, if the media type is a known one.
    pub fn format(&self) -> Option<AudioFormat> {
        AudioFormat::from_mime(&self.content_type)
    }

    /// The whole audio, within the client's `Limits::reply` and `Timeouts::total`; from a custom speaker, at most 64 MiB.
    ///
    /// # Errors
    ///
    /// As [`collect_up_to`](Self::collect_up_to).
    pub async fn collect(self) -> Result<Bytes> {
        let limit = self.bounds.bytes;
        self.collect_up_to(limit).await
    }

    /// The whole audio, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// `too_large`, `total_timeout`, or the error that broke off the audio.
    pub async fn collect_up_to(self, limit: usize) -> Result<Bytes> {
        let mut whole = BytesMut::new();
        let mut pieces = self.bounded(limit);
        while let Some(piece) = pieces.next().await {
            whole.extend_from_slice(&piece?);
        }
        Ok(whole.freeze())
    }

    /// Writes the whole audio to a file and returns its size in bytes, within the limits of [`collect`](Self::collect). The
    /// file appears only when it is complete: an existing file stays unchanged until then.
    ///
    /// # Errors
    ///
    /// `file` when it cannot be written, and the errors of [`collect_up_to`](Self::collect_up_to).
    pub async fn write_to_file(self, path: impl AsRef<Path>) -> Result<u64> {
        let limit = self.bounds.bytes;
        self.write_to_file_up_to(path, limit).await
    }

    /// Writes the whole audio, at most `limit` bytes, as [`write_to_file`](Self::write_to_file) does.
    ///
    /// # Errors
    ///
    /// As [`write_to_file`](Self::write_to_file).
    pub async fn write_to_file_up_to(self, path: impl AsRef<Path>, limit: usize) -> Result<u64> {
        let mut file = file::Draft::new(path.as_ref()).await?;
        let mut pieces = self.bounded(limit);
        while let Some(piece) = pieces.next().await {
            file.write(&piece?).await?;
        }
        file.finish().await
    }

    fn bounded(self, limit: usize) -> Bounded {
        let deadline = self.bounds.time.and_then(|time| Instant::now().checked_add(time));
        Bounded { audio: self, limit, left: limit, deadline }
    }
}

/// Audio that is read whole.
struct Bounded {
    audio: AudioStream,
    limit: usize,
    left: usize,
    deadline: Option<Instant>,
}

impl Bounded {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        // A response begins inside a Tokio runtime, but it may be read outside of one, where no timer exists.
        let timed = self.deadline.filter(|_| Handle::try_current().is_ok());
        let piece = match timed {
            Some(deadline) => timeout_at(deadline, self.audio.next()).await.ok(),
            None => Some(self.audio.next().await),
        };
        let Some(piece) = piece else {
            let why = "the audio did not end within the total limit";
            return Some(Err(self.audio.context.error(ErrorKind::TotalTimeout, why)));
        };
        let piece = match piece? {
            Ok(piece) => piece,
            Err(error) => return Some(Err(error)),
        };
        let Some(left) = self.left.checked_sub(piece.len()) else {
            let why = format!("the audio is larger than {} bytes", self.limit);
            return Some(Err(self.audio.context.error(ErrorKind::TooLarge, why)));
        };
        self.left = left;
        Some(Ok(piece))
    }
}

impl Stream for AudioStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        loop {
            // A source that is always ready must not starve the reader's other work, such as time limits.
            let share = ready!(poll_proceed(task));
            if !self.is_terminated() && self.bytes.is_inherited() {
                drop(self.bytes.take());
                return Poll::Ready(Some(Err(self.context.error(ErrorKind::Forked, FORKED))));
            }
            let Some(bytes) = self.bytes.get_mut() else { return Poll::Ready(None) };
            let piece = ready!(bytes.as_mut().poll_next(task));
            share.made_progress();
            match piece {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    self.any = true;
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Err(error)) => {
                    drop(self.bytes.take());
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    drop(self.bytes.take());
                    let error = || match self.is_foreign {
                        true => foreign_fault("no audio"),
                        false => {
                            let why = "the service sent no audio";
                            self.context.error(ErrorKind::UnexpectedReply, why)
                        }
                    };
                    return Poll::Ready((!self.any).then(|| Err(error())));
                }
            }
        }
    }
}

/// The error of a speaker that is not of this library, and returned this.
pub(super) fn foreign_fault(returned: &str) -> Error {
    let why = format!("the speaker returned {returned}");
    let formats = "return the audio of the text: MP3, WAV, AAC or raw samples (`audio/pcm`), the same for each sentence; \
                   Opus and FLAC cannot be joined";
    Error::new(ErrorKind::Callback, SPEECH, why).with_hint(formats)
}

impl FusedStream for AudioStream {
    fn is_terminated(&self) -> bool {
        self.bytes.get().is_none()
    }
}

impl fmt::Debug for AudioStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioStream")
            .field("content_type", &self.content_type)
            .field("ended", &self.bytes.get().is_none())
            .finish_non_exhaustive()
    }
}
