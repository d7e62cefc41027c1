//! The pipeline from a text to the audio of its sentences, in order.
//!
//! ```text
//! text ─▶ SentenceCutter ─▶ waiting ─▶ slots: [done] [running] [running] ─▶ audio of the first slot
//! ```
//!
//! Everything happens in the reader's poll: there is no task and no channel, so dropping the stream ends every request.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::runtime::Handle;
use tokio::task::coop::poll_proceed;
use tokio::time::sleep;

use super::audio::SPEECH;
use super::settings::{OnFailure, Speech};
use super::{SentenceCutter, SpeechRequest, TextPiece};
use crate::error::{Error, ErrorKind, Result};
use crate::guard;
use crate::process::Bound;

/// The most sentences that wait for a request; above it the text is not read.
const WAITING: usize = 64;

/// The most finished sentences that wait for an earlier one, for each request in flight.
const AHEAD: usize = 4;

/// The lateness of a poll from which on its reader was away.
const AWAY: Duration = Duration::from_secs(1);

/// The most pieces of text read in one poll, so that a text that never pauses does not starve other tasks.
const TEXTS_IN_ONE_POLL: usize = 128;

/// An item of a [`SpeechStream`]: the result of one sentence.
#[derive(Clone, Debug)]
pub enum Spoken {
    /// Its audio.
    Audio(AudioPiece),
    /// It could not be spoken and is left out.
    Failed(FailedSentence),
}

/// The complete audio of one sentence, playable on its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AudioPiece {
    /// Number of the piece, from 0 without gaps.
    pub seq: u64,
    /// The media type, such as `audio/mpeg`.
    pub mime: Box<str>,
    /// The audio.
    pub bytes: Bytes,
    /// Number of the sentence, from 0; failed sentences count as well.
    pub sentence: u64,
    /// The sentence.
    pub text: String,
    /// The audio is of a speaker that is not of this library.
    pub(crate) is_foreign: bool,
}

/// A sentence that could not be spoken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedSentence {
    /// Number of the sentence, from 0.
    pub sentence: u64,
    /// The sentence.
    pub text: String,
    /// The reason.
    pub error: Error,
}

/// The audio of a text, sentence by sentence and in order, while the text is still being written.
///
/// An error ends the stream: one of the text, after the sentences before it, or under [`OnFailure::Stop`] one of a
/// sentence.
#[must_use = "a stream does nothing until it is read"]
pub struct SpeechStream<S> {
    /// Bound to its process: a forked child cannot continue it.
    pipeline: Bound<Pipeline<S>>,
}

struct Pipeline<S> {
    speech: Speech,
    cutter: SentenceCutter,
    /// `None` once the text has ended.
    text: Option<S>,
    /// The error that ended the text, until it is returned.
    broken: Option<Error>,
    waiting: VecDeque<String>,
    slots: VecDeque<Slot>,
    sentences: u64,
    pieces: u64,
}

struct Slot {
    sentence: u64,
    text: String,
    state: State,
}

/// The media type, the audio, and true if the speaker is not of this library.
type Audio = Result<(Box<str>, Bytes, bool)>;

enum State {
    Running(Pin<Box<dyn Future<Output = Audio> + Send>>),
    Done(Audio),
}

impl Speech {
    /// Speaks a text that is still being written: a [`ChatStream`](crate::chat::ChatStream), or any stream of strings
    /// or of results of them.
    ///
    /// No request is sent until the stream is read; dropping it ends every request. An error of the text ends the speech,
    /// after the complete sentences that came before it.
    pub fn speak<S>(&self, text: S) -> SpeechStream<S>
    where
        S: Stream<Item: TextPiece> + Unpin,
    {
        SpeechStream::new(self.clone(), text)
    }

    /// Speaks a complete text.
    pub fn say(&self, text: impl Into<String>) -> SpeechStream<Whole> {
        self.speak(futures_util::stream::iter([text.into()]))
    }
}

/// A complete text, as a stream.
pub type Whole = futures_util::stream::Iter<std::array::IntoIter<String, 1>>;

impl<S: Stream<Item: TextPiece> + Unpin> SpeechStream<S> {
    fn new(speech: Speech, text: S) -> Self {
        let pipeline = Bound::new(Pipeline {
            cutter: speech.cutter.clone(),
            speech,
            text: Some(text),
            broken: None,
            waiting: VecDeque::new(),
            slots: VecDeque::new(),
            sentences: 0,
            pieces: 0,
        });
        SpeechStream { pipeline }
    }
}

impl<S: Stream<Item: TextPiece> + Unpin> Pipeline<S> {
    /// Reads the available text while there is room for its sentences.
    fn read_text(&mut self, task: &mut Context<'_>) {
        for _ in 0..TEXTS_IN_ONE_POLL {
            let Some(text) = self.text.as_mut().filter(|_| self.waiting.len() < WAITING) else {
                return;
            };
            match Pin::new(text).poll_next(task) {
                Poll::Ready(Some(piece)) => match piece.as_text() {
                    Ok(more) => self.cutter.push(more),
                    Err(error) => {
                        self.text = None;
                        self.broken = Some(error);
                        // An unfinished sentence is not spoken.
                        self.cutter.break_off();
                    }
                },
                Poll::Ready(None) => {
                    self.text = None;
                    self.cutter.finish();
                }
                Poll::Pending => return,
            }
            self.waiting.extend(std::iter::from_fn(|| self.cutter.next_sentence()));
        }
        task.waker().wake_by_ref();
    }

    /// Starts requests while there are sentences and free slots.
    fn start(&mut self) {
        let in_flight = self.speech.in_flight;
        let is_running = |slot: &&Slot| matches!(slot.state, State::Running(_));
        let mut running = self.slots.iter().filter(is_running).count();
        while running < in_flight && self.slots.len() < in_flight.saturating_mul(AHEAD) {
            let Some(text) = self.waiting.pop_front() else { return };
            let spoken = in_time(self.speech.clone(), text.clone());
            let state = State::Running(Box::pin(spoken));
            self.slots.push_back(Slot { sentence: self.sentences, text, state });
            self.sentences += 1;
            running += 1;
        }
    }

    /// Polls the running requests. Returns true if one of them has ended.
    fn drive(&mut self, task: &mut Context<'_>) -> bool {
        let mut any_ended = false;
        for slot in &mut self.slots {
            if let State::Running(request) = &mut slot.state
                && let Poll::Ready(audio) = request.as_mut().poll(task)
            {
                slot.state = State::Done(audio);
                any_ended = true;
            }
        }
        any_ended
    }

    fn advance(&mut self, task: &mut Context<'_>) {
        self.read_text(task);
        self.start();
        while self.drive(task) {
            self.start();
        }
    }

    /// Turns the result of the next sentence into an item of the stream.
    fn give(&mut self, sentence: u64, text: String, audio: Audio) -> Result<Spoken> {
        match audio {
            Ok((mime, bytes, is_foreign)) => {
                let seq = self.pieces;
                self.pieces += 1;
                Ok(Spoken::Audio(AudioPiece { seq, mime, bytes, sentence, text, is_foreign }))
            }
            Err(error) if self.speech.on_failure == OnFailure::Stop => {
                self.text = None;
                self.broken = None;
                self.waiting.clear();
                self.slots.clear();
                Err(error)
            }
            Err(error) => {
                tracing::debug!(error.code = error.code(), sentence, "a sentence is not spoken");
                Ok(Spoken::Failed(FailedSentence { sentence, text, error }))
            }
        }
    }
}

impl<S: Stream<Item: TextPiece> + Unpin> Pipeline<S> {
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Spoken>>> {
        // A speaker that is always ready must not starve the reader's other work, such as time limits.
        let share = ready!(poll_proceed(task));
        self.advance(task);
        match self.slots.pop_front() {
            Some(Slot { sentence, text, state: State::Done(audio) }) => {
                share.made_progress();
                // Start waiting sentences before the reader processes this one.
                self.advance(task);
                Poll::Ready(Some(self.give(sentence, text, audio)))
            }
            Some(running) => {
                self.slots.push_front(running);
                Poll::Pending
            }
            None => match self.broken.take() {
                Some(error) => Poll::Ready(Some(Err(error))),
                None if self.is_over() => Poll::Ready(None),
                None => Poll::Pending,
            },
        }
    }
}

impl<S> Pipeline<S> {
    fn is_over(&self) -> bool {
        self.text.is_none()
            && self.waiting.is_empty()
            && self.slots.is_empty()
            && self.broken.is_none()
    }
}

impl<S: Stream<Item: TextPiece> + Unpin> Stream for SpeechStream<S> {
    type Item = Result<Spoken>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if !this.is_terminated()
            && let Err(error) = this.pipeline.check(SPEECH)
        {
            drop(this.pipeline.take());
            return Poll::Ready(Some(Err(error)));
        }
        match this.pipeline.get_mut() {
            Some(pipeline) => pipeline.poll(task),
            None => Poll::Ready(None),
        }
    }
}

impl<S: Stream<Item: TextPiece> + Unpin> FusedStream for SpeechStream<S> {
    fn is_terminated(&self) -> bool {
        self.pipeline.get().is_none_or(Pipeline::is_over)
    }
}

impl<S> fmt::Debug for SpeechStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SpeechStream");
        if let Some(pipeline) = self.pipeline.get() {
            shown.field("speech", &pipeline.speech);
            shown.field("waiting", &pipeline.waiting.len());
            shown.field("slots", &pipeline.slots.len());
            shown.field("pieces", &pipeline.pieces);
        }
        shown.finish_non_exhaustive()
    }
}

/// Speaks one sentence within its time limit. Without a Tokio runtime there is no timer, so no limit.
async fn in_time(speech: Speech, text: String) -> Audio {
    let limit = speech.sentence_limit.filter(|_| Handle::try_current().is_ok());
    let mut spoken = pin!(speak(speech, text));
    let Some(limit) = limit else { return spoken.await };
    let mut expiry = pin!(sleep(limit));
    poll_fn(|task| {
        if let Poll::Ready(audio) = spoken.as_mut().poll(task) {
            return Poll::Ready(audio);
        }
        ready!(expiry.as_mut().poll(task));
        // The timer wakes the reader. One that polls much later was away, for example to play a piece, and no request could
        // continue meanwhile: the sentence gets its time again.
        if expiry.deadline().elapsed() < AWAY {
            return Poll::Ready(Err(too_late(limit)));
        }
        expiry.set(sleep(limit));
        expiry.as_mut().poll(task).map(|()| Err(too_late(limit)))
    })
    .await
}

fn too_late(limit: Duration) -> Error {
    let why = format!("the speaker did not speak the sentence within {limit:?}");
    Error::new(ErrorKind::TotalTimeout, SPEECH, why)
        .with_hint("speak again, or allow more time for a sentence")
}

/// Speaks one sentence, with retries. They are safe, as no audio is returned before the sentence is complete.
async fn speak(speech: Speech, text: String) -> Audio {
    let mut retries = speech.retries;
    loop {
        let request = SpeechRequest { text: text.clone(), ..speech.request.clone() };
        let error = match whole(&speech, request).await {
            Ok(audio) => return Ok(audio),
            Err(error) => error,
        };
        let may_pass = error.is_retryable() || error.kind() == ErrorKind::UnexpectedReply;
        if retries == 0 || !may_pass {
            return Err(error);
        }
        retries -= 1;
    }
}

async fn whole(speech: &Speech, request: SpeechRequest) -> Audio {
    let spoken = guard::call(speech.callback, || {
        let speaking = speech.speaker.speak(request);
        Box::pin(async {
            let audio = speaking.await?;
            let (mime, is_foreign) = (audio.content_type().into(), audio.is_foreign());
            Ok((mime, audio.collect().await?, is_foreign))
        })
    });
    spoken.await.unwrap_or_else(|panicked| {
        Err(Error::new(ErrorKind::Config, "speech.speak", panicked.to_string()))
    })
}
