//! Removal of the unreadable parts of JSON.

use serde::Deserialize;
use serde_json::Value;

use super::budget::{self, Budgeted, MOST};
use super::lenient::Text;
use super::unreadable::{Unreadable, reported_error};
use super::usage::{Logprobs, Usage};

/// Parses a JSON object without its unreadable parts. Also returns its text, in which every choice is an object and
/// every index a number.
pub(super) fn repaired(json: &str) -> Result<(Value, String), Unreadable> {
    let json = crate::json::repaired(json);
    // A failing service's answer may also be malformed as a chunk.
    if let Some(reported) = reported_error(&json) {
        return Err(Unreadable::Reported(reported, String::new()));
    }
    let read = budget::within(json.len(), || serde_json::from_str(&json));
    let Budgeted(mut value) = read.map_err(|e| Unreadable::from_failure(&json, &e))?;
    if !value.is_object() {
        return Err(Unreadable::Malformed("it is not an object".to_owned()));
    }
    let is_mended = repair_choices(&mut value) | repair_indices(&mut value)?;
    let text = match is_mended {
        true => value.to_string(),
        false => json.into_owned(),
    };
    prune(&mut value);
    Ok((value, text))
}

/// Removes everything but objects from the list of choices; returns true if it removed anything. Readers of the JSON
/// look for a choice at its position.
fn repair_choices(value: &mut Value) -> bool {
    let Some(choices) = value.get_mut("choices").filter(|choices| !choices.is_null()) else {
        return false;
    };
    let is_list = choices.as_array().is_some_and(|items| items.iter().all(Value::is_object));
    if !is_list {
        keep_objects(choices);
    }
    !is_list
}

/// Converts indices written as text or as floats to integers; returns true if there were any.
///
/// Other languages use an index as written, so an invalid one must not reach them.
fn repair_indices(value: &mut Value) -> Result<bool, Unreadable> {
    let mut changed = false;
    for (at, choice) in list(value.get_mut("choices")).enumerate() {
        let path = format!("choices[{at}]");
        changed |= repair_index(choice, &path)?;
        for message in ["delta", "message"] {
            let calls = choice.get_mut(message).and_then(|message| message.get_mut("tool_calls"));
            for (at, call) in list(calls).enumerate() {
                changed |= repair_index(call, &format!("{path}.{message}.tool_calls[{at}]"))?;
            }
        }
    }
    Ok(changed)
}

fn list(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

fn repair_index(holder: &mut Value, path: &str) -> Result<bool, Unreadable> {
    let Some(index) = holder.get_mut("index").filter(|index| !index.is_null()) else {
        return Ok(false);
    };
    let number = match &*index {
        Value::String(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
        // Exact, because the range is small.
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64()?;
            (0..MOST as u64).find(|whole| *whole as f64 == number)
        }),
        _ => None,
    };
    let Some(number) = number.filter(|number| *number < MOST as u64) else {
        let why = format!("{path}.index is {index}, not a whole number below {MOST}");
        return Err(Unreadable::Malformed(why));
    };
    let is_mended = !index.is_u64();
    *index = number.into();
    Ok(is_mended)
}

/// Removes from a chunk's or a reply's JSON the values whose type is unreadable, so that one odd field does not cost
/// the rest. Their raw form stays in the stored JSON.
fn prune(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    keep_if(object.get_mut("usage"), |usage| Usage::deserialize(usage).is_ok());
    list(object.get_mut("choices")).for_each(prune_choice);
}

fn prune_choice(choice: &mut Value) {
    keep_if(choice.get_mut("logprobs"), |logprobs| Logprobs::deserialize(logprobs).is_ok());
    for message in ["delta", "message"] {
        let Some(message) = choice.get_mut(message) else { continue };
        keep_if(Some(&mut *message), Value::is_object);
        let texts = ["content", "refusal", "reasoning", "reasoning_content"];
        for text in texts {
            keep_if(message.get_mut(text), |text| Text::deserialize(text).is_ok());
        }
        if let Some(calls) = message.get_mut("tool_calls") {
            keep_objects(calls);
            for call in calls.as_array_mut().into_iter().flatten() {
                keep_if(call.get_mut("function"), Value::is_object);
            }
        }
    }
}

fn keep_if(value: Option<&mut Value>, is_readable: impl Fn(&Value) -> bool) {
    if let Some(value) = value.filter(|value| !is_readable(value)) {
        *value = Value::Null;
    }
}

/// Keeps the objects of a list; a value that is not a list becomes null.
fn keep_objects(list: &mut Value) {
    match list {
        Value::Array(items) => items.retain(Value::is_object),
        other => *other = Value::Null,
    }
}
