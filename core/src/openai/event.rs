//! What one event of a stream comes to.

use serde_json::Value;

use super::accumulate::Accumulator;
use super::chunk_reader::{ChunkReader, Read};
use super::gather::Gather;
use super::unreadable::Unreadable;
use crate::Result;
use crate::http::Context;

/// What a piece of the stream comes to.
pub(super) enum Step<'a> {
    /// A chunk, and its JSON.
    Chunk(Read<'a>, &'a str),
    /// Nothing, but the line is alive.
    Nothing,
    /// The service's word that the stream is complete.
    Done,
}

/// Reads one event.
pub(super) fn read_event<'a>(
    reader: &mut ChunkReader,
    context: &Context,
    event: &str,
    data: &'a str,
) -> Result<Step<'a>> {
    if event == "error" {
        return Err(error_event(context, data));
    }
    // The hot path hands over JSON that is neither padded nor empty.
    if !data.starts_with('{') {
        match data.trim() {
            "[DONE]" => return Ok(Step::Done),
            "" => return Ok(Step::Nothing),
            _ => {}
        }
    }
    let read = reader.read(data);
    read.map(|read| Step::Chunk(read, data))
        .map_err(|e| e.into_error(context, "chunk", data.as_bytes()))
}

/// What a step has come to.
pub(super) enum Taken {
    /// A chunk has been handed on; `content` if it adds anything to a reply.
    Chunk {
        content: bool,
    },
    Nothing,
    Done,
}

/// Adds a step's chunk to the whole, and hands it on.
pub(super) fn take_in(step: Step<'_>, whole: &mut Accumulator, chunks: &mut impl Gather) -> Taken {
    match step {
        Step::Chunk(Read::Filling(shape, filling), json) => {
            whole.add_text(filling.text);
            chunks.filling(&shape, filling, json);
            Taken::Chunk { content: !filling.text.is_empty() }
        }
        Step::Chunk(Read::Chunk(chunk), _) => {
            whole.add(&chunk, &mut ());
            let content = chunk.has_content();
            chunks.chunk(chunk);
            Taken::Chunk { content }
        }
        Step::Nothing => Taken::Nothing,
        Step::Done => Taken::Done,
    }
}

/// The error that an event of type `error` reports, whatever its data is.
fn error_event(context: &Context, data: &str) -> crate::Error {
    let error = match serde_json::from_str::<Value>(data) {
        Ok(mut error) => match error.get_mut("error").map(Value::take) {
            Some(inner) if !inner.is_null() => inner,
            _ => error,
        },
        Err(_) if data.trim().is_empty() => Value::from("the service gave no reason"),
        Err(_) => Value::from(data),
    };
    Unreadable::Error(error).into_error(context, "chunk", data.as_bytes())
}
