//! The public API of speech: the sentence cutter, the speakers against the fakes, the pipeline.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod cutter;
mod file;
mod google;
mod joined;
mod openai;
mod pipeline;
mod service;

use std::time::Duration;

use turnwire::config::RetryPolicy;
use turnwire::speech::OpenAiSpeaker;
use turnwire::{GoogleTranslateSpeaker, OpenAi};
use turnwire_fakes::Fake;

/// Retries with short waits.
fn hasty() -> RetryPolicy {
    RetryPolicy::new().initial_backoff(Duration::from_millis(5))
}

fn client(fake: &Fake) -> OpenAi {
    let builder = OpenAi::builder().base_url(fake.base_url()).api_key("sk-speech-0123456789");
    builder.no_proxy().retry(hasty()).build().unwrap()
}

/// A speaker whose scripts have the key `voice`.
fn openai(fake: &Fake) -> OpenAiSpeaker {
    OpenAiSpeaker::new(client(fake)).model("voice")
}

fn google(fake: &Fake) -> GoogleTranslateSpeaker {
    GoogleTranslateSpeaker::new("ko").base_url(fake.url()).no_proxy().retry(hasty())
}
