//! The state of a running call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use turnwire::Error;
use turnwire::bridge::{self, Batch, OpenStream, Taken, Waiting};

use crate::handed::Writer;
use crate::json;
use crate::reading::{Reading, Written};
use crate::runs::Runs;

/// The state of a call, which JavaScript's object keeps alive.
pub(crate) struct Running(Mutex<Inner>);

pub(crate) struct Inner {
    pub(crate) stage: Stage,
    /// The error that ended it.
    pub(crate) failed: Option<Error>,
}

pub(crate) enum Stage {
    /// Not answered yet.
    Asked(bridge::Call),
    /// Answered with a stream that is not read yet.
    Opened(OpenStream),
    /// Answered with a stream that is being read.
    Reading(Reading),
    /// Answered with the reply to a request of a page.
    Replied(bridge::WebReply),
    Over,
}

impl Running {
    pub(crate) fn new(stage: Stage) -> Arc<Self> {
        Arc::new(Running(Mutex::new(Inner { stage, failed: None })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A stage is replaced in one step, so a poisoned one is consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over the available items, or the end, as `take()` returns them. After items, JavaScript is woken by `wake` once
    /// there are more. An answer is left to it.
    pub(crate) fn hand_over(
        &self,
        id: u32,
        writer: &mut Writer,
        wake: impl FnOnce() -> Box<dyn FnOnce() + Send>,
    ) {
        let Inner { stage, failed } = &mut *self.lock();
        let Stage::Reading(reading) = stage else { return writer.ready(id) };
        let text = writer.begin(id);
        match reading.take(text) {
            Taken::Items(written) => {
                if let Written::Bytes(bytes) = written {
                    writer.bytes(&bytes);
                }
                return reading.wake(wake());
            }
            Taken::Nothing => return text.push_str("null"),
            Taken::End => text.push_str(&json::end()),
            Taken::Failed(error) => text.push_str(&fail(failed, error)),
        }
        *stage = Stage::Over;
    }
}

impl Stage {
    /// The pull that JavaScript waits on now, if there is one.
    pub(crate) fn waiting(&self) -> Option<&dyn Waiting> {
        match self {
            Stage::Asked(call) => Some(call),
            Stage::Reading(reading) => Some(reading.waiting()),
            Stage::Opened(_) | Stage::Replied(_) | Stage::Over => None,
        }
    }

    /// Starts reading a stream that is not read yet.
    pub(crate) fn read(
        &mut self,
        reading: impl FnOnce(OpenStream) -> turnwire::Result<Reading>,
    ) -> turnwire::Result<()> {
        if let Stage::Opened(_) = self
            && let Stage::Opened(stream) = std::mem::replace(self, Stage::Over)
        {
            *self = Stage::Reading(reading(stream)?);
        }
        Ok(())
    }
}

/// Reads a stream as chunks.
pub(crate) fn chunks(stream: OpenStream) -> turnwire::Result<Reading> {
    Ok(Reading::Chunks(stream.chunks()?, Batch::default(), Runs::default()))
}

/// The JSON of an error that ends a call, which is kept for the decision to retry.
pub(crate) fn fail(failed: &mut Option<Error>, error: Error) -> String {
    let text = json::error(&error);
    *failed = Some(error);
    text
}
