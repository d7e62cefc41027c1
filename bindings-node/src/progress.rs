//! A reply as it grows: chunks go in as JSON, and what they change comes out as JSON.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi_derive::napi;
use turnwire::bridge;

use crate::json::{self, thrown};

/// A reply as it grows. The format of what it gives is described in core, at `turnwire::bridge::Progress`.
#[napi]
#[derive(Default)]
pub struct Progress {
    inner: Mutex<bridge::Progress>,
}

#[napi]
impl Progress {
    /// A reply that has not begun.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a chunk, and gives what it changes.
    #[napi]
    pub fn add(&self, chunk: String) -> napi::Result<String> {
        self.lock().add(&chunk).map_err(|error| thrown(&error))
    }

    /// The reply as far as it has come.
    #[napi]
    pub fn reply(&self) -> napi::Result<String> {
        json::accumulated(self.lock().reply())
            .map_err(|error| napi::Error::from_reason(error.to_string()))
    }

    fn lock(&self) -> MutexGuard<'_, bridge::Progress> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
