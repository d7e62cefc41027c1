//! Conversions of core's result types to answers.

use std::task::{Poll, ready};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::answer::{Answer, Body, IntoAnswer};
use super::chat::OpenStream;
use super::events::EventSource;
use super::head::Head;
use super::pull::Pull;
use crate::chat::{ChatReply, ChatStream, ModelList};
use crate::error::{Error, ErrorKind, Result};
use crate::event::ChatAnswer;
use crate::http::{self, Response};
#[cfg(feature = "nats")]
use crate::nats::CourierStats;
use crate::outbox::{DeadLetter, FlushReport, PendingRecord, Receipt, Stats};
use crate::process::runtime;
use crate::service::TurnStream;
use crate::speech::AudioStream;
use crate::store::{Session, StoreStats};
use crate::turn::Timeline;

/// Values without a response whose head a host could use.
macro_rules! values {
    ($($kind:ty),+ $(,)?) => {$(
        impl IntoAnswer for $kind {
            fn into_answer(self) -> Result<Answer> {
                value(&self)
            }
        }
    )+};
}

values! {
    bool, u64, String, FlushReport, Receipt, Stats, StoreStats, Timeline, Session, Option<Session>, Vec<DeadLetter>, Vec<PendingRecord>,
}

#[cfg(feature = "nats")]
values! { CourierStats }

/// A value's answer.
pub(super) fn value(value: &impl Serialize) -> Result<Answer> {
    Ok(Answer::new(None, Body::Json(text(value)?)))
}

/// A value's JSON.
pub(super) fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| {
        let why = format!("the result cannot be written as JSON: {error}");
        Error::new(ErrorKind::Decode, "bridge.answer", why)
    })
}

impl IntoAnswer for () {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::new(None, Body::Nothing))
    }
}

impl IntoAnswer for Bytes {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::new(None, Body::Bytes(self)))
    }
}

/// The reply's JSON, unchanged.
impl IntoAnswer for ChatReply {
    fn into_answer(self) -> Result<Answer> {
        let head = Head::new(self.status(), self.url(), self.headers());
        let json = self.into_raw().unwrap_or_else(|| "null".to_owned());
        Ok(Answer::new(Some(head), Body::Json(json)))
    }
}

/// The list's JSON, unchanged.
impl IntoAnswer for ModelList {
    fn into_answer(self) -> Result<Answer> {
        let head = Head::new(self.status(), self.url(), self.headers());
        Ok(Answer::new(Some(head), Body::Json(self.raw().to_owned())))
    }
}

impl IntoAnswer for ChatStream {
    fn into_answer(self) -> Result<Answer> {
        let head = Head::new(self.status(), self.url(), self.headers());
        Ok(Answer::new(Some(head), Body::Chunks(OpenStream::new(self))))
    }
}

/// `{"reply", "workspace_id", "audio_base64", "stopped", "usage"}`.
impl IntoAnswer for ChatAnswer {
    fn into_answer(self) -> Result<Answer> {
        let audio = self.audio.as_deref().map(|audio| BASE64.encode(audio));
        value(&json!({
            "reply": self.reply, "workspace_id": self.workspace_id, "audio_base64": audio, "stopped": self.stopped,
            "usage": self.usage,
        }))
    }
}

/// The headers of its response are those of its head.
impl IntoAnswer for TurnStream {
    fn into_answer(self) -> Result<Answer> {
        let head = Head::new(200, None, self.headers());
        let pull = Pull::new(&runtime()?, EventSource::new(self, None, TurnStream::is_dry));
        Ok(Answer::new(Some(head), Body::Events(pull)))
    }
}

/// A response whose body was read whole.
impl IntoAnswer for (http::Head, Bytes) {
    fn into_answer(self) -> Result<Answer> {
        let (head, body) = self;
        Ok(Answer::new(Some(Head::from(&head)), Body::Bytes(body)))
    }
}

/// A response whose body is read as it arrives.
impl IntoAnswer for Response {
    fn into_answer(self) -> Result<Answer> {
        let Response { status, url, headers, mut body } = self;
        let head = Head::from(&http::Head { status, url: Some(url), headers });
        let pieces = futures_util::stream::poll_fn(move |task| {
            let piece = ready!(body.poll_data(task));
            body.content_came();
            Poll::Ready(piece)
        });
        Ok(Answer::new(Some(head), Body::Audio(Pull::of_stream(pieces)?)))
    }
}

/// The media type is the only header of its head.
impl IntoAnswer for AudioStream {
    fn into_answer(self) -> Result<Answer> {
        let kind = ("content-type".to_owned(), self.content_type().to_owned());
        let head = Head { status: 200, url: None, headers: vec![kind] };
        Ok(Answer::new(Some(head), Body::Audio(Pull::of_stream(self)?)))
    }
}
