//! The handle of a running turn.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
#[cfg(feature = "bridge")]
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
#[cfg(feature = "bridge")]
use futures_util::future::BoxFuture;

use super::engine::Engine;
use super::ids::Ids;
use super::settings::ResponseSettings;
use super::timeline::Recorder;
use super::{Stopper, Timeline};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{ChatAnswer, TurnEvent};
use crate::process::{Bound, FORKED};

/// A running turn: a stream of its events.
///
/// The reply is read as the turn is polled, so a slow reader slows the model's service down. It ends with
/// [`Done`](TurnEvent::Done), or with an error that keeps the text so far; then it stays ended. Dropping it before its end means that the reader has gone:
/// [`OnDisconnect`](crate::turn::OnDisconnect) decides about the reply. The user's message is kept in any case.
///
/// It belongs to the process that started it. In a forked child its next item is an error of code `forked`, and
/// operations on it there do not affect the turn.
///
/// ```no_run
/// use turnwire::{OpenAi, TurnRequest, Turns};
///
/// # async fn run() -> turnwire::Result<()> {
/// let turns = Turns::builder(OpenAi::from_env()?).build()?;
/// let answer = turns.start(TurnRequest::new("안녕하세요")).finish().await?;
/// println!("{}", answer.reply);
/// # Ok(())
/// # }
/// ```
pub struct Turn {
    state: State,
    ids: Ids,
    stopper: Stopper,
    recorder: Recorder,
    /// The answer so far, except the text of a reply that is still running.
    answer: ChatAnswer,
    keeps_audio: bool,
    /// The model's reason for the end of its reply, once the turn is complete.
    finish_reason: Option<String>,
    response: ResponseSettings,
}

enum State {
    Running(Bound<Box<Engine>>),
    /// The request was refused, and the error has not been returned yet.
    Refused(Error),
    Ended(Result<()>),
}

impl Turn {
    pub(super) fn running(engine: Engine) -> Self {
        let response = engine.settings.response();
        let (ids, stopper, recorder) = engine.handles();
        let state = State::Running(Bound::new(Box::new(engine)));
        let (answer, finish_reason) = (ChatAnswer::default(), None);
        Turn { state, ids, stopper, recorder, answer, keeps_audio: true, finish_reason, response }
    }

    /// A turn whose only item is this error.
    pub(super) fn refused(error: Error, response: ResponseSettings) -> Self {
        let recorder = Recorder::start(None, tracing::Span::none()).for_handle();
        recorder.end();
        Turn {
            state: State::Refused(error),
            ids: Ids::new(),
            stopper: Stopper::new(),
            recorder,
            answer: ChatAnswer::default(),
            keeps_audio: true,
            finish_reason: None,
            response,
        }
    }

    /// The turn's id, for [`Turns::stop`](crate::turn::Turns::stop).
    pub fn id(&self) -> &str {
        &self.ids.turn
    }

    /// The id of the user's message.
    pub fn message_id(&self) -> &str {
        &self.ids.message
    }

    /// The id of the AI's message, under which it is saved once there is a reply.
    pub fn reply_id(&self) -> &str {
        &self.ids.reply
    }

    /// The model's reason for the end of its reply, such as `stop` or `length`; `None` before the end, and where the model
    /// gave none.
    pub fn finish_reason(&self) -> Option<&str> {
        self.finish_reason.as_deref()
    }

    /// A handle that stops the turn while another task reads it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Ends the turn now, as if its reader had gone.
    pub fn cancel(&mut self) {
        if let State::Running(engine) = &self.state {
            let reply = engine.get().map(|engine| engine.partial()).unwrap_or_default();
            reply.clone_into(&mut self.answer.reply);
            let error = self.unread(ErrorKind::Cancelled, "the turn was cancelled");
            self.leave(Err(error));
        }
    }

    /// The reply's text so far.
    pub fn partial(&self) -> &str {
        match &self.state {
            State::Running(engine) => {
                engine.get().map(|engine| engine.partial()).unwrap_or_default()
            }
            State::Refused(_) | State::Ended(_) => &self.answer.reply,
        }
    }

    /// The whole answer, once the turn has been read to its end. A stopped turn has the text up to the stop.
    ///
    /// # Errors
    ///
    /// The error that ended the turn, or `truncated` when it was not read to its end; the text so far is on it.
    /// [`finish`](Self::finish) reads the rest first.
    pub fn into_answer(mut self) -> Result<ChatAnswer> {
        let error = match &self.state {
            State::Ended(Ok(())) => return Ok(std::mem::take(&mut self.answer)),
            State::Ended(Err(error)) | State::Refused(error) => error.clone(),
            State::Running(_) => {
                self.unread(ErrorKind::Truncated, "the turn was not read to its end")
            }
        };
        Err(error)
    }

    /// Reads the rest of the turn, and returns the whole answer.
    ///
    /// # Errors
    ///
    /// The error that ended the turn, with the text so far.
    pub async fn finish(mut self) -> Result<ChatAnswer> {
        while let Some(event) = std::future::poll_fn(|task| self.poll_event(task)).await {
            event?;
        }
        self.into_answer()
    }

    /// The timeline so far. Messages are saved after the turn's end, and appear on it once that is done. In a
    /// forked child it is empty.
    pub fn timeline(&self) -> Timeline {
        self.recorder.timeline()
    }

    /// A function that returns the timeline while another owner has the turn.
    #[cfg(feature = "bridge")]
    pub(crate) fn watch_timeline(&self) -> impl Fn() -> Timeline + Send + Sync + use<> {
        let recorder = self.recorder.clone();
        move || recorder.timeline()
    }

    /// A function that waits until the turn has ended and its messages are delivered or dead, at most for this time after
    /// the end, while another owner has the turn.
    #[cfg(feature = "bridge")]
    pub(crate) fn watch_end(
        &self,
    ) -> impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + use<> {
        let recorder = self.recorder.clone();
        move |limit| {
            let recorder = recorder.clone();
            Box::pin(async move { recorder.finished(limit).await })
        }
    }

    /// Returns true if the next event needs more bytes of the reply than have been received.
    #[cfg(feature = "bridge")]
    pub(crate) fn is_dry(&self) -> bool {
        match &self.state {
            State::Running(engine) => engine.get().is_some_and(|engine| engine.is_dry()),
            State::Refused(_) | State::Ended(_) => false,
        }
    }

    /// The settings of a response.
    pub(super) fn response(&self) -> ResponseSettings {
        self.response
    }

    /// Disables collecting audio, for a turn whose answer is out of reach.
    pub(crate) fn without_audio(mut self) -> Self {
        self.keeps_audio = false;
        self
    }

    /// Polls for the next event.
    pub(super) fn poll_event(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<TurnEvent>>> {
        if matches!(&self.state, State::Running(engine) if engine.is_inherited()) {
            self.partial().to_owned().clone_into(&mut self.answer.reply);
            let error = self.unread(ErrorKind::Forked, FORKED);
            self.state = State::Ended(Err(error.clone()));
            return Poll::Ready(Some(Err(error)));
        }
        self.poll_another(task)
    }

    /// Polls for another event in the same poll of the reader, during which no fork changes the process.
    pub(super) fn poll_another(
        &mut self,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<TurnEvent>>> {
        let engine = match &mut self.state {
            State::Running(engine) => engine.get_mut(),
            State::Refused(error) => {
                let error = error.clone();
                self.state = State::Ended(Err(error.clone()));
                return Poll::Ready(Some(Err(error)));
            }
            State::Ended(_) => return Poll::Ready(None),
        };
        let Some(engine) = engine else { return Poll::Ready(None) };
        let event = ready!(engine.poll_event(task));
        match &event {
            Some(Ok(TurnEvent::Content { .. })) => {}
            Some(Ok(TurnEvent::Audio { .. })) if !self.keeps_audio => {}
            Some(Ok(event)) => {
                self.answer.add(event);
                if matches!(event, TurnEvent::Done { .. }) {
                    self.answer.reply = engine.take_text();
                    self.finish_reason = engine.take_finish_reason();
                    self.state = State::Ended(Ok(()));
                }
            }
            Some(Err(error)) => {
                self.answer.reply = engine.take_text();
                self.state = State::Ended(Err(error.clone()));
            }
            None => self.state = State::Ended(Ok(())),
        }
        Poll::Ready(event)
    }

    /// Moves the turn out of a wrapper that implements `Drop`, and leaves an ended turn behind.
    pub(crate) fn take(&mut self) -> Turn {
        Turn {
            state: std::mem::replace(&mut self.state, State::Ended(Ok(()))),
            ids: self.ids.clone(),
            stopper: self.stopper.clone(),
            recorder: self.recorder.clone(),
            answer: std::mem::take(&mut self.answer),
            finish_reason: self.finish_reason.take(),
            ..*self
        }
    }

    /// Detaches the engine from its reader.
    fn leave(&mut self, ended: Result<()>) {
        let left = std::mem::replace(&mut self.state, State::Ended(ended));
        if let State::Running(mut engine) = left
            && let Some(engine) = engine.take()
        {
            engine.left();
        }
    }

    fn unread(&self, kind: ErrorKind, why: &str) -> Error {
        let error = Error::new(kind, "turn.read", why);
        match self.partial() {
            "" => error,
            text => error.with_partial(text),
        }
    }
}

impl Stream for Turn {
    type Item = Result<TurnEvent>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(task)
    }
}

impl FusedStream for Turn {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.leave(Ok(()));
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("id", &self.id())
            .field("ended", &self.is_terminated())
            .finish_non_exhaustive()
    }
}
