//! Functions of the host as implementations of core's traits: sentiment, token provider, sink, speaker.

use async_trait::async_trait;

use super::host::HostFn;
use crate::credentials::{TokenProvider, TokenRequest, Tokens};
use crate::error::Result;
use crate::outbox::{Outcome, Record, Sink};
use crate::speech::{AudioStream, Speaker, SpeechRequest};
use crate::turn::Sentiment;

/// Maps a message to its label.
pub type HostSentiment = HostFn<String, String>;

/// Maps a user to tokens, if there are any.
pub type HostTokenProvider = HostFn<TokenRequest, Option<Tokens>>;

/// Maps a record to the outcome of its delivery. A failing function is retried like a failing service.
pub type HostSink = HostFn<Record, Outcome>;

/// Maps a text to audio.
pub type HostSpeaker = HostFn<SpeechRequest, AudioStream>;

#[async_trait]
impl Sentiment for HostSentiment {
    async fn label(&self, text: String) -> Result<String> {
        self.ask(text).await
    }
}

#[async_trait]
impl TokenProvider for HostTokenProvider {
    async fn tokens(&self, asked: TokenRequest) -> Result<Option<Tokens>> {
        self.ask(asked).await
    }
}

#[async_trait]
impl Sink for HostSink {
    async fn deliver(&self, record: &Record) -> Outcome {
        self.ask(record.clone())
            .await
            .unwrap_or_else(|error| Outcome::Retry { after: None, reason: error.to_string() })
    }
}

#[async_trait]
impl Speaker for HostSpeaker {
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
        self.ask(request).await
    }
}
