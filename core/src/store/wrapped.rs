//! The store's response envelope: `{"success", "message", "data"}`.

use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Context, HttpClient, Response};
use crate::json;
use crate::json::Fields;

/// A successful response with its data.
pub(super) struct Answer<T> {
    pub(super) data: Option<T>,
    pub(super) headers: HeaderMap,
}

/// The fields of a response.
const FIELDS: [&str; 3] = ["success", "message", "data"];

/// Reads a response. An empty body has no data.
pub(super) async fn read<T: DeserializeOwned>(
    http: &HttpClient,
    response: Response,
) -> Result<Answer<T>> {
    let Response { status, headers, body, .. } = response;
    let context = body.context().clone();
    let body = body.collect(http.limits().reply).await?;
    if status == StatusCode::NO_CONTENT || body.trim_ascii().is_empty() {
        return Ok(Answer { data: None, headers });
    }
    let text = String::from_utf8_lossy(&body);
    let fields = Fields::read(&text, FIELDS).map_err(|e| unreadable(&context, &text, e))?;
    if fields.raw("success") == Some("false") {
        let message = fields.text("message").filter(|message| !message.trim().is_empty());
        let message = message.unwrap_or_else(|| "the store gives no reason".into());
        return Err(context.error(ErrorKind::Api, message));
    }
    let data = fields.raw("data").map(json::from_str).transpose();
    Ok(Answer { data: data.map_err(|e| unreadable(&context, &text, e))?, headers })
}

fn unreadable(context: &Context, body: &str, error: serde_json::Error) -> Error {
    let excerpt = context.excerpt(body.as_bytes());
    let (kind, why) = match body.trim_start().chars().next() {
        Some('<') => {
            (ErrorKind::UnexpectedReply, format!("expected an answer, got an HTML page: {excerpt}"))
        }
        _ => (
            ErrorKind::Decode,
            format!("expected a chat store's answer, got other data ({error}): {excerpt}"),
        ),
    };
    // The serde error would quote the input, and with it a token that the store echoes: its text is in the message.
    context.error(kind, why)
}
