//! Audio that a JavaScript function makes.

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use turnwire::Bytes;
use turnwire::bridge;

use super::failure;
use crate::call::Call;
use crate::json::thrown;

/// Writes the audio that answers a question. Dropping it before its end breaks the audio off.
#[napi]
pub struct AudioWriter {
    inner: bridge::AudioWriter,
}

#[napi]
impl AudioWriter {
    /// Writes a piece. The call ends once there is room for it: with true, or with false if nobody listens any more.
    #[napi]
    pub fn write(&self, piece: Uint8Array) -> napi::Result<Call> {
        let call = self.inner.write(Bytes::copy_from_slice(&piece));
        call.map(Call::new).map_err(|error| thrown(&error))
    }

    /// Ends the audio.
    #[napi]
    pub fn end(&self) {
        self.inner.end();
    }

    /// Breaks the audio off, with the exception's message and number.
    #[napi]
    pub fn fail(&self, message: String, raised: u32) {
        self.inner.fail(failure(message, raised));
    }
}

impl AudioWriter {
    pub(super) fn new(inner: bridge::AudioWriter) -> Self {
        AudioWriter { inner }
    }
}
