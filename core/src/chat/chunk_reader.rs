//! Parses chunks: the hot path, so it borrows, and stores the fields that all chunks share only once.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::FinishReason;
use super::budget::{self, Budgeted, MOST};
use super::chunk::ChatChunk;
use super::delta::{ChunkChoice, Delta, Head, Parsed};
use super::filling::Filling;
use super::halves::Halves;
use super::prune::repaired;
use super::reply::ChatReply;
use super::shape::Shape;
#[cfg(feature = "bridge")]
use super::span::with_buffer;
use super::span::{LONGEST, LiteralBuffer};
use super::template::Comparison;
use super::unreadable::{Unreadable, reported_error};
use super::wire::{Wire, WireChoice};
#[cfg(feature = "bridge")]
use crate::error::{Error, ErrorKind};

#[cfg(test)]
mod tests;

/// The chunks in a row that may fail to fit the shape of the one before, until shapes are built of two in sixteen alone:
/// these chunks have nothing in common.
const PATIENCE: u32 = 16;

/// Parses the chunks of one stream. Fields that all chunks share are stored once.
#[derive(Debug, Default)]
pub(crate) struct ChunkReader {
    head: Arc<Head>,
    /// The shape of the chunk before; none while a half waits, since its chunk had to be repaired.
    shape: Option<Arc<Shape>>,
    halves: Halves,
    /// The chunks in a row that were parsed in full.
    misses: u32,
    /// The indices of the replies received in deltas so far, sorted: a complete message for one of them is a
    /// repetition.
    by_delta: Vec<u32>,
    /// True if the first reply is known to be among them.
    has_begun: bool,
}

/// A parsed chunk.
#[derive(Debug)]
pub(super) enum Read<'r> {
    /// A chunk of the same shape as the one before.
    Filling(Filling<'r>),
    Chunk(ChatChunk),
}

impl Read<'_> {
    pub(super) fn into_chunk(self) -> ChatChunk {
        match self {
            Read::Filling(filling) => filling.to_chunk(),
            Read::Chunk(chunk) => chunk,
        }
    }
}

impl ChunkReader {
    /// Parses one chunk. Its literals are noted in the buffer if it has the shape of the one before.
    pub(super) fn read<'r>(
        &'r mut self,
        json: &str,
        literals: &'r mut LiteralBuffer,
    ) -> Result<Read<'r>, Unreadable> {
        if !self.fits(json.as_bytes(), literals) {
            self.misses = self.misses.saturating_add(1);
            return self.parse(json).map(Read::Chunk);
        }
        self.filling(literals).map(Read::Filling).ok_or(Unreadable::NoReply)
    }

    /// The length of the JSON that some bytes begin with, if it is a chunk that has the shape of the one before and no
    /// line break. Its literals are noted in the buffer.
    pub(super) fn length_of_known(
        &self,
        bytes: &[u8],
        literals: &mut LiteralBuffer,
    ) -> Option<usize> {
        let shape = self.shape.as_deref().filter(|shape| shape.is_one_line())?;
        match shape.compare(bytes, literals) {
            Comparison::Same(length) if length <= LONGEST => Some(length),
            _ => None,
        }
    }

    /// The chunk of the shape of the one before with these literals; `None` if they are invalid UTF-8.
    pub(super) fn filling<'r>(&'r mut self, literals: &'r LiteralBuffer) -> Option<Filling<'r>> {
        let filling = Filling::new(self.shape.as_ref()?, literals.literals()?);
        self.misses = 0;
        if !self.has_begun && filling.has_content() {
            self.has_begun = true;
            if self.by_delta.first() != Some(&0) {
                self.by_delta.insert(0, 0);
            }
        }
        Some(filling)
    }

    /// Returns true if a chunk has the shape of the one before, and notes its literals.
    fn fits(&self, json: &[u8], literals: &mut LiteralBuffer) -> bool {
        let Some(shape) = self.shape.as_deref().filter(|_| json.len() <= LONGEST) else {
            return false;
        };
        match shape.compare(json, literals) {
            Comparison::Same(length) => length == json.len(),
            Comparison::Different => false,
        }
    }

    /// Parses a chunk that does not come from a response.
    #[cfg(feature = "bridge")]
    pub(crate) fn read_alone(&mut self, json: &str) -> crate::error::Result<ChatChunk> {
        const OPERATION: &str = "chat.progress";
        match with_buffer(|literals| self.read(json, literals).map(Read::into_chunk)) {
            Ok(chunk) => Ok(chunk),
            Err(Unreadable::Reported(reported, _)) => {
                let why = format!("the chunk is an error: {reported}");
                Err(Error::new(ErrorKind::Api, OPERATION, why))
            }
            Err(Unreadable::NoReply) => {
                Err(Error::new(ErrorKind::UnexpectedReply, OPERATION, "the JSON is not a chunk"))
            }
            Err(Unreadable::Garbled(e)) => {
                let why = format!("the chunk is not JSON: {e}");
                Err(Error::new(ErrorKind::Garbled, OPERATION, why))
            }
            Err(Unreadable::Malformed(e)) => {
                let why = format!("the chunk cannot be read: {e}");
                Err(Error::new(ErrorKind::Decode, OPERATION, why))
            }
        }
    }

    /// The chunk with the halves of characters that no chunk has completed, at the end of the stream.
    pub(super) fn left_over(&mut self) -> Option<ChatChunk> {
        let json = self.halves.left_over(&self.head)?;
        self.parse(&json).ok()
    }

    fn parse(&mut self, json: &str) -> Result<ChatChunk, Unreadable> {
        budget::within(json.len(), || {
            if self.halves.is_empty()
                && json.trim_start().starts_with('{')
                && let Ok(wire) = serde_json::from_str(json)
            {
                return self.take(wire, json, true);
            }
            let (value, text) = repaired(&self.halves.carry(json))?;
            let wire = Wire::deserialize(&value);
            self.take(wire.map_err(|e| Unreadable::Malformed(e.to_string()))?, &text, false)
        })
    }

    /// Stores a parsed chunk; `is_intact` is true if its JSON was not repaired.
    fn take(
        &mut self,
        wire: Wire<'_>,
        json: &str,
        is_intact: bool,
    ) -> Result<ChatChunk, Unreadable> {
        if wire.is_suspect()
            && let Some(reported) = reported_error(json)
        {
            return Err(Unreadable::Reported(reported, wire.text().to_owned()));
        }
        if wire.is_abandoned() {
            return Err(Unreadable::abandoned(wire.text().to_owned()));
        }
        // Two in a row: literals that move are learnt from the difference of two chunks.
        let is_tried = is_intact && (self.misses <= PATIENCE || self.misses % PATIENCE <= 1);
        let variable = wire.variable().filter(|_| is_tried);
        let head = Head {
            id: wire.id.into_string().unwrap_or_default(),
            created: wire.created,
            model: wire.model.into_string().unwrap_or_default(),
            service_tier: wire.service_tier,
            system_fingerprint: wire.system_fingerprint.into_string(),
        };
        if *self.head != head {
            self.head = Arc::new(head);
        }
        let (extra, presence, usage) = (wire.extra, wire.presence, wire.usage);
        let mut messages = Vec::new();
        let wire_choices = wire.choices.unwrap_or_default().into_iter().enumerate();
        let choices: Vec<_> = wire_choices
            .map(|(position, wire)| {
                let (choice, is_message) = self.choice(wire);
                messages.extend(is_message.then_some(position));
                choice
            })
            .collect();
        let parsed = Parsed { choices, usage, extra, presence, head: self.head.clone() };
        let before = self.shape.take();
        self.shape = variable
            .and_then(|variable| Shape::new(json, parsed.clone(), variable, before.as_deref()))
            .map(Arc::new);
        let raw = match messages.is_empty() {
            true => json.into(),
            false => {
                let is_message = |position| messages.binary_search(&position).is_ok();
                in_chunk_shape(json, is_message).to_string().into()
            }
        };
        Ok(ChatChunk::parsed(parsed, raw))
    }

    /// The addition of a chunk to one reply; true if it is the complete message.
    fn choice(&mut self, wire: WireChoice<'_>) -> (ChunkChoice, bool) {
        let index = wire.index;
        let mut delta = wire.delta.map(Delta::from).unwrap_or_default();
        let mut message = wire.message.map(Delta::from);
        let mut is_message = false;
        if let Err(place) = self.by_delta.binary_search(&index) {
            if delta.has_content() {
                if self.by_delta.len() < MOST {
                    self.by_delta.insert(place, index);
                }
            } else if let Some(message) = message.take() {
                is_message = true;
                delta = message;
            }
        }
        let choice = ChunkChoice {
            index,
            delta,
            finish_reason: wire.finish_reason.word().map(FinishReason::from),
            logprobs: wire.logprobs,
            extra: wire.extra,
            presence: wire.presence,
            whole: message.map(Box::new),
        };
        (choice, is_message)
    }
}

/// Parses a complete reply, received where a stream was requested, as one chunk that adds all of it.
///
/// Its stored JSON has the shape of a chunk, so that all readers of chunks can use it.
pub(super) fn read_whole(json: &str) -> Result<ChatChunk, Unreadable> {
    let reply = ChatReply::from_json(json)?;
    let mut reply = in_chunk_shape(reply.raw().unwrap_or(json), |_| true);
    let choices = reply.get_mut("choices").and_then(Value::as_array_mut);
    for choice in choices.into_iter().flatten() {
        // Each tool call of a complete message is a separate call.
        let calls = choice.pointer_mut("/delta/tool_calls").and_then(Value::as_array_mut);
        let calls = calls.into_iter().flatten().enumerate();
        for (index, call) in calls.filter_map(|(index, call)| Some((index, call.as_object_mut()?)))
        {
            call.insert("index".into(), index.into());
        }
    }
    ChunkReader::default().parse(&reply.to_string())
}

/// Converts the JSON of a reply, or of a chunk with messages in place of deltas, into that of a chunk: the message of
/// each choice whose position satisfies `is_message` becomes its delta.
fn in_chunk_shape(json: &str, is_message: impl Fn(usize) -> bool) -> Value {
    let read = budget::within(json.len(), || serde_json::from_str(json));
    let Budgeted(mut reply) = read.unwrap_or(Budgeted(Value::Null));
    let Some(object) = reply.as_object_mut() else { return reply };
    if object.get("object").is_none_or(|object| object == "chat.completion") {
        object.insert("object".into(), "chat.completion.chunk".into());
    }
    let choices = object.get_mut("choices").and_then(Value::as_array_mut);
    let choices = choices.into_iter().flatten().filter_map(Value::as_object_mut);
    for (_, choice) in choices.enumerate().filter(|(position, _)| is_message(*position)) {
        let delta = choice.shift_remove("message").unwrap_or_default();
        choice.insert("delta".into(), delta);
    }
    reply
}
