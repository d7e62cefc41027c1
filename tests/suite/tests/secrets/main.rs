//! Secrets of every shape, in every encoding and at every place of an answer: none appears in errors, `Debug`, logs,
//! files, or the events for a browser.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod browser;
mod chat;
mod encoding;
mod outbox;
mod place;
mod service;
mod settings;
mod speech;
mod store;

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::Subscriber;
use turnwire::Error;

/// Secrets in common shapes.
const SHAPES: [&str; 5] = [
    "sk-proj-4fQ0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
    "p@ss/w:rd=",
    "비밀번호-é-😀",
    "sk-secret",
];

/// The two most different ones, for tests in which all would only take longer.
const TOKENS: [&str; 2] = [SHAPES[1], SHAPES[2]];

/// Everything that an error shows through its methods.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error}\n{error:#}\n{error:?}\n{error:#?}\n{}\n", error.message());
    let _ = writeln!(shown, "{:?} {:?} {:?}", error.body(), error.request_id(), error.api());
    if let Some(headers) = error.headers() {
        for (name, value) in headers {
            let _ = writeln!(shown, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        }
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = writeln!(shown, "{cause} {cause:?} {cause:#?}");
        source = cause.source();
    }
    shown
}

/// Asserts that `found` contains none of the forms, in any case.
fn assert_hidden(found: &str, forms: &[&str], place: &str) {
    let lower = found.to_lowercase();
    for form in forms {
        assert!(!lower.contains(&form.to_lowercase()), "{place}: {form} shows in: {found}");
    }
}

/// A recorded log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let writer = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_writer(move || writer.clone())
            .finish()
    }

    /// Takes the log lines since the last call.
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
