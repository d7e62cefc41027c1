//! The fake services of `turnwire/testing`.

use std::sync::{Mutex, PoisonError};

use napi::Error;
use napi_derive::napi;
use turnwire_fakes::{Fake, FakeStore};

/// A fake service on a thread of its own. When JavaScript drops it, its port and every connection close.
#[napi]
pub struct FakeService {
    /// `None` once it is closed.
    fake: Mutex<Option<Fake>>,
    url: String,
}

#[napi]
impl FakeService {
    /// `kind` is `llm` or `store`.
    #[napi(constructor)]
    pub fn new(kind: String) -> napi::Result<Self> {
        let started = match kind.as_str() {
            "llm" => Fake::spawn_thread(),
            "store" => FakeStore::spawn_thread().map(Fake::from),
            _ => return Err(Error::from_reason("the kind is llm or store")),
        };
        let failed = |error| Error::from_reason(format!("cannot start a fake service: {error}"));
        let fake = started.map_err(failed)?;
        let url = fake.url();
        Ok(FakeService { fake: Mutex::new(Some(fake)), url })
    }

    /// `http://127.0.0.1:PORT`.
    #[napi(getter)]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a control call: the JSON of its answer.
    #[napi]
    pub fn control(&self, method: String, call: String, body: String) -> napi::Result<String> {
        let fake = self.fake.lock().unwrap_or_else(PoisonError::into_inner);
        let fake = fake.as_ref().ok_or_else(|| Error::from_reason("the fake service is closed"))?;
        fake.control(&method, &call, &body).map_err(Error::from_reason)
    }

    /// Closes the port and every connection.
    #[napi]
    pub fn close(&self) {
        self.fake.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
