//! Audio that a function of the host makes, whole or piece by piece.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::answer::{Call, call};
use super::host::{Asked, Failure, Question, Reply, unanswered};
use crate::error::Result;
use crate::process::Bound;
use crate::speech::{AudioFormat, AudioStream};

/// The most pieces that wait for the listener.
const AHEAD: usize = 4;

/// Writes the audio that answers a question. The question stays open until the first piece.
///
/// Dropping it before [`end`](Self::end) breaks the audio off.
pub struct AudioWriter {
    operation: &'static str,
    stage: Mutex<Stage>,
}

enum Stage {
    /// No audio has been written.
    Silent(Reply<AudioStream>, Option<String>),
    Writing(Bound<Writing>),
    Ended,
}

/// The writing side of the audio. It belongs to the process that asked.
struct Writing {
    pieces: Sender<Bytes>,
    end: End,
    question: Arc<Question>,
}

/// The end of the audio, which comes after its last piece; `None` if the host has told none.
type End = Arc<Mutex<Option<Result<()>>>>;

impl AudioWriter {
    /// Without a media type, it is detected from the first bytes: MP3 unless they are of another format.
    pub(super) fn new(reply: Reply<AudioStream>, media_type: Option<String>) -> Self {
        let operation = reply.operation();
        AudioWriter { operation, stage: Mutex::new(Stage::Silent(reply, media_type)) }
    }

    /// Writes a piece. The call ends once there is room for it: with true, or with false if nobody listens any more.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started.
    pub fn write(&self, piece: Bytes) -> Result<Call> {
        // An empty piece has no media type.
        let is_silence = piece.is_empty() && matches!(*self.lock(), Stage::Silent(..));
        let pieces = if is_silence { None } else { self.pieces(&piece) };
        call(async move {
            Ok(match pieces {
                Some(pieces) => pieces.send(piece).await.is_ok(),
                None => is_silence,
            })
        })
    }

    /// Ends the audio.
    pub fn end(&self) {
        self.pieces(&[]);
        self.finish(Ok(()));
    }

    /// Breaks the audio off with an error of code `callback`. Before the first piece, it fails the question.
    pub fn fail(&self, failure: Failure) {
        self.finish(Err(failure.into_error(self.operation)));
    }

    /// The channel of the pieces, which this piece opens if it is the first; `None` after the end, and in a child of the
    /// process that asked.
    fn pieces(&self, first: &[u8]) -> Option<Sender<Bytes>> {
        let mut stage = self.lock();
        if let Stage::Silent(..) = &*stage
            && let Stage::Silent(reply, media_type) = std::mem::replace(&mut *stage, Stage::Ended)
        {
            *stage = Stage::Writing(Bound::new(open(reply, media_type, first)));
        }
        match &*stage {
            Stage::Writing(writing) => Some(writing.own(self.operation).ok()?.pieces.clone()),
            Stage::Silent(..) | Stage::Ended => None,
        }
    }

    fn finish(&self, end: Result<()>) {
        // Outside the lock, as it wakes the listener.
        let stage = std::mem::replace(&mut *self.lock(), Stage::Ended);
        match (stage, end) {
            (Stage::Silent(reply, _), Err(error)) => reply.end(Err(error)),
            (Stage::Writing(mut writing), end) => {
                if let Some(Writing { pieces, end: told, question }) = writing.take() {
                    *lock(&told) = Some(end);
                    question.forget_act();
                    drop(pieces);
                }
            }
            // Ending opens the audio first.
            (Stage::Silent(..), Ok(())) | (Stage::Ended, _) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        lock(&self.stage)
    }
}

impl Drop for AudioWriter {
    fn drop(&mut self) {
        if let Stage::Writing(writing) = &mut *self.lock()
            && let Some(writing) = writing.take()
        {
            writing.question.forget_act();
        }
    }
}

/// Answers the question with audio whose first bytes these are.
fn open(reply: Reply<AudioStream>, media_type: Option<String>, first: &[u8]) -> Writing {
    let (pieces, heard) = channel(AHEAD);
    let end = End::default();
    let media_type = media_type.unwrap_or_else(|| {
        let format = AudioFormat::from_bytes(first).unwrap_or(AudioFormat::Mp3);
        format.mime().to_owned()
    });
    let operation = reply.operation();
    let told = end.clone();
    let question = reply.answer_growing(|asked| {
        AudioStream::new(media_type, Pieces { heard, end: told, operation, _asked: asked })
    });
    Writing { pieces, end, question }
}

/// The listening side of the audio. Dropping it gives the audio up.
struct Pieces {
    heard: Receiver<Bytes>,
    end: End,
    operation: &'static str,
    _asked: Asked,
}

impl Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(piece) = ready!(self.heard.poll_recv(task)) {
            return Poll::Ready(Some(Ok(piece)));
        }
        let end = lock(&self.end).replace(Ok(()));
        Poll::Ready(match end {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(Err(error)),
            None => Some(Err(unanswered(self.operation))),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Values are replaced in one step, so a poisoned one is consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for AudioWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioWriter").field("operation", &self.operation).finish_non_exhaustive()
    }
}
