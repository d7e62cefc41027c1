//! A reply as it grows: chunks go in as JSON, and their changes come out as JSON.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi_derive::napi;
use turnwire::bridge;

use crate::json::{self, thrown};

/// A reply as it grows. `turnwire::bridge::Progress` in core describes the format of its changes.
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

    /// Adds a chunk, and returns its changes.
    #[napi]
    pub fn add(&self, chunk: String) -> napi::Result<String> {
        self.lock().add(&chunk).map_err(|error| thrown(&error))
    }

    /// The reply so far.
    #[napi]
    pub fn reply(&self) -> napi::Result<String> {
        json::accumulated(self.lock().reply())
            .map_err(|error| napi::Error::from_reason(error.to_string()))
    }

    fn lock(&self) -> MutexGuard<'_, bridge::Progress> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
