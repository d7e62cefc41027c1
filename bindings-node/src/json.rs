//! JSON for JavaScript: one string is far cheaper than the equivalent objects.

use std::sync::Arc;

use serde_json::{Value, json};
use turnwire::bridge::{Batch, ErrorFacts, Head, Piece, Shape};
use turnwire::{ChatReply, Error};

/// The most bytes of a batch, or one chunk: the objects that JavaScript builds from it fit into its young generation.
const MOST: usize = 32 * 1024;

/// A batch of chunks as one list; `None` if there are none. Consecutive chunks of one shape are a list in it: the shape,
/// a flag for padding, and then the text of each.
pub(crate) fn batch(chunks: &mut Batch) -> Option<String> {
    if chunks.len() == 1 {
        // A slow stream: a single chunk is shorter than its shape with its text.
        return chunks.take_first().map(|piece| format!("[{}]", piece.json()));
    }
    let mut text = String::new();
    let mut run: Option<Arc<Shape>> = None;
    while text.len() < MOST
        && let Some(piece) = chunks.take_first()
    {
        match piece {
            Piece::Filling(filling)
                if is_of(run.as_ref(), filling.shape()) || is_text(filling.shape()) =>
            {
                let shape = filling.shape();
                if !is_of(run.as_ref(), shape) {
                    begin(&mut text, run.replace(shape.clone()));
                    text.push('[');
                    text.push_str(shape.json());
                    text.push_str(if shape.paths().count() > 1 { ",true" } else { ",false" });
                }
                for literal in filling.literals() {
                    text.push_str(",\"");
                    text.push_str(literal.raw);
                    text.push('"');
                }
            }
            Piece::Filling(filling) => {
                begin(&mut text, run.take());
                text.push_str(&filling.json());
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

fn is_of(run: Option<&Arc<Shape>>, shape: &Arc<Shape>) -> bool {
    run.is_some_and(|run| Arc::ptr_eq(run, shape))
}

/// Returns true if chunks of a shape differ in nothing but their text, and the padding after it.
fn is_text(shape: &Shape) -> bool {
    let mut paths = shape.paths().skip(1);
    shape.content() == Some(0)
        && paths.next().is_none_or(|path| path == r#"["obfuscation"]"#)
        && paths.next().is_none()
}

/// Starts the list, or its next item, and ends a preceding run.
fn begin(text: &mut String, run: Option<Arc<Shape>>) {
    if run.is_some() {
        text.push(']');
    }
    text.push(if text.is_empty() { '[' } else { ',' });
}

/// The head of a stream's response.
pub(crate) fn head(head: Option<&Head>) -> String {
    json!({ "head": head }).to_string()
}

/// The head of a response, and its body as raw text, which is parsed on access.
pub(crate) fn whole(head: Option<&Head>, body: &str) -> String {
    format!(r#"{{"head":{},"text":{}}}"#, json!(head), Value::from(body))
}

/// The reply that core accumulated from a stream.
pub(crate) fn accumulated(reply: &ChatReply) -> serde_json::Result<String> {
    serde_json::to_string(reply)
}

/// The good end of a stream.
pub(crate) fn end() -> String {
    r#"{"end":true}"#.to_owned()
}

/// An error with all its facts.
pub(crate) fn error(error: &Error) -> String {
    format!(r#"{{"error":{}}}"#, ErrorFacts::from(error).to_json())
}

/// An error to be thrown: JavaScript reads the JSON in its message.
pub(crate) fn thrown(cause: &Error) -> napi::Error {
    napi::Error::from_reason(error(cause))
}
