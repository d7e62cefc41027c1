//! A whole reply, as the service answers it.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::http::Context;
use crate::{Error, ErrorKind, Result, TurnEvent, event, json};

/// A whole reply of the chat service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatAnswer {
    /// The reply's text.
    pub reply: String,
    /// The workspace of the turn, if the service told.
    pub workspace_id: Option<String>,
    /// The reply spoken, MP3, if that was asked for.
    pub audio: Option<Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    reply: Option<String>,
    workspace_id: Option<Value>,
    audio_base64: Option<String>,
    error: Option<Value>,
}

impl ChatAnswer {
    /// Reads the body of an answer.
    pub(super) fn read(context: &Context, body: &[u8]) -> Result<Self> {
        let fields: Fields = fields(context, body)?;
        if let Some(error) = fields.error.filter(|error| !error.is_null()) {
            return Err(context.api_error(&error));
        }
        let lacks = || unreadable(context, "it has no reply", body);
        let workspace_id = match fields.workspace_id {
            Some(Value::String(id)) => Some(id).filter(|id| !id.is_empty()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        let audio = fields.audio_base64.filter(|audio| !audio.is_empty());
        let audio = audio.map(|audio| sound(context, &audio)).transpose()?;
        Ok(ChatAnswer { reply: fields.reply.ok_or_else(lacks)?, workspace_id, audio })
    }

    /// The answer as the events that a stream would have been.
    pub(super) fn into_events(self) -> impl Iterator<Item = TurnEvent> {
        let ChatAnswer { reply, workspace_id, audio } = self;
        let text = reply.clone();
        let workspace = workspace_id.map(|workspace_id| TurnEvent::Workspace { workspace_id });
        let content = Some(reply).filter(|reply| !reply.is_empty());
        let content = content.map(|content| TurnEvent::Content { content });
        let audio = audio.map(|audio| TurnEvent::Audio {
            seq: 0,
            mime: event::MP3.to_owned(),
            audio,
            text,
        });
        workspace.into_iter().chain(content).chain(audio).chain([TurnEvent::done()])
    }
}

/// Reads the body of an answer that is speech alone.
pub(super) fn read_speech(context: &Context, body: &[u8]) -> Result<Bytes> {
    let fields: Fields = fields(context, body)?;
    if let Some(error) = fields.error.filter(|error| !error.is_null()) {
        return Err(context.api_error(&error));
    }
    let lacks = || unreadable(context, "it has no audioBase64", body);
    sound(context, &fields.audio_base64.ok_or_else(lacks)?)
}

fn sound(context: &Context, base64: &str) -> Result<Bytes> {
    event::audio(base64).map_err(|why| context.error(ErrorKind::Decode, why))
}

fn fields(context: &Context, body: &[u8]) -> Result<Fields> {
    if body.trim_ascii_start().first() == Some(&b'<') {
        let why = format!("a page came in place of an answer: {}", context.excerpt(body));
        return Err(context.error(ErrorKind::UnexpectedReply, why));
    }
    json::from_str(&String::from_utf8_lossy(body))
        .map_err(|error| unreadable(context, &error.to_string(), body))
}

fn unreadable(context: &Context, why: &str, body: &[u8]) -> Error {
    let why = format!("this is no answer of a chat service: {why}: {}", context.excerpt(body));
    context.error(ErrorKind::Decode, why)
}
