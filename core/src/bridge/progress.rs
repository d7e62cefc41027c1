//! The changes of each chunk to a growing reply, as data for the snapshots and events of a host language.
//!
//! Only core has the rules for accumulating replies. A host passes each chunk to [`Progress::add`], applies the returned
//! operations to its own object, and derives the events of its ecosystem from the list of events.
//!
//! For the chunk `{"id":"c","choices":[{"index":0,"delta":{"content":"ab"}}]}`, as the second of a stream:
//!
//! ```json
//! {"ops": [["append", ["choices", 0, "message", "content"], "ab"]],
//!  "events": [{"choice": 0, "index": 0,
//!              "text": [{"type": "content.delta", "delta": "ab"}],
//!              "calls": [], "logprobs": [], "done": [], "last": []}]}
//! ```
//!
//! # Operations
//!
//! They start from `{"object": "chat.completion", "choices": []}` and are applied in order, each at the place at
//! the end of a path. A step of a path is a field (a string), an index in a list (a number), or a field whose name
//! comes from the service (a string in a list, as in `["choices", 0, "message", ["reasoning_details"], 0, ["text"]]`).
//!
//! | operation | |
//! | --- | --- |
//! | `["set", path, value]` | sets the value there |
//! | `["append", path, text]` | appends to the text there, which exists |
//! | `["extend", path, items]` | appends to the list there; creates it if absent or null |
//! | `["insert", path, value]` | inserts the value into the list at the index that ends the path, and shifts later items; creates the list if absent |
//!
//! A choice is inserted as `{"index": 0, "message": {"role": "assistant", "content": null}, "finish_reason": null}`, a tool
//! call with all fields of its first piece.
//!
//! **Names from the service are not to be trusted.** In JavaScript such a step must be looked up and written as an own
//! property (`Object.hasOwn`, `Object.defineProperty`), never with `object[name]` alone: the service may name a field
//! `constructor`. `__proto__` never occurs as a step. Indices and numbers of calls are small: there are at most 1,024
//! choices, and 1,024 calls of each.
//!
//! # Events
//!
//! There is one entry for each choice in the chunk, in the chunk's order. `choice` is its position in the list of choices,
//! `index` its index. The groups hold the events in order; a library that emits them in another order reads the
//! groups in that order. Python: `text`, `calls`, `logprobs`, `done`, `last`. Node: `text`, `logprobs`, `done`, `calls`,
//! `last`.
//!
//! | group | events |
//! | --- | --- |
//! | `text` | `{"type": "content.delta", "delta"}`, `{"type": "refusal.delta", "delta"}`; the text may be empty |
//! | `calls` | `{"type": "tool_calls.function.arguments.delta", "call", "index", "arguments_delta"}`, for functions only |
//! | `logprobs` | `{"type": "logprobs.content.delta", "count"}`, `{"type": "logprobs.refusal.delta", "count"}`: the number of new items at the end of the list, which may be 0 |
//! | `done` | `content.done`, `refusal.done`, `logprobs.content.done`, `logprobs.refusal.done`, and `{"type": "tool_calls.function.arguments.done", "call", "index"}`: each once, when that part is complete: at the finish reason; for text, already when a call begins; for a call, when another call continues and its own arguments are complete |
//! | `last` | the `done` of a call that has a part in this chunk and ends with it |
//!
//! `call` is a call's position in the message's list, `index` its number for events: the service's index, or the next free
//! number if the service sends none or a duplicate. All further data of an event, such as the text so far, is in
//! the host's object once the chunk's operations have been applied. Calls of custom tools produce no events, and a part
//! that is incomplete at the end of the stream has no `done` event.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::patch::{Patches, Piece};
use crate::chat::accumulate::Accumulator;
use crate::chat::chunk_reader::ChunkReader;
use crate::chat::{ChatReply, Choice, ChunkChoice};
use crate::error::Result;

/// A growing reply.
#[derive(Debug, Default)]
pub struct Progress {
    reader: ChunkReader,
    whole: Accumulator,
    /// The parts of each choice that were reported, by its index.
    told: BTreeMap<u32, Told>,
}

impl Progress {
    /// Adds a chunk, passed as JSON, and returns its changes as JSON.
    ///
    /// # Errors
    ///
    /// `decode`, `garbled` or `unexpected_reply` when it is not a chunk, `api` when it reports an error.
    pub fn add(&mut self, json: &str) -> Result<String> {
        let chunk = self.reader.read_alone(json)?;
        let mut patches = Patches::default();
        self.whole.add(&chunk, &mut patches);
        let (ops, pieces) = patches.into_parts();
        let mut pieces = pieces.into_iter();
        let mut events = Vec::new();
        for addition in chunk.choices() {
            let choices = &self.whole.reply().choices;
            // Choices beyond the limit are not kept, so they are skipped.
            let Ok(place) = choices.binary_search_by_key(&addition.index, |choice| choice.index)
            else {
                continue;
            };
            let (Some(choice), Some(pieces)) = (choices.get(place), pieces.next()) else {
                continue;
            };
            let calls = pieces.into_iter().filter_map(|piece| {
                let (place, _) = self.whole.find_call(place, piece.number)?;
                let call = choice.message.tool_calls.get(place)?;
                (call.kind == "function").then_some((place, piece))
            });
            let calls: Vec<_> = calls.collect();
            let told = self.told.entry(addition.index).or_default();
            let find = |number| self.whole.find_call(place, number);
            events.push(told.events(place, addition, choice, calls, find));
        }
        Ok(Added { ops, events }.to_json())
    }

    /// The reply so far.
    pub fn reply(&self) -> &ChatReply {
        self.whole.reply()
    }
}

#[derive(Serialize)]
struct Added {
    ops: Vec<Value>,
    events: Vec<Events>,
}

impl Added {
    fn to_json(&self) -> String {
        // Only string keys and finite numbers, so serialisation cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The events of one choice.
#[derive(Debug, Default, Serialize)]
struct Events {
    choice: usize,
    index: u32,
    text: Vec<Event>,
    calls: Vec<Event>,
    logprobs: Vec<Event>,
    done: Vec<Event>,
    last: Vec<Event>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "content.delta")]
    Content { delta: String },
    #[serde(rename = "refusal.delta")]
    Refusal { delta: String },
    #[serde(rename = "tool_calls.function.arguments.delta")]
    Arguments { call: usize, index: u32, arguments_delta: String },
    #[serde(rename = "logprobs.content.delta")]
    ContentLogprobs { count: usize },
    #[serde(rename = "logprobs.refusal.delta")]
    RefusalLogprobs { count: usize },
    #[serde(rename = "content.done")]
    ContentDone,
    #[serde(rename = "refusal.done")]
    RefusalDone,
    #[serde(rename = "logprobs.content.done")]
    ContentLogprobsDone,
    #[serde(rename = "logprobs.refusal.done")]
    RefusalLogprobsDone,
    #[serde(rename = "tool_calls.function.arguments.done")]
    ArgumentsDone { call: usize, index: u32 },
}

/// The parts of a choice that were reported as done.
#[derive(Debug, Default)]
struct Told {
    content: bool,
    refusal: bool,
    content_logprobs: bool,
    refusal_logprobs: bool,
    /// The numbers of the calls that have begun.
    begun: BTreeSet<u32>,
    /// The numbers of the calls that are not done.
    open: BTreeSet<u32>,
    /// The number of the call that was written last.
    last: Option<u32>,
}

impl Told {
    fn events(
        &mut self,
        place: usize,
        addition: &ChunkChoice,
        choice: &Choice,
        calls: Vec<(usize, Piece)>,
        find: impl Fn(u32) -> Option<(usize, bool)>,
    ) -> Events {
        let mut events = Events { choice: place, index: choice.index, ..Events::default() };
        let delta = &addition.delta;
        events.text.extend(delta.content.clone().map(|delta| Event::Content { delta }));
        events.text.extend(delta.refusal.clone().map(|delta| Event::Refusal { delta }));
        if let Some(logprobs) = &addition.logprobs {
            let count = logprobs.content.len();
            events
                .logprobs
                .extend(logprobs.tells_content().then_some(Event::ContentLogprobs { count }));
            let count = logprobs.refusal.len();
            events
                .logprobs
                .extend(logprobs.tells_refusal().then_some(Event::RefusalLogprobs { count }));
        }
        let is_finished = choice.finish_reason.is_some();
        if is_finished {
            self.text_done(choice, &mut events);
        }
        let mut whole = Vec::new();
        for (_, piece) in &calls {
            let before = self.last.replace(piece.number).filter(|last| *last != piece.number);
            if before.is_some() || self.begun.is_empty() {
                self.text_done(choice, &mut events);
            }
            // Calls may be interleaved: one that is left is done only if it is complete.
            let is_whole = |number: &u32| find(*number).is_some_and(|(_, is_whole)| is_whole);
            whole.extend(before.filter(is_whole).filter(|number| self.open.remove(number)));
            if self.begun.insert(piece.number) {
                self.open.insert(piece.number);
            }
        }
        if is_finished {
            whole.extend(std::mem::take(&mut self.open));
        }
        let here: BTreeSet<_> = calls.iter().map(|(_, piece)| piece.number).collect();
        for index in whole {
            // A call may turn out to be of another kind.
            let calls = &choice.message.tool_calls;
            let is_function = |call: usize| calls.get(call).is_some_and(|c| c.kind == "function");
            let Some((call, _)) = find(index).filter(|(call, _)| is_function(*call)) else {
                continue;
            };
            let group = if here.contains(&index) { &mut events.last } else { &mut events.done };
            group.push(Event::ArgumentsDone { call, index });
        }
        events.calls.extend(calls.into_iter().map(|(call, piece)| Event::Arguments {
            call,
            index: piece.number,
            arguments_delta: piece.arguments,
        }));
        events
    }

    /// The `done` events of the text and its log probabilities.
    fn text_done(&mut self, choice: &Choice, events: &mut Events) {
        let (message, logprobs) = (&choice.message, choice.logprobs.as_ref());
        let has_content = message.content.as_ref().is_some_and(|content| !content.is_empty());
        for (is_there, told, event) in [
            (has_content, &mut self.content, Event::ContentDone),
            (message.refusal.is_some(), &mut self.refusal, Event::RefusalDone),
            (
                logprobs.is_some_and(|logprobs| logprobs.tells_content()),
                &mut self.content_logprobs,
                Event::ContentLogprobsDone,
            ),
            (
                logprobs.is_some_and(|logprobs| logprobs.tells_refusal()),
                &mut self.refusal_logprobs,
                Event::RefusalLogprobsDone,
            ),
        ] {
            if is_there && !std::mem::replace(told, true) {
                events.done.push(event);
            }
        }
    }
}
