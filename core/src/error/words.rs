//! The message, the code and the class of an error, under each of the names that services use.

use serde_json::{Map, Value};

/// The fields of a message for a person, in order of preference.
const WORDS: &[&str] = &[
    "message",
    "Message",
    "msg",
    "error_message",
    "errorMessage",
    "error_msg",
    "status_msg",
    "error_description",
    "detail",
    "details",
    "faultstring",
    "title",
    "reason",
];
/// The fields of a code.
pub(super) const CODES: &[&str] =
    &["code", "Code", "error_code", "errorCode", "status_code", "statusCode", "http_code"];
/// The fields of an error class.
pub(super) const KINDS: &[&str] = &["type", "error_type", "errorType", "__type"];

/// The message of an object, if it has one.
pub(super) fn words(object: &Map<String, Value>) -> Option<String> {
    WORDS.iter().find_map(|name| text_of(object.get(*name)?))
}

/// The message in a value. FastAPI sends a list of messages, each with its location in the request.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().filter_map(text_of).collect();
            Some(texts.join("; ")).filter(|_| !texts.is_empty())
        }
        Value::Object(object) => {
            let text = words(object)?;
            let place = object.get("loc").and_then(Value::as_array).into_iter().flatten();
            let place =
                place.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
            let place = place.collect::<Vec<_>>().join(".");
            Some(if place.is_empty() { text } else { format!("{place}: {text}") })
        }
        _ => None,
    }
}
