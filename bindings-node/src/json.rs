//! What crosses to JavaScript, as JSON text: one string is far cheaper than the objects it stands for.

use std::sync::Arc;

use serde_json::{Value, json};
use turnwire::bridge::{Batch, Piece, Shape};
use turnwire::chat::ModelList;
use turnwire::error::ApiError;
use turnwire::{ChatReply, ChatStream, Error, HeaderMap};

/// The most bytes of a batch, or one chunk: what JavaScript makes of it fits into its youngest memory.
const MOST: usize = 32 * 1024;

/// A batch of chunks as one list; `None` when there are none. Chunks of one shape that follow each other are a list
/// in it: the shape, whether its chunks have padding, and then what is new in each.
pub(crate) fn batch(chunks: &mut Batch) -> Option<String> {
    if chunks.len() == 1 {
        // A slow stream: on its own, a chunk is shorter than its shape and what is new in it.
        return chunks.take_first().map(|piece| format!("[{}]", piece.json()));
    }
    let mut text = String::new();
    let mut run: Option<Arc<Shape>> = None;
    while text.len() < MOST
        && let Some(piece) = chunks.take_first()
    {
        match piece {
            Piece::Filling(shape, filling) => {
                if !run.as_ref().is_some_and(|run| Arc::ptr_eq(run, shape)) {
                    begin(&mut text, run.replace(shape.clone()));
                    text.push('[');
                    text.push_str(shape.json());
                    text.push_str(if filling.padding.is_some() { ",true" } else { ",false" });
                }
                for literal in [Some(filling.text), filling.padding].into_iter().flatten() {
                    text.push_str(",\"");
                    text.push_str(literal);
                    text.push('"');
                }
            }
            Piece::Chunk(chunk) => {
                begin(&mut text, run.take());
                text.push_str(chunk.raw());
            }
        }
    }
    if text.is_empty() {
        return None;
    }
    if run.is_some() {
        text.push(']');
    }
    text.push(']');
    Some(text)
}

/// Begins the list, or its next item, after the run that came before if one did.
fn begin(text: &mut String, run: Option<Arc<Shape>>) {
    if run.is_some() {
        text.push(']');
    }
    text.push(if text.is_empty() { '[' } else { ',' });
}

/// The head of a stream's response.
pub(crate) fn head(stream: &ChatStream) -> String {
    json!({ "head": head_of(stream.status(), stream.url(), stream.headers()) }).to_string()
}

/// A whole reply as it came, with its headers.
pub(crate) fn reply(reply: &ChatReply) -> String {
    let head = head_of(reply.status(), reply.url(), reply.headers());
    whole(&head, reply.raw().unwrap_or("null"))
}

/// The reply that core put together from a stream.
pub(crate) fn accumulated(reply: &ChatReply) -> serde_json::Result<String> {
    serde_json::to_string(reply)
}

/// A list of models as it came, with its headers.
pub(crate) fn models(list: &ModelList) -> String {
    whole(&head_of(list.status(), list.url(), list.headers()), list.raw())
}

/// That a stream has ended well.
pub(crate) fn end() -> String {
    r#"{"end":true}"#.to_owned()
}

/// An error with all that it tells.
pub(crate) fn error(error: &Error) -> String {
    json!({ "error": {
        "code": error.code(),
        "operation": error.operation(),
        "line": error.to_string(),
        "message": error.message(),
        "status": error.status(),
        "headers": error.headers().map(pairs),
        "requestId": error.request_id(),
        "retryable": error.is_retryable(),
        "retryAfterMs": error.retry_after().map(|wait| wait.as_secs_f64() * 1e3),
        "attempts": error.attempts(),
        "partial": error.partial(),
        "api": error.api().map(ApiError::fields),
        "body": error.body(),
    } })
    .to_string()
}

/// An error to be thrown: JavaScript reads the JSON in its message.
pub(crate) fn thrown(cause: &Error) -> napi::Error {
    napi::Error::from_reason(error(cause))
}

/// The head of a response, and its body as the text that came: it is read by whoever wants it read.
fn whole(head: &Value, body: &str) -> String {
    format!(r#"{{"head":{head},"text":{}}}"#, Value::from(body))
}

fn head_of(status: u16, url: Option<&str>, headers: &HeaderMap) -> Value {
    json!({ "status": status, "url": url, "headers": pairs(headers) })
}

fn pairs(headers: &HeaderMap) -> Value {
    headers.iter().map(|(name, value)| json!([name.as_str(), latin1(value.as_bytes())])).collect()
}

/// Header values are bytes; `Headers` in JavaScript takes them as Latin-1.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
