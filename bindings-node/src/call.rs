//! A call under way: what it has to give is taken when it is there, and its reader is woken when it is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi_derive::napi;
use turnwire::bridge::{Batch, Chunks, Client, Pull, Taken};
use turnwire::{ChatReply, ChatStream, ModelList};

use crate::json;
use crate::waker::Waker;

/// A call under way. When JavaScript lets go of it, unread or not, its connection closes.
#[napi]
pub struct Call {
    stage: Mutex<Stage>,
}

pub(crate) enum Stage {
    Reply(Pull<Vec<ChatReply>>),
    Models(Pull<Vec<ModelList>>),
    /// A stream until its response begins.
    Opening(Pull<Vec<ChatStream>>),
    /// The chunks, and those that were pulled but not taken.
    Chunks(Chunks, Batch),
}

#[napi]
impl Call {
    /// Takes what is there, as JSON; `null` when there is nothing yet.
    ///
    /// A list holds chunks, and lists for chunks of the same shape: the shape as a chunk with some text, whether it
    /// has padding, then the text of each chunk, followed by its padding if it has any. Else it is an object: `{headers}` of a stream that begins, `{headers, body}` of a
    /// whole reply, `{end}` of a stream that ended well, or `{error}`.
    #[napi]
    pub fn take(&self) -> Option<String> {
        let mut stage = self.lock();
        match &mut *stage {
            Stage::Reply(pull) => text(pull.take(), |replies| replies.first().map(json::reply)),
            Stage::Models(pull) => text(pull.take(), |lists| lists.first().map(json::models)),
            Stage::Chunks(chunks, pulled) => json::batch(pulled).or_else(|| {
                text(chunks.pull().take(), |items| {
                    *pulled = items;
                    json::batch(pulled)
                })
            }),
            Stage::Opening(pull) => {
                let (head, opened) = match pull.take() {
                    Taken::Items(streams) => {
                        let stream = streams.into_iter().next()?;
                        (json::head(&stream), Client::chunks(stream))
                    }
                    nothing => return text(nothing, |_| None),
                };
                match opened {
                    Ok(chunks) => *stage = Stage::Chunks(chunks, Batch::default()),
                    Err(error) => return Some(json::error(&error)),
                }
                Some(head)
            }
        }
    }

    /// Wakes JavaScript with this id, once, when there is something to take.
    #[napi]
    pub fn wait(&self, waker: &Waker, id: u32) {
        let wake = waker.for_call(id);
        match &*self.lock() {
            Stage::Reply(pull) => pull.wake_when_filled(wake),
            Stage::Models(pull) => pull.wake_when_filled(wake),
            Stage::Opening(pull) => pull.wake_when_filled(wake),
            Stage::Chunks(chunks, _) => chunks.pull().wake_when_filled(wake),
        }
    }

    /// Ends the call now and closes its connection.
    #[napi]
    pub fn cancel(&self) {
        match &*self.lock() {
            Stage::Reply(pull) => pull.cancel(),
            Stage::Models(pull) => pull.cancel(),
            Stage::Opening(pull) => pull.cancel(),
            Stage::Chunks(chunks, _) => chunks.pull().cancel(),
        }
    }

    /// The whole reply behind a stream's chunks, as JSON, once the stream has ended well.
    #[napi]
    pub fn reply(&self) -> napi::Result<Option<String>> {
        let stage = self.lock();
        let Stage::Chunks(chunks, _) = &*stage else { return Ok(None) };
        chunks
            .reply()
            .map(json::accumulated)
            .transpose()
            .map_err(|error| napi::Error::from_reason(error.to_string()))
    }
}

impl Call {
    pub(crate) fn new(stage: Stage) -> Self {
        Call { stage: Mutex::new(stage) }
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        // A stage is replaced whole or not at all, so a poisoned one is whole.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text<I>(taken: Taken<I>, items: impl FnOnce(I) -> Option<String>) -> Option<String> {
    match taken {
        Taken::Items(found) => items(found),
        Taken::Nothing => None,
        Taken::End => Some(json::end()),
        Taken::Failed(error) => Some(json::error(&error)),
    }
}
