//! A call under way: what it has to give is taken when it is there, and its reader is woken when it is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use turnwire::bridge::{self, Answer, Batch, Body, Chunks, List, OpenStream, Pull, Taken, Waiting};
use turnwire::{Bytes, Error};

use crate::json;
use crate::waker::Waker;

/// A call under way. When JavaScript lets go of it, unread or not, its connection closes.
#[napi]
pub struct Call {
    inner: Mutex<Inner>,
}

struct Inner {
    stage: Stage,
    /// Why it ended, if it failed.
    failed: Option<Error>,
}

enum Stage {
    /// Until it is answered.
    Asked(bridge::Call),
    /// A stream that has begun, until it is known as what it is read.
    Opened(OpenStream),
    /// The chunks, and those that were pulled but not taken.
    Chunks(Chunks, Batch),
    /// The body as it comes.
    Body(Pull<List<Bytes>>),
    /// Nothing more.
    Over,
}

#[napi]
impl Call {
    /// Takes what is there, as JSON; `null` when there is nothing yet.
    ///
    /// A list holds chunks, and lists for chunks of the same shape: the shape as a chunk with some text, whether it
    /// has padding, then the text of each chunk, followed by its padding if it has any. Else it is an object: `{head}`
    /// of a stream that begins, `{head, text}` of a whole reply, `{end}` of a stream that ended well, or `{error}`.
    ///
    /// A stream's chunks are read from its head on, unless `hold` is set: then from the next call on.
    #[napi]
    pub fn take(&self, hold: Option<bool>) -> Option<String> {
        let Inner { stage, failed } = &mut *self.lock();
        if let Err(error) = stage.read_chunks() {
            return Some(fail(failed, error));
        }
        match stage {
            Stage::Asked(call) => {
                let answer = match call.take_answer() {
                    Taken::Items(answer) => answer,
                    nothing => return text(nothing, failed, |_| None),
                };
                let Answer { head, body } = answer;
                match body {
                    Body::Chunks(stream) => {
                        *stage = Stage::Opened(stream);
                        if hold != Some(true)
                            && let Err(error) = stage.read_chunks()
                        {
                            return Some(fail(failed, error));
                        }
                        Some(json::head(head.as_ref()))
                    }
                    Body::Json(text) => Some(json::whole(head.as_ref(), &text)),
                    // No call of this client is answered so.
                    _ => Some(json::end()),
                }
            }
            Stage::Chunks(chunks, pulled) => json::batch(pulled).or_else(|| {
                text(chunks.pull().take(), failed, |items| {
                    *pulled = items;
                    json::batch(pulled)
                })
            }),
            Stage::Opened(_) | Stage::Body(_) | Stage::Over => Some(json::end()),
        }
    }

    /// Takes the bytes of a stream's body that are there; `null` when there are none yet. A text is JSON: `{end}` or
    /// `{error}`. It is for a stream whose chunks are not read.
    #[napi]
    pub fn take_bytes(&self) -> Option<Either<Buffer, String>> {
        let Inner { stage, failed } = &mut *self.lock();
        if let Stage::Opened(_) = stage
            && let Stage::Opened(stream) = std::mem::replace(stage, Stage::Over)
        {
            match stream.bytes() {
                Ok(pull) => *stage = Stage::Body(pull),
                Err(error) => return Some(Either::B(fail(failed, error))),
            }
        }
        let Stage::Body(pull) = stage else { return Some(Either::B(json::end())) };
        match pull.take() {
            Taken::Items(pieces) => Some(Either::A(pieces.concat().into())),
            nothing => text(nothing, failed, |_| None).map(Either::B),
        }
    }

    /// Wakes JavaScript with this id, once, when there is something to take.
    #[napi]
    pub fn wait(&self, waker: &Waker, id: u32) {
        let wake = waker.for_call(id);
        match self.lock().stage.waiting() {
            Some(pull) => pull.wake(Box::new(wake)),
            None => wake(),
        }
    }

    /// Ends the call now and closes its connection.
    #[napi]
    pub fn cancel(&self) {
        let stage = &mut self.lock().stage;
        match stage.waiting() {
            Some(pull) => pull.cancel(),
            None => *stage = Stage::Over,
        }
    }

    /// The wait in milliseconds before this failed call is made again, after so many retries; `null` to give
    /// up.
    #[napi]
    pub fn wait_before_retry(&self, retries: u32, options: RetryOptions) -> Option<f64> {
        let RetryOptions { max_retries, retry_timeouts } = options;
        let inner = self.lock();
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
    /// True if a time limit is retried, too.
    pub retry_timeouts: bool,
}

impl Call {
    pub(crate) fn new(call: bridge::Call) -> Self {
        Call { inner: Mutex::new(Inner { stage: Stage::Asked(call), failed: None }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A stage is replaced whole or not at all, so a poisoned one is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage {
    /// The pull that is waited on now, if there is one.
    fn waiting(&self) -> Option<&dyn Waiting> {
        match self {
            Stage::Asked(pull) => Some(pull),
            Stage::Chunks(chunks, _) => Some(chunks.pull()),
            Stage::Body(pull) => Some(pull),
            Stage::Opened(_) | Stage::Over => None,
        }
    }

    /// Begins to read the chunks of a stream that has begun.
    fn read_chunks(&mut self) -> turnwire::Result<()> {
        if let Stage::Opened(_) = self
            && let Stage::Opened(stream) = std::mem::replace(self, Stage::Over)
        {
            *self = Stage::Chunks(stream.chunks()?, Batch::default());
        }
        Ok(())
    }
}

fn text<I>(
    taken: Taken<I>,
    failed: &mut Option<Error>,
    items: impl FnOnce(I) -> Option<String>,
) -> Option<String> {
    match taken {
        Taken::Items(found) => items(found),
        Taken::Nothing => None,
        Taken::End => Some(json::end()),
        Taken::Failed(error) => Some(fail(failed, error)),
    }
}

fn fail(failed: &mut Option<Error>, error: Error) -> String {
    let text = json::error(&error);
    *failed = Some(error);
    text
}
