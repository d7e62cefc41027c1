//! Responses as the store wraps them: `{"success", "message", "data"}`.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::{Context, HttpClient, Response};
use crate::{Error, ErrorKind, Result, json};

/// A response that was a success, with its data.
pub(super) struct Answer<T> {
    pub(super) data: Option<T>,
    pub(super) headers: HeaderMap,
}

#[derive(Deserialize)]
struct Wrapped<T> {
    success: Option<bool>,
    message: Option<String>,
    #[serde(bound(deserialize = "T: Deserialize<'de>"))]
    data: Option<T>,
}

/// Reads a response. One without a body has no data.
pub(super) async fn read<T: DeserializeOwned>(
    http: &HttpClient,
    response: Response,
) -> Result<Answer<T>> {
    let Response { status, headers, body } = response;
    let context = body.context().clone();
    let body = body.collect(http.limits().reply).await?;
    if status == StatusCode::NO_CONTENT || body.trim_ascii().is_empty() {
        return Ok(Answer { data: None, headers });
    }
    let wrapped: Wrapped<T> = json::from_str(&String::from_utf8_lossy(&body))
        .map_err(|e| unreadable(&context, &body, e))?;
    if wrapped.success == Some(false) {
        let message = wrapped.message.unwrap_or_else(|| "the store gives no reason".into());
        return Err(context.error(ErrorKind::Api, message));
    }
    Ok(Answer { data: wrapped.data, headers })
}

fn unreadable(context: &Context, body: &[u8], error: serde_json::Error) -> Error {
    let excerpt = context.excerpt(body);
    let (kind, why) = match body.trim_ascii_start().first() {
        Some(b'<') => (ErrorKind::UnexpectedReply, format!("a page came: {excerpt}")),
        _ => (ErrorKind::Decode, format!("this is no answer of a chat store: {error}: {excerpt}")),
    };
    // The error itself would quote what came, and with it a token that the store echoes: its text is in the message.
    context.error(kind, why)
}
