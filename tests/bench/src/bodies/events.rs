//! The events of a chat service, written by Python.

use serde_json::json;

use super::json::Writer;
use super::text::Tokens;
use super::{Body, Shape};

pub(super) fn write(body: &mut Body, shape: Shape, chunks: usize, seed: u64) {
    let writer = match shape {
        Shape::EventsEscaped => Writer::PythonAscii,
        _ => Writer::Python,
    };
    let workspace = json!({"type": "workspace", "workspaceId": "665f1c2ab7e4d90012c3a8f1"});
    body.event(writer, &workspace);
    for text in Tokens::mixed(seed).take(chunks) {
        body.chunk(writer, &json!({"type": "content", "content": text}), &text);
    }
    body.event(writer, &json!({"type": "done"}));
}
