//! What is left of JSON when everything is taken out of it that cannot be read.

use serde::Deserialize;
use serde_json::Value;

use super::lenient::{self, Text};
use super::unreadable::Unreadable;
use super::usage::{Logprobs, Usage};

/// A JSON object without what cannot be read of it.
pub(super) fn pruned_object(json: &str) -> Result<Value, Unreadable> {
    let mut value: Value = crate::json::from_str(json).map_err(Unreadable::Malformed)?;
    if !value.is_object() {
        let why = "it is no JSON object";
        return Err(Unreadable::Malformed(serde::de::Error::custom(why)));
    }
    prune(&mut value);
    Ok(value)
}

/// Takes out of a chunk's or a reply's JSON what has a type that cannot be read, so that one odd field does not
/// cost the rest. Its raw form stays in the kept JSON.
fn prune(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    keep_if(object.get_mut("usage"), |usage| Usage::deserialize(usage).is_ok());
    if let Some(choices) = object.get_mut("choices") {
        keep_objects(choices);
        choices.as_array_mut().into_iter().flatten().for_each(prune_choice);
    }
}

fn prune_choice(choice: &mut Value) {
    keep_index(choice.get_mut("index"));
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
                keep_index(call.get_mut("index"));
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

/// Keeps the objects of a list; what is no list becomes null.
fn keep_objects(list: &mut Value) {
    match list {
        Value::Array(items) => items.retain(Value::is_object),
        other => *other = Value::Null,
    }
}

/// Keeps an index, also where it is written as text or as a float.
fn keep_index(index: Option<&mut Value>) {
    if let Some(index) = index.filter(|index| !index.is_null()) {
        *index = lenient::number(&*index).map_or(Value::Null, Value::from);
    }
}
