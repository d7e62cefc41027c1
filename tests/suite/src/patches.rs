//! A snapshot as in the bindings: it implements the operations of `turnwire::bridge::Progress`, and no other rule.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};

/// The snapshot before the first chunk.
pub fn empty() -> Value {
    json!({"object": "chat.completion", "choices": []})
}

/// Applies the operations of a chunk.
///
/// # Panics
///
/// Panics at an operation whose path is not in the snapshot.
pub fn apply(snapshot: &mut Value, added: &Value) {
    for operation in added["ops"].as_array().unwrap_or_else(|| panic!("no operations: {added}")) {
        let [name, path, value] = operation.as_array().map(Vec::as_slice).unwrap_or_default()
        else {
            panic!("no operation: {operation}")
        };
        let path = path.as_array().map(Vec::as_slice).unwrap_or_default();
        let place = match (name.as_str(), path) {
            (Some("insert"), [to @ .., _]) => walk(snapshot, to),
            _ => walk(snapshot, path),
        };
        match (name.as_str(), place, value) {
            (Some("set"), place, value) => *place = value.clone(),
            (Some("append"), Value::String(text), Value::String(more)) => text.push_str(more),
            (Some("extend"), place, Value::Array(items)) => {
                list(place).extend(items.iter().cloned());
            }
            (Some("insert"), place, value) => {
                let at =
                    path.last().and_then(Value::as_u64).unwrap_or_else(|| panic!("{operation}"));
                list(place).insert(at as usize, value.clone());
            }
            (_, place, _) => panic!("{operation} at {place}"),
        }
    }
}

fn list(place: &mut Value) -> &mut Vec<Value> {
    if place.is_null() {
        *place = json!([]);
    }
    place.as_array_mut().unwrap_or_else(|| panic!("there is no list"))
}

fn walk<'v>(value: &'v mut Value, path: &[Value]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Value::Number(place) => {
            let place = place.as_u64().unwrap_or_else(|| panic!("no place: {place}"));
            &mut value[place as usize]
        }
        Value::String(name) => &mut value[name.as_str()],
        step => &mut value[step[0].as_str().unwrap_or_else(|| panic!("no step: {step}"))],
    })
}
