//! Characters that a service splits over two chunks.
//!
//! Services in languages with UTF-16 strings cut text anywhere, also between the halves of a surrogate pair, and escape
//! the halves. One at the end of a text waits as its escape, and begins the next text of its place: there it completes a
//! pair, or is repaired as any other half. Only chunks that are no valid JSON, and those after a half, are searched.
//!
//! At the end of a reply, a half that still waits is U+FFFD. A stream that ends in an error drops it: its partial text is
//! that of the chunks before the error.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::delta::Head;
use super::lenient::List;
use crate::json::Fields;

/// The fields of a delta with text.
const FIELDS: [&str; 5] = ["content", "refusal", REASONING, "reasoning", "tool_calls"];

/// The field of reasoning, also of that in a list of parts.
const REASONING: &str = "reasoning_content";

/// The length of an escape such as `\ud83d`.
const ESCAPE: usize = 6;

/// The text of a half that no other half follows.
const REPLACEMENT: &str = "\u{fffd}";

/// The halves that wait for the other ones: their escapes, by the index of the choice.
#[derive(Debug, Default)]
pub(super) struct Halves(BTreeMap<(u32, Place), String>);

/// A place in a message to which deltas add text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A field of the message.
    Field(&'static str),
    /// The arguments of a tool call with this index.
    Arguments(Option<u32>),
    /// The input of a custom tool's call with this index.
    Input(Option<u32>),
}

/// A part of the JSON, and the text in its place.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

impl Halves {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The chunk's JSON, whose texts begin with the halves before them and end before a half of their own.
    pub(super) fn carry<'a>(&mut self, json: &'a str) -> Cow<'a, str> {
        let mut edits = Vec::new();
        for choice in choices(json) {
            edits.extend(self.edits(choice, json));
        }
        if edits.is_empty() {
            return Cow::Borrowed(json);
        }
        edits.sort_by_key(|edit| edit.start);
        let (mut carried, mut copied) = (String::with_capacity(json.len()), 0);
        for Edit { start, end, text, .. } in edits {
            carried.push_str(json.get(copied..start).unwrap_or_default());
            carried.push_str(&text);
            copied = end;
        }
        carried.push_str(json.get(copied..).unwrap_or_default());
        Cow::Owned(carried)
    }

    /// The edits of a choice of the chunk.
    fn edits(&mut self, choice: &str, json: &str) -> Vec<Edit> {
        let Ok(fields) = Fields::read(choice, ["index", "delta", "finish_reason"]) else {
            return Vec::new();
        };
        let Some(delta) = fields.raw("delta") else { return Vec::new() };
        let index = fields.word("index").map_or(Ok(0), |index| index.parse());
        let (Ok(index), Ok(texts)) = (index, Fields::read(delta, FIELDS)) else {
            return Vec::new();
        };
        let is_last = fields.word("finish_reason").is_some();
        let waiting: Vec<_> = self.of_choice(index).collect();
        let (mut edits, mut last_of) = (Vec::new(), BTreeMap::new());
        for (place, text) in places(&texts) {
            let start = place_of(text, json);
            let mut whole = self.0.remove(&(index, place)).unwrap_or_default() + text;
            let half = whole.split_off(end_of_whole(&whole));
            if !half.is_empty() {
                self.0.insert((index, place), half);
            }
            last_of.insert(place, edits.len());
            edits.push(Edit { start, end: start + text.len(), text: whole });
        }
        if is_last {
            for (place, at) in &last_of {
                let half = self.0.remove(&(index, *place)).unwrap_or_default();
                edits.get_mut(*at).into_iter().for_each(|last| last.text.push_str(&half));
            }
        }
        // Another value of the field stays.
        let is_absent = |place: &Place| match place {
            Place::Field(name) => texts.raw(name).is_none(),
            _ => is_last && texts.raw("tool_calls").is_none(),
        };
        let missing = waiting.into_iter().filter(|place| !last_of.contains_key(place));
        let missing: Vec<_> = missing.filter(is_absent).collect();
        if !missing.is_empty() {
            for place in &missing {
                self.0.remove(&(index, *place));
            }
            let end = place_of(delta, json) + delta.len() - 1;
            let is_empty = delta.trim_matches(['{', '}']).trim().is_empty();
            let comma = if is_empty { "" } else { "," };
            let added = Value::Object(delta_of(missing)).to_string();
            let text = format!(
                "{comma}{}",
                added.trim_start_matches('{').strip_suffix('}').unwrap_or_default()
            );
            edits.push(Edit { start: end, end, text });
        }
        edits
    }

    /// The JSON of a chunk with the halves that are left at the end of the stream, if there are any.
    pub(super) fn left_over(&mut self, head: &Head) -> Option<String> {
        let left = std::mem::take(&mut self.0).into_keys();
        let choices =
            left.map(|(choice, place)| json!({ "index": choice, "delta": delta_of([place]) }));
        let choices: Vec<_> = choices.collect();
        (!choices.is_empty()).then(|| {
            json!({
                "id": head.id,
                "object": "chat.completion.chunk",
                "created": head.created,
                "model": head.model,
                "choices": choices,
            })
            .to_string()
        })
    }

    /// The places of a choice where a half waits.
    fn of_choice(&self, index: u32) -> impl Iterator<Item = Place> {
        let from = (index, Place::Field(""));
        self.0
            .range(from..)
            .map(|(key, _)| *key)
            .take_while(move |(of, _)| *of == index)
            .map(|(_, place)| place)
    }
}

/// The JSON of each choice.
fn choices(json: &str) -> Vec<&str> {
    let choices = Fields::read(json, ["choices"]).ok().and_then(|fields| fields.raw("choices"));
    choices.map_or_else(Vec::new, list)
}

/// The JSON of each item of a list; none if it is none, or too long to be read.
fn list(json: &str) -> Vec<&str> {
    let list = serde_json::from_str::<List<&RawValue>>(json).map_or_else(|_| Vec::new(), Vec::from);
    list.into_iter().map(RawValue::get).collect()
}

/// The texts of a delta, escaped, in the order of the JSON.
fn places<'a>(delta: &Fields<'a, 'static, 5>) -> Vec<(Place, &'a str)> {
    let mut found = Vec::new();
    for name in FIELDS {
        let Some(raw) = delta.raw(name) else { continue };
        match name {
            "tool_calls" => list(raw).into_iter().for_each(|call| texts_of_call(call, &mut found)),
            _ => texts(raw, Place::Field(name), &mut found),
        }
    }
    found.sort_by_key(|(_, text)| text.as_ptr());
    found
}

fn texts_of_call<'a>(call: &'a str, found: &mut Vec<(Place, &'a str)>) {
    let Ok(call) = Fields::read(call, ["index", "function", "custom"]) else { return };
    let index = call.word("index").and_then(|index| index.parse().ok());
    for (holder, name, place) in [
        ("function", "arguments", Place::Arguments(index)),
        ("custom", "input", Place::Input(index)),
    ] {
        let holder = call.raw(holder).and_then(|holder| Fields::read(holder, [name]).ok());
        found.extend(
            holder.and_then(|holder| holder.raw(name)).and_then(string).map(|text| (place, text)),
        );
    }
}

/// The texts of a field: the string, or those of a list of parts.
fn texts<'a>(raw: &'a str, place: Place, found: &mut Vec<(Place, &'a str)>) {
    found.extend(string(raw).map(|text| (place, text)));
    for part in parts(raw) {
        found.extend(string(part).map(|text| (place, text)));
        let Ok(part) = Fields::read(part, ["type", "text", "thinking", "reasoning"]) else {
            continue;
        };
        let kind = part.text("type");
        let (place, text) = match kind.as_deref() {
            Some("thinking" | "reasoning") => {
                let thought = part.raw("thinking").or_else(|| part.raw("reasoning"));
                (Place::Field(REASONING), thought.or_else(|| part.raw("text")))
            }
            _ => (place, part.raw("text")),
        };
        let Some(text) = text else { continue };
        found.extend(string(text).map(|text| (place, text)));
        for part in parts(text) {
            let inner = Fields::read(part, ["text"]).ok().and_then(|part| part.raw("text"));
            found.extend(string(inner.unwrap_or(part)).map(|text| (place, text)));
        }
    }
}

/// The JSON of each part of a list; none if the JSON is none.
fn parts(raw: &str) -> Vec<&str> {
    if raw.starts_with('[') { list(raw) } else { Vec::new() }
}

/// The escaped text of a string literal; `None` if it is none.
fn string(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// A delta that ends the texts of these places with U+FFFD.
fn delta_of(places: impl IntoIterator<Item = Place>) -> Map<String, Value> {
    let (mut delta, mut calls) = (Map::new(), Vec::new());
    for place in places {
        match place {
            Place::Field(name) => {
                delta.insert(name.to_owned(), REPLACEMENT.into());
            }
            Place::Arguments(index) => {
                calls.push(json!({ "index": index, "function": { "arguments": REPLACEMENT } }));
            }
            Place::Input(index) => {
                let custom = json!({ "input": REPLACEMENT });
                calls.push(json!({ "index": index, "type": "custom", "custom": custom }));
            }
        }
    }
    if !calls.is_empty() {
        delta.insert("tool_calls".to_owned(), calls.into());
    }
    delta
}

/// The position of a part of the JSON.
fn place_of(part: &str, json: &str) -> usize {
    part.as_ptr().addr() - json.as_ptr().addr()
}

/// The length of an escaped text without a first half of a pair at its end.
fn end_of_whole(text: &str) -> usize {
    let Some(start) = text.len().checked_sub(ESCAPE) else { return text.len() };
    let Some((before, escape)) = text.split_at_checked(start) else { return text.len() };
    let is_high = escape.strip_prefix("\\u").is_some_and(|digits| {
        u16::from_str_radix(digits, 16).is_ok_and(|unit| (0xD800..0xDC00).contains(&unit))
    });
    // A backslash after an odd number of them is itself escaped.
    let backslashes = before.bytes().rev().take_while(|byte| *byte == b'\\').count();
    if is_high && backslashes % 2 == 0 { start } else { text.len() }
}
