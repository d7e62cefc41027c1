//! Accumulates fields that this library does not model.

use serde_json::{Map, Value};

use super::change::{At, Changes};
use super::tally::Tally;
use crate::chat::extra::Extra;

/// The number of items, from a list's end, that are searched for an item's index if it is not at that position.
const BACK: usize = 64;

/// The meaning of an object's fields, which decides how they accumulate. Objects are merged field by field, and null
/// adds nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    /// Facts: the last value wins.
    Facts,
    /// Facts, except for lists, which grow.
    Choice,
    /// Pieces of a message: strings and lists grow.
    Pieces,
}

/// Adds the fields of an object.
pub(super) fn merge_fields<C: Changes>(
    kept: &mut Extra,
    new: &Map<String, Value>,
    mode: Mode,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    if !new.is_empty() {
        merge_map(kept, new, mode, at, tally);
    }
}

fn merge_map<C: Changes>(
    kept: &mut Map<String, Value>,
    new: &Map<String, Value>,
    mode: Mode,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    for (name, value) in new {
        // Only JavaScript gives this name a meaning, and a dangerous one.
        if name == "__proto__" {
            continue;
        }
        let at = at.other(name);
        if let Some(kept) = kept.get_mut(name) {
            merge(kept, name, value, mode, &at, tally);
            continue;
        }
        *tally.bytes += size_of::<String>() + name.len();
        // Several items of one list may belong together.
        let first = match value {
            Value::Array(items) if mode != Mode::Facts && items.iter().any(has_index) => {
                Value::Array(Vec::new())
            }
            value => value.clone(),
        };
        *tally.bytes += size_of_value(&first);
        tally.changes.set(&at, &first);
        let kept = kept.entry(name).or_insert(first);
        if let (Value::Array(kept), Value::Array(items)) = (kept, value)
            && kept.len() < items.len()
        {
            join(kept, items, &at, tally);
        }
    }
}

fn merge<C: Changes>(
    kept: &mut Value,
    name: &str,
    new: &Value,
    mode: Mode,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    match (&mut *kept, new) {
        (_, Value::Null) => {}
        (Value::Object(kept), Value::Object(new)) => {
            let mode = if mode == Mode::Choice { Mode::Facts } else { mode };
            merge_map(kept, new, mode, at, tally);
        }
        (Value::Array(kept), Value::Array(new)) if mode != Mode::Facts => {
            join(kept, new, at, tally)
        }
        (Value::String(kept), Value::String(new))
            if mode == Mode::Pieces && grows(name, kept, new) =>
        {
            *tally.bytes += new.len();
            tally.append_to(kept, new, at);
        }
        (Value::String(_), Value::String(new)) if mode == Mode::Pieces && new.is_empty() => {}
        (before, new) if before == new => {}
        (before, new) => {
            *tally.bytes += size_of_value(new);
            *tally.bytes = tally.bytes.saturating_sub(size_of_value(before));
            tally.changes.set(at, new);
            *kept = new.clone();
        }
    }
}

/// Returns true if a new string extends the one before, rather than repeating or replacing it.
fn grows(name: &str, kept: &str, new: &str) -> bool {
    match name {
        "id" | "type" | "index" | "format" | "name" | "role" | "object" | "status" => false,
        "text" | "content" | "data" | "transcript" | "summary" | "thinking" | "reasoning"
        | "arguments" | "input" => true,
        name if name.ends_with("_text") || name.ends_with("_content") => true,
        _ => kept != new,
    }
}

/// Adds the items of a list. An item with an index continues the item with the same index and kind.
fn join<C: Changes>(kept: &mut Vec<Value>, new: &[Value], at: &At<'_>, tally: &mut Tally<'_, C>) {
    for item in new {
        let place = place_of(kept, item);
        match place.and_then(|place| Some((place, kept.get_mut(place)?))) {
            Some((place, Value::Object(kept))) => {
                let fields = item.as_object().into_iter();
                let at = at.place(place);
                fields.for_each(|new| merge_map(kept, new, Mode::Pieces, &at, tally));
            }
            _ => {
                *tally.bytes += size_of_value(item);
                tally.changes.extend(at, std::slice::from_ref(item));
                kept.push(item.clone());
            }
        }
    }
}

fn place_of(kept: &[Value], item: &Value) -> Option<usize> {
    let index = item.get("index").filter(|index| index.is_u64())?;
    let goes_on = |kept: &Value| {
        let agrees = |name: &str| match (kept.get(name), item.get(name)) {
            (Some(kept), Some(new)) => kept == new || kept.is_null() || new.is_null(),
            _ => true,
        };
        kept.get("index") == Some(index) && agrees("type") && agrees("id")
    };
    let place = index.as_u64().and_then(|index| usize::try_from(index).ok())?;
    if kept.get(place).is_some_and(goes_on) {
        return Some(place);
    }
    let skipped = kept.len().saturating_sub(BACK);
    kept.iter().skip(skipped).rposition(goes_on).map(|place| skipped + place)
}

fn has_index(item: &Value) -> bool {
    item.get("index").is_some()
}

/// The approximate size of the fields in bytes.
pub(super) fn size_of_fields(fields: &Map<String, Value>) -> usize {
    let size =
        |(name, value): (&String, &Value)| size_of::<String>() + name.len() + size_of_value(value);
    fields.iter().map(size).sum()
}

/// The approximate size of a value in bytes.
pub(super) fn size_of_value(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size_of_value).sum(),
        Value::Object(fields) => size_of_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + inside
}

/// The fields of `whole` that `kept` lacks.
pub(super) fn missing_fields(kept: &Extra, whole: &Extra) -> Extra {
    let mut missing = Extra::default();
    for (name, value) in whole.iter() {
        if kept.get(name).is_none_or(|kept| kept.is_null() && !value.is_null()) {
            missing.keep(name, value.clone());
        }
    }
    missing
}
