//! The chat client at its public face, against the scriptable fake service.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod coding;
mod connection;
mod face;
mod failure;
mod floods;
mod h2;
mod limits;
mod retry;
mod stream;
mod telemetry;
mod whole;

use std::time::Duration;

use futures::StreamExt;
use turnwire::chat::OpenAiBuilder;
use turnwire::config::RetryPolicy;
use turnwire::{ChatRequest, ChatStream, Error, OpenAi};
use turnwire_fakes::{Fake, Script};

/// The settings of a client of the fake, with short retry waits.
fn settings(fake: &Fake) -> OpenAiBuilder {
    let retry = RetryPolicy::new()
        .initial_backoff(Duration::from_millis(80))
        .max_backoff(Duration::from_millis(500));
    OpenAi::builder()
        .base_url(fake.base_url())
        .api_key("sk-test-0123456789")
        .no_proxy()
        .retry(retry)
}

fn client(fake: &Fake) -> OpenAi {
    settings(fake).build().unwrap()
}

/// A fake that answers the model `m` with this script, and its client.
async fn scripted(script: Script) -> (Fake, OpenAi) {
    let fake = Fake::start().await.unwrap();
    fake.script("m", script);
    let client = client(&fake);
    (fake, client)
}

fn ask() -> ChatRequest {
    ChatRequest::new("m").user("안녕하세요")
}

/// Result of a stream: its texts, and the error that ended it.
struct Read {
    texts: Vec<String>,
    error: Option<Error>,
}

async fn read(stream: &mut ChatStream) -> Read {
    let mut texts = Vec::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) if chunk.text().is_empty() => {}
            Ok(chunk) => texts.push(chunk.text().to_owned()),
            Err(error) => {
                assert!(stream.next().await.is_none(), "a stream ends with its error");
                return Read { texts, error: Some(error) };
            }
        }
    }
    assert!(stream.next().await.is_none(), "a stream stays ended");
    Read { texts, error: None }
}

/// Streams the reply of a script, to its end.
async fn stream_of(script: Script) -> (Read, ChatStream) {
    let (_fake, client) = scripted(script).await;
    let mut stream = client.chat_stream(ask()).await.unwrap();
    (read(&mut stream).await, stream)
}

/// The error caused by a script, when the stream is opened or while it is read.
async fn error_of(script: Script) -> Error {
    let (_fake, client) = scripted(script).await;
    match client.chat_stream(ask()).await {
        Ok(mut stream) => read(&mut stream).await.error.expect("the stream ended well"),
        Err(error) => error,
    }
}
