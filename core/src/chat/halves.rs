//! Characters that a service splits over two chunks.
//!
//! Services in languages with UTF-16 strings cut text anywhere, also between the halves of a surrogate pair, and escape
//! the halves. One at the end of a text waits as its escape, and begins the next text of its field: there it completes a
//! pair, or is repaired as any other half. Only chunks that are no valid JSON, and those after a half, are searched.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::delta::Head;
use super::lenient::List;
use crate::json::Fields;

/// The texts of a delta.
const TEXTS: [&str; 4] = ["content", "refusal", "reasoning_content", "reasoning"];

/// The length of an escape such as `\ud83d`.
const ESCAPE: usize = 6;

/// The halves that wait for the other ones.
#[derive(Debug, Default)]
pub(super) struct Halves(Vec<Half>);

#[derive(Debug)]
struct Half {
    choice: u32,
    text: &'static str,
    escape: String,
}

impl Halves {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The chunk's JSON, whose texts begin with the halves before it and end before a half of their own.
    pub(super) fn carry<'a>(&mut self, json: &'a str) -> Cow<'a, str> {
        let mut carried = String::new();
        let mut copied = 0;
        let mut replace = |from: usize, to: usize, text: &str| {
            carried.push_str(json.get(copied..from).unwrap_or_default());
            carried.push_str(text);
            copied = to;
        };
        for choice in choices(json) {
            let Ok(fields) = Fields::read(choice, ["index", "delta", "finish_reason"]) else {
                continue;
            };
            let Some(delta) = fields.raw("delta") else { continue };
            let Ok(texts) = Fields::read(delta, TEXTS) else { continue };
            let index = fields.word("index").map_or(Ok(0), |index| index.parse());
            let Ok(index) = index else { continue };
            let is_last = fields.word("finish_reason").is_some();
            // In the order of the JSON, which is copied from its start to its end.
            let mut found = TEXTS.map(|name| (name, texts.raw(name)));
            found.sort_by_key(|(_, raw)| raw.map_or(usize::MAX, |raw| place_of(raw, json)));
            let mut missing = Vec::new();
            for (name, raw) in found {
                let before = self.take(index, name);
                let Some(raw) = raw else {
                    missing.extend(before.map(|escape| format!("\"{name}\":\"{escape}\"")));
                    continue;
                };
                let Some(text) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else {
                    self.0.extend(before.map(|escape| Half { choice: index, text: name, escape }));
                    continue;
                };
                let start = place_of(text, json);
                let whole = before.unwrap_or_default() + text;
                let kept = if is_last { whole.len() } else { end_of_whole(&whole) };
                let (kept, half) = whole.split_at(kept);
                if kept != text {
                    replace(start, start + text.len(), kept);
                }
                if !half.is_empty() {
                    self.0.push(Half { choice: index, text: name, escape: half.to_owned() });
                }
            }
            if !missing.is_empty() {
                let end = place_of(delta, json) + delta.len() - 1;
                let is_empty = delta.trim_matches(['{', '}']).trim().is_empty();
                let comma = if is_empty { "" } else { "," };
                replace(end, end, &format!("{comma}{}", missing.join(",")));
            }
        }
        if copied == 0 {
            return Cow::Borrowed(json);
        }
        carried.push_str(json.get(copied..).unwrap_or_default());
        Cow::Owned(carried)
    }

    /// The JSON of a chunk with the halves that are left at the end of the stream, if there are any.
    pub(super) fn left_over(&mut self, head: &Head) -> Option<String> {
        let choices = self.0.drain(..).map(
            |half| serde_json::json!({ "index": half.choice, "delta": { half.text: "\u{fffd}" } }),
        );
        let choices: Vec<_> = choices.collect();
        (!choices.is_empty()).then(|| {
            serde_json::json!({
                "id": head.id,
                "object": "chat.completion.chunk",
                "created": head.created,
                "model": head.model,
                "choices": choices,
            })
            .to_string()
        })
    }

    fn take(&mut self, choice: u32, text: &str) -> Option<String> {
        let place = self.0.iter().position(|half| half.choice == choice && half.text == text)?;
        Some(self.0.swap_remove(place).escape)
    }
}

/// The JSON of each choice.
fn choices(json: &str) -> Vec<&str> {
    let choices = Fields::read(json, ["choices"]).ok().and_then(|fields| fields.raw("choices"));
    let choices = choices.and_then(|raw| serde_json::from_str::<List<&RawValue>>(raw).ok());
    choices.map_or_else(Vec::new, |list| Vec::from(list).into_iter().map(RawValue::get).collect())
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
