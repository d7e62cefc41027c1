//! Parses a whole reply of the service.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use crate::error::is_filled;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{ChatAnswer, TurnEvent};
use crate::http::Context;
use crate::json::Fields;
use crate::{event, json};

/// The fields of a response.
const FIELDS: [&str; 4] = ["reply", "workspaceId", "audioBase64", "error"];

/// The largest body parsed as an error, in bytes; a larger one is shown by its start.
const LARGEST_ERROR: usize = 64 * 1024;

impl ChatAnswer {
    /// Reads the body of a response.
    pub(super) fn read(context: &Context, body: &[u8]) -> Result<Self> {
        let body = text(context, body)?;
        let fields = fields(context, &body)?;
        let Some(reply) = fields.text("reply") else {
            return Err(unreadable(context, "the field `reply` is missing", &body));
        };
        let audio = fields.text("audioBase64").filter(|audio| !audio.is_empty());
        let audio = audio.and_then(|audio| match event::audio(&audio) {
            Ok(audio) => Some(audio),
            // The reply is complete without its audio.
            Err(why) => {
                tracing::warn!("a chat service's audio is left out: {why}");
                None
            }
        });
        Ok(ChatAnswer { reply, workspace_id: fields.word("workspaceId"), audio, ..Self::default() })
    }

    /// The events of an equivalent stream.
    pub(super) fn into_events(self) -> impl Iterator<Item = TurnEvent> {
        let ChatAnswer { reply, workspace_id, audio, .. } = self;
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

/// Reads the body of a speech response.
pub(super) fn read_speech(context: &Context, body: &[u8]) -> Result<Bytes> {
    let body = text(context, body)?;
    let Some(audio) = fields(context, &body)?.text("audioBase64") else {
        return Err(unreadable(context, "the field `audioBase64` is missing", &body));
    };
    event::audio(&audio).map_err(|why| context.error(ErrorKind::Decode, why))
}

/// Reads the body of a response without a result: none, or the JSON of a service that always sends some.
pub(super) fn read_nothing(context: &Context, body: &[u8]) -> Result<()> {
    let body = text(context, body)?;
    if body.trim().is_empty() {
        return Ok(());
    }
    fields(context, &body).map(drop)
}

fn text<'a>(context: &Context, body: &'a [u8]) -> Result<Cow<'a, str>> {
    if body.trim_ascii_start().first() == Some(&b'<') {
        let why = format!("expected an answer, got an HTML page: {}", context.excerpt(body));
        return Err(context.error(ErrorKind::UnexpectedReply, why));
    }
    Ok(String::from_utf8_lossy(body))
}

/// The fields of a response that is not an error.
fn fields<'a>(context: &Context, body: &'a str) -> Result<Fields<'a, 'static, { FIELDS.len() }>> {
    let fields = Fields::read(body, FIELDS)
        .map_err(|error| unreadable(context, &error.to_string(), body))?;
    let Some(error) = fields.raw("error") else { return Ok(fields) };
    if error.len() > LARGEST_ERROR {
        return Err(context.error(ErrorKind::Api, context.excerpt(error.as_bytes())));
    }
    match json::from_str::<Value>(error) {
        Ok(error) if is_filled(&error) => Err(context.api_error(&error)),
        // Services include the field in every response.
        Ok(_) => Ok(fields),
        Err(error) => Err(unreadable(context, &error.to_string(), body)),
    }
}

fn unreadable(context: &Context, why: &str, body: &str) -> Error {
    let excerpt = context.excerpt(body.as_bytes());
    let why = format!("expected a chat service's answer, got other data ({why}): {excerpt}");
    context.error(ErrorKind::Decode, why)
}
