//! The text of a speech on its way to core.

use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;
use turnwire::bridge::{self, Failure, Feed, HostText, Waiting};

use crate::json::thrown;
use crate::waker::Waker;

/// The text of a speech. When JavaScript drops it, the text ends.
#[napi]
pub struct TextFeed {
    inner: bridge::TextFeed,
}

#[napi]
impl TextFeed {
    /// Appends text. The result is `open`, `full` (wait for room before the next piece) or `closed` (nobody reads it any
    /// more).
    #[napi]
    pub fn push(&self, text: Utf16String) -> napi::Result<&'static str> {
        let feed =
            self.inner.push(HostText::Utf16(text.to_vec())).map_err(|error| thrown(&error))?;
        Ok(match feed {
            Feed::Open => "open",
            Feed::Full => "full",
            Feed::Closed => "closed",
        })
    }

    /// Wakes JavaScript with this id, once, as soon as there is room or nobody reads the text any more.
    #[napi]
    pub fn wake(&self, waker: &Waker, id: u32) {
        self.inner.wake(waker.for_id(id));
    }

    /// Ends the text.
    #[napi]
    pub fn end(&self) {
        self.inner.end();
    }

    /// Ends the text with a failure of its source.
    #[napi]
    pub fn fail(&self, message: String) {
        self.inner.fail(Failure { message, cause: None });
    }
}

impl TextFeed {
    pub(super) fn new(inner: bridge::TextFeed) -> Self {
        TextFeed { inner }
    }
}
