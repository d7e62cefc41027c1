//! A running call: JavaScript takes its answer and items without waiting, and is woken when there are any.

use std::sync::Arc;

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use turnwire::bridge::{self, Answer, Body, Context, IntoAnswer, OpenStream, Taken, Waiting};

use crate::json::{self, thrown};
use crate::reading::{Piece, Reading, Written};
use crate::running::{Inner, Running, Stage, chunks, fail};
use crate::waker::Waker;

/// A running call. When JavaScript drops it, read or not, its connection closes.
#[napi]
pub struct Call {
    running: Arc<Running>,
}

#[napi]
impl Call {
    /// Takes the answer, as JSON: `{head}` for a stream, `{head, text}` for a value, or `{error}`; complete bytes are a
    /// buffer. If there is none yet, it returns `null`, and wakes JavaScript with this id, once, when there is.
    ///
    /// A stream's chunks are read ahead from here on, unless `hold` is set: then from the first `take()` on.
    #[napi]
    pub fn answer(&self, hold: bool, waker: &Waker, id: u32) -> Option<Either<String, Buffer>> {
        self.answered(hold, waker, id).map(Piece::into)
    }

    /// Reads the body of a stream as bytes, from the next `take()` on, unless its chunks are being read.
    #[napi]
    pub fn read_bytes(&self) -> napi::Result<()> {
        let read = |stream: OpenStream| Ok(Reading::Bytes(stream.bytes()?));
        self.running.lock().stage.read(read).map_err(|error| thrown(&error))
    }

    /// Takes the available items. If there are none yet, it returns `null`, and wakes JavaScript with this id, once, when
    /// there is an item or the end. Bytes are a buffer. Chunks and events are a JSON list; an object ends the stream: `{end}`
    /// or `{error}`.
    ///
    /// Consecutive chunks of one shape are a list in the list: the shape as `{chunk, holes}`, or `null` if it is that of the
    /// list before, and then the literals of each chunk. The chunk is one of the shape; the holes are the paths of the
    /// literals.
    #[napi]
    pub fn take(&self, waker: &Waker, id: u32) -> Option<Either<String, Buffer>> {
        self.taken(waker, id).map(Piece::into)
    }

    /// Ends the call now and closes its connection.
    #[napi]
    pub fn cancel(&self) {
        let stage = &mut self.running.lock().stage;
        if let Some(pull) = stage.waiting() {
            pull.cancel();
        }
        *stage = Stage::Over;
    }

    /// The wait in milliseconds before this failed call is retried, after this number of retries; `null` to give up.
    #[napi]
    pub fn wait_before_retry(&self, retries: u32, options: RetryOptions) -> Option<f64> {
        let RetryOptions { max_retries, retry_timeouts } = options;
        let inner = self.running.lock();
        let error = inner.failed.as_ref()?;
        bridge::wait_before_retry(error, retries, max_retries, retry_timeouts)
            .map(|wait| wait.as_secs_f64() * 1e3)
    }
}

/// The retries of a call: their number, and the failures they follow.
#[napi(object)]
pub struct RetryOptions {
    /// The most retries.
    pub max_retries: u32,
    /// True if time limits are retried as well.
    pub retry_timeouts: bool,
}

impl Call {
    pub(crate) fn new(call: bridge::Call) -> Self {
        Self::at(Stage::Asked(call))
    }

    /// Wraps a call, or throws the error that kept it from starting.
    pub(crate) fn started(call: turnwire::Result<bridge::Call>) -> napi::Result<Self> {
        call.map(Call::new).map_err(|error| thrown(&error))
    }

    /// Starts a call whose questions to functions of JavaScript are asked on behalf of this caller.
    pub(crate) fn asked_by<T: IntoAnswer>(
        caller: Option<&Context>,
        call: impl Future<Output = turnwire::Result<T>> + Send + 'static,
    ) -> napi::Result<Self> {
        let start = || bridge::call(call);
        Call::started(match caller {
            Some(caller) => caller.scope(start),
            None => start(),
        })
    }

    /// A stream that is read from the start.
    pub(crate) fn reading(reading: Reading) -> Self {
        Self::at(Stage::Reading(reading))
    }

    /// The reply to a request of a page, once it is answered; once.
    pub(crate) fn take_reply(&self) -> Option<bridge::WebReply> {
        let stage = &mut self.running.lock().stage;
        match std::mem::replace(stage, Stage::Over) {
            Stage::Replied(reply) => Some(reply),
            other => {
                *stage = other;
                None
            }
        }
    }

    fn answered(&self, hold: bool, waker: &Waker, id: u32) -> Option<Piece> {
        let Inner { stage, failed } = &mut *self.running.lock();
        let Stage::Asked(call) = stage else { return Some(Piece::Text(json::end())) };
        let Answer { head, body } = match call.take_answer() {
            Taken::Items(answer) => answer,
            Taken::Nothing => {
                call.wake(waker.for_call(id, &self.running));
                return None;
            }
            Taken::End => return Some(Piece::Text(json::end())),
            Taken::Failed(error) => return Some(Piece::Text(fail(failed, error))),
        };
        *stage = match body {
            Body::Json(text) => return Some(Piece::Text(json::whole(head.as_ref(), &text))),
            Body::Bytes(bytes) => return Some(Piece::Bytes(bytes.into())),
            Body::Chunks(stream) => Stage::Opened(stream),
            Body::Events(events) => Stage::Reading(Reading::Events(events)),
            Body::Audio(pieces) => Stage::Reading(Reading::Bytes(pieces)),
            Body::Web(reply) => Stage::Replied(reply),
            // Nothing, and kinds that this version does not know.
            _ => return Some(Piece::Text(json::whole(head.as_ref(), "null"))),
        };
        Some(Piece::Text(match if hold { Ok(()) } else { stage.read(chunks) } {
            Ok(()) => json::head(head.as_ref()),
            Err(error) => fail(failed, error),
        }))
    }

    fn taken(&self, waker: &Waker, id: u32) -> Option<Piece> {
        let Inner { stage, failed } = &mut *self.running.lock();
        if let Err(error) = stage.read(chunks) {
            return Some(Piece::Text(fail(failed, error)));
        }
        let Stage::Reading(reading) = stage else { return Some(Piece::Text(json::end())) };
        let mut text = String::new();
        let end = match reading.take(&mut text) {
            Taken::Items(Written::Json) => return Some(Piece::Text(text)),
            Taken::Items(Written::Bytes(bytes)) => return Some(Piece::Bytes(bytes)),
            Taken::Nothing => {
                reading.waiting().wake(waker.for_call(id, &self.running));
                return None;
            }
            Taken::End => json::end(),
            Taken::Failed(error) => fail(failed, error),
        };
        // JavaScript may collect the call much later, and does not know the size of a stream.
        *stage = Stage::Over;
        Some(Piece::Text(end))
    }

    fn at(stage: Stage) -> Self {
        Call { running: Running::new(stage) }
    }
}
