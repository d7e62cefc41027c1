//! Interpretation of one event of a stream.

use serde_json::Value;

use super::accumulate::Accumulator;
use super::budget::{self, Budgeted};
use super::chunk::ChatChunk;
use super::chunk_reader::{ChunkReader, Read};
use super::filling::Filling;
use super::gather::Gather;
use super::span::{LiteralBuffer, with_buffer};
use super::unreadable::{Unreadable, reported_error};
use crate::error::{Error, ErrorKind, Result};
use crate::error::{names_an_error, reports_error};
use crate::http::Context;
use crate::json::repaired;
use crate::sse::{Decoder, EventTooLarge, Frame, STRAY, decode_text, line_end};

/// The type of an event without a type.
const MESSAGE: &str = "message";

/// The result of reading one event.
enum Step<'a> {
    Chunk(Read<'a>),
    /// No data, but a sign that the connection is alive.
    Nothing,
    /// The service's marker for the end of the stream.
    Done,
    /// An error that the service reports, and the text that accompanies it.
    Reported(Error, String),
}

/// Reads the next event or comment of the input, adds its chunk to the reply, and passes it on. `None` when more input is
/// needed.
///
/// # Errors
///
/// The error that the service reports, or that of data that cannot be read.
pub(super) fn apply_next(
    decoder: &mut Decoder,
    input: &mut &[u8],
    reader: &mut ChunkReader,
    context: &Context,
    whole: &mut Accumulator,
    chunks: &mut impl Gather,
) -> Result<Option<StepResult>> {
    with_buffer(|literals| {
        // The usual chunk ends where its shape does: no search for the end of its line, and only its literals are decoded.
        let known = decoder.whole_event(input, |data| reader.length_of_known(data, literals));
        if known.is_some()
            && let Some(filling) = reader.filling(literals)
        {
            return Ok(Some(apply_filling(filling, whole, chunks)));
        }
        let step = read_other(known, decoder, input, reader, literals, context)?;
        step.map(|step| apply_step(step, whole, chunks)).transpose()
    })
}

/// Reads an event that is not the usual chunk, or a comment; `known` is its data if that is known. It is cold, as is what
/// follows it: the code of the usual chunk stays together, and is all that such a chunk fetches.
#[cold]
fn read_other<'a>(
    known: Option<&[u8]>,
    decoder: &mut Decoder,
    input: &mut &[u8],
    reader: &'a mut ChunkReader,
    literals: &'a mut LiteralBuffer,
    context: &Context,
) -> Result<Option<Step<'a>>> {
    if let Some(data) = known.or_else(|| decoder.whole_event(input, line_end)) {
        return read_event(reader, literals, context, MESSAGE, &decode_text(data)).map(Some);
    }
    Ok(match decoder.decode(input).map_err(|e| too_large(context, e))? {
        None => None,
        Some(Frame::Comment(_)) => Some(Step::Nothing),
        Some(Frame::Event(event)) => {
            Some(read_event(reader, literals, context, &event.event, &event.data)?)
        }
    })
}

fn too_large(context: &Context, e: EventTooLarge) -> Error {
    context.error(ErrorKind::TooLarge, format!("{e}, the limit `event`")).with_source(e)
}

/// Reads one event, adds its chunk to the reply, and passes it on.
///
/// # Errors
///
/// The error that the service reports, or that of data that cannot be read.
pub(super) fn apply_event(
    reader: &mut ChunkReader,
    context: &Context,
    event: &str,
    data: &str,
    whole: &mut Accumulator,
    chunks: &mut impl Gather,
) -> Result<StepResult> {
    with_buffer(|literals| {
        let step = read_event(reader, literals, context, event, data)?;
        apply_step(step, whole, chunks)
    })
}

/// Reads one event.
fn read_event<'a>(
    reader: &'a mut ChunkReader,
    literals: &'a mut LiteralBuffer,
    context: &Context,
    event: &str,
    data: &str,
) -> Result<Step<'a>> {
    if event != MESSAGE {
        if event == STRAY {
            // Data that is not an event may resemble JSON: a line of a log, for example.
            let reported = reported_error(data).map(|reported| context.api_error(&reported));
            return Ok(reported.map_or(Step::Nothing, |error| Step::Reported(error, String::new())));
        }
        if names_an_error(event) {
            return Ok(Step::Reported(error_event(context, data), String::new()));
        }
    }
    // On the hot path the JSON is neither padded nor empty.
    if !data.starts_with('{') {
        match data.trim() {
            "[DONE]" | "\"[DONE]\"" => return Ok(Step::Done),
            "" | "null" => return Ok(Step::Nothing),
            // An event of another type, such as a ping with its time, is not a damaged chunk.
            text if event != MESSAGE && !text.starts_with(['{', '[']) => return Ok(Step::Nothing),
            _ => {}
        }
    }
    match reader.read(data, literals) {
        Ok(read) => Ok(Step::Chunk(read)),
        Err(Unreadable::Reported(reported, _))
            if event != MESSAGE && is_progress(event, &reported) =>
        {
            Ok(Step::Nothing)
        }
        Err(Unreadable::Reported(reported, text)) => {
            Ok(Step::Reported(context.api_error(&reported), text))
        }
        Err(why) => Err(why.into_error(context, "chunk", data)),
    }
}

/// The result of one step.
pub(super) enum StepResult {
    /// A chunk has been passed on; `content` is true if it adds anything to a reply.
    Chunk {
        content: bool,
    },
    Nothing,
    Done,
}

/// Adds a step's chunk to the reply, and passes it on.
///
/// # Errors
///
/// The error that the service reports.
#[cold]
fn apply_step(
    step: Step<'_>,
    whole: &mut Accumulator,
    chunks: &mut impl Gather,
) -> Result<StepResult> {
    match step {
        Step::Chunk(Read::Filling(filling)) => Ok(apply_filling(filling, whole, chunks)),
        Step::Chunk(Read::Chunk(chunk)) => Ok(apply_chunk(chunk, whole, chunks)),
        Step::Nothing => Ok(StepResult::Nothing),
        Step::Done => Ok(StepResult::Done),
        Step::Reported(error, text) => {
            whole.add_beside(&text);
            Err(error)
        }
    }
}

/// Adds a chunk to the reply, and passes it on.
pub(super) fn apply_chunk(
    chunk: ChatChunk,
    whole: &mut Accumulator,
    chunks: &mut impl Gather,
) -> StepResult {
    whole.add(&chunk, &mut ());
    let content = chunk.fields().has_content();
    chunks.chunk(chunk);
    StepResult::Chunk { content }
}

fn apply_filling(
    filling: Filling<'_>,
    whole: &mut Accumulator,
    chunks: &mut impl Gather,
) -> StepResult {
    let content = filling.has_content();
    whole.add_filling(&filling);
    chunks.filling(filling);
    StepResult::Chunk { content }
}

/// Returns true if an event's type shows that it reports progress: a message alone is an error only in an event without
/// a type.
fn is_progress(event: &str, reported: &Value) -> bool {
    let Value::Object(reported) = reported else { return false };
    let mut typed = reported.clone();
    typed.entry("event").or_insert_with(|| event.into());
    !reports_error(&Value::Object(typed))
}

/// The error reported by an event of type `error`, whatever its data.
fn error_event(context: &Context, data: &str) -> Error {
    let json = repaired(data);
    let reported = match budget::within(json.len(), || serde_json::from_str(&json)) {
        Ok(Budgeted(reported)) => reported,
        Err(_) if data.trim().is_empty() => Value::Null,
        Err(_) => Value::from(data),
    };
    let says_nothing = matches!(&reported, Value::Null | Value::Bool(_))
        || reported.as_object().is_some_and(serde_json::Map::is_empty);
    context.api_error(&match says_nothing {
        true => Value::from("the service reported an error and gave no reason"),
        false => reported,
    })
}

/// Returns true if the connection or damaged data caused the error, not the service or the caller.
pub(super) fn is_transport_error(error: &Error) -> bool {
    use ErrorKind::*;
    matches!(error.kind(), Connection | Truncated | IdleTimeout | ContentTimeout | Garbled | Decode)
}
