//! The public API of the chat service's client, against the fake service.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod blocking;
mod calls;
mod failure;
mod fallback;
mod flood;
mod refusal;
mod roundtrip;
mod short;
mod stream;
mod tokens;
mod vectors;
mod whole;

use std::time::Duration;

use futures::StreamExt;
use turnwire::config::RetryPolicy;
use turnwire::service::{ChatServiceBuilder, TurnStream};
use turnwire::{ChatService, Error, TurnEvent, TurnRequest};
use turnwire_fakes::{FakeChat, Script};

const WORKSPACE: &str = "ws-1";

/// The settings of a client of the fake, with short retry waits.
fn settings(fake: &FakeChat) -> ChatServiceBuilder {
    settings_at(fake.url())
}

fn settings_at(url: String) -> ChatServiceBuilder {
    let retry = RetryPolicy::new()
        .initial_backoff(Duration::from_millis(5))
        .max_backoff(Duration::from_millis(10));
    ChatService::builder(url)
        .no_proxy()
        .retry(retry)
        .tokens("access-of-the-test", "refresh-of-the-test")
}

/// A fake that knows a workspace, and its client.
async fn service() -> (FakeChat, ChatService) {
    let fake = FakeChat::start().await.unwrap();
    fake.add_workspace(WORKSPACE);
    let service = settings(&fake).build().unwrap();
    (fake, service)
}

fn ask(message: &str) -> TurnRequest {
    TurnRequest::new(message).workspace(WORKSPACE)
}

fn content(text: &str) -> TurnEvent {
    TurnEvent::Content { content: text.to_owned() }
}

/// Result of a stream: its events, and the error that ended it.
struct Read {
    events: Vec<TurnEvent>,
    error: Option<Error>,
}

async fn read(stream: &mut TurnStream) -> Read {
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(stream.next().await.is_none(), "a stream ends with its error");
                return Read { events, error: Some(error) };
            }
        }
    }
    assert!(stream.next().await.is_none(), "a stream stays ended");
    Read { events, error: None }
}

/// Reads a stream from this answer.
async fn read_script(script: Script) -> Read {
    let (fake, service) = service().await;
    fake.fake().script("stream", script);
    match service.stream(ask("안녕")).await {
        Ok(mut stream) => read(&mut stream).await,
        Err(error) => Read { events: Vec::new(), error: Some(error) },
    }
}
