//! Speaks a turn's reply while it is streamed, or when it is complete.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, Sleep, sleep};

use super::StageName;
use super::timeline::{Recorder, Running};
use crate::error::{Error, ErrorKind, Result};
use crate::event::TurnEvent;
use crate::speech::{Speech, SpeechMode, SpeechStream, Spoken};

/// The operation of the error that ends a broken reply's text, and of no other: an error of a sentence may end the
/// speech as well.
const BROKEN_REPLY: &str = "turn.speech.broken_reply";

/// The speech of one turn. It lives in its reader's poll: dropping it ends every request.
pub(super) struct Speaking {
    mode: SpeechMode,
    /// The text's channel to the speaker; `None` once the text is complete.
    text: Option<UnboundedSender<Result<String>>>,
    speech: Option<SpeechStream<Text>>,
    recorder: Recorder,
    /// The stage, which begins with the first text.
    stage: Option<Running>,
    failure: Option<Error>,
    /// The longest wait for the next piece once the text is complete.
    wait: Duration,
    silence: Option<Pin<Box<Sleep>>>,
}

/// The reply's text for the speaker. Unbounded, since the text is in memory anyway, as a part of the reply.
struct Text(UnboundedReceiver<Result<String>>);

impl Speaking {
    /// `None` unless turns are spoken automatically.
    pub(super) fn new(
        speech: Option<&Speech>,
        mode: SpeechMode,
        wait: Duration,
        recorder: &Recorder,
    ) -> Option<Self> {
        let speech =
            speech.filter(|_| matches!(mode, SpeechMode::AfterText | SpeechMode::Streaming))?;
        let (text, heard) = unbounded_channel();
        Some(Speaking {
            mode,
            text: Some(text),
            speech: Some(speech.speak(Text(heard))),
            recorder: recorder.clone(),
            stage: None,
            failure: None,
            wait,
            silence: None,
        })
    }

    /// Adds more of the reply's text.
    pub(super) fn more(&mut self, text: &str) {
        if self.mode == SpeechMode::Streaming {
            self.say(text);
        }
    }

    /// Called when the reply is complete.
    pub(super) fn complete(&mut self, reply: &str) {
        if self.mode == SpeechMode::AfterText {
            self.say(reply);
        }
        self.finish();
    }

    /// Called when the reply broke: of a reply that is spoken while it is streamed, the complete sentences are still heard.
    pub(super) fn break_off(&mut self) {
        if let Some(sender) = &self.text {
            let why = "the reply broke before it was complete";
            // As in `say`.
            let _ = sender.send(Err(Error::new(ErrorKind::Truncated, BROKEN_REPLY, why)));
        }
        self.finish();
    }

    fn finish(&mut self) {
        self.text = None;
        self.silence = Some(Box::pin(sleep(self.wait)));
    }

    fn say(&mut self, text: &str) {
        if let Some(sender) = &self.text {
            self.stage.get_or_insert_with(|| self.recorder.begin(StageName::Speech));
            // The receiver is gone only after the speech has broken off, which is already recorded.
            let _ = sender.send(Ok(text.to_owned()));
        }
    }

    /// Polls for the next piece; `None` when all is spoken. A sentence that fails is left out, and recorded on the
    /// timeline.
    pub(super) fn poll(&mut self, task: &mut Context<'_>) -> Poll<Option<TurnEvent>> {
        loop {
            let Some(speech) = &mut self.speech else { return Poll::Ready(None) };
            let Poll::Ready(spoken) = Pin::new(speech).poll_next(task) else {
                let is_over =
                    |silence: &mut Pin<Box<Sleep>>| silence.as_mut().poll(task).is_ready();
                if self.silence.as_mut().is_some_and(is_over) {
                    self.give_up();
                    return Poll::Ready(None);
                }
                return Poll::Pending;
            };
            match spoken {
                Some(Ok(Spoken::Audio(piece))) => {
                    self.recorder.audio();
                    if let Some(silence) = &mut self.silence {
                        silence.as_mut().reset(later(self.wait));
                    }
                    return Poll::Ready(Some(TurnEvent::audio(
                        piece.seq,
                        piece.mime.into_string(),
                        piece.bytes,
                        piece.text,
                    )));
                }
                Some(Ok(Spoken::Failed(failed))) => {
                    self.failure.get_or_insert(failed.error);
                }
                Some(Err(error)) => {
                    // The end of a broken reply is no failure of its speech.
                    if error.operation() != BROKEN_REPLY {
                        self.failure.get_or_insert(error);
                    }
                    self.end();
                }
                None => self.end(),
            }
        }
    }

    /// Called when the speaker has been silent for too long: the turn ends without the rest.
    fn give_up(&mut self) {
        let why = format!("no sentence was spoken for {:?} after the text's end", self.wait);
        self.failure.get_or_insert(Error::new(ErrorKind::TotalTimeout, "turn.speech", why));
        self.end();
    }

    fn end(&mut self) {
        self.speech = None;
        match (self.stage.take(), self.failure.take()) {
            (Some(stage), Some(error)) => stage.failed_by(&error),
            (Some(stage), None) => stage.done(),
            (None, _) => {}
        }
    }
}

/// The time after this wait, or the latest that the clock can represent.
fn later(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or_else(|| now + Duration::from_secs(86_400 * 365))
}

impl Stream for Text {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(task)
    }
}
