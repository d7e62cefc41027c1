//! Recognition of errors in JSON: services report them in many forms, and send empty ones on success.

use serde_json::{Map, Value};

use super::words::{CODES, words};

/// Codes and words that services send on success.
const FINE: &[&str] = &["0", "200", "ok", "success", "null", "none", "false"];

/// The fields that contain an error.
const ERRORS: &[&str] = &["error", "errors", "fault", "Error"];

/// The objects next to a chunk, or around an error, in which services put such a field.
const AROUND: &[&str] = &["x_groq", "response", "Response", "ResponseMetadata"];

/// MiniMax's status field, sent for failure and for success.
const BASE: &str = "base_resp";

/// Returns true if JSON in place of a chunk or a reply reports an error. An empty error does not count.
pub(crate) fn reports_error(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item.is_object() && reports_error(item)),
        Value::Object(object) => inner(object).is_some() || has_no_reply(object) && is_flat(object),
        _ => false,
    }
}

/// The field of an object that contains an error, if there is one.
pub(super) fn inner(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    type Field<'a> = Option<(&'a String, &'a Value)>;
    fn in_errors(object: &Map<String, Value>) -> Field<'_> {
        let filled = |name: &&str| object.get_key_value(*name).filter(|(_, told)| is_filled(told));
        ERRORS.iter().find_map(filled)
    }
    let is_error =
        |(name, value): &(&String, &Value)| is_named(name) && value.is_object() && is_filled(value);
    let base = || object.get_key_value(BASE);
    let found = in_errors(object)
        .or_else(|| object.iter().find(is_error))
        .or_else(|| base().filter(|(_, told)| told.get("status_code").is_some_and(is_filled)))
        .or_else(|| AROUND.iter().find_map(|name| in_errors(object.get(*name)?.as_object()?)));
    found.map(|(name, value)| (name.as_str(), value)).or_else(|| {
        let choices = object.get("choices")?.as_array()?;
        let error = choices.iter().find_map(|choice| choice.get("error").filter(|e| is_filled(e)));
        error.map(|error| ("error", error))
    })
}

/// Returns true if a field next to `choices` may report an error.
pub(crate) fn may_report_error(name: &str) -> bool {
    ERRORS.contains(&name) || AROUND.contains(&name) || name == BASE || is_named(name)
}

/// Returns true if a field has the name of an error of Amazon's services.
pub(super) fn is_named(name: &str) -> bool {
    name.len() > "Exception".len() && (name.ends_with("Exception") || name.ends_with("Error"))
}

/// Returns true if a word is one that services use for errors: `error`, `exception`, Bedrock's many, and similar.
pub(crate) fn names_an_error(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let contains = |part| word.contains(part);
    contains("error")
        || contains("exception")
        || word.starts_with("fail")
        || word.ends_with("failed")
}

fn has_no_reply(object: &Map<String, Value>) -> bool {
    object.get("choices").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// Returns true if an object is itself an error. Services also send progress and keep-alives as objects with a message.
fn is_flat(object: &Map<String, Value>) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let filled = |name: &str| object.get(name).is_some_and(is_filled);
    if ["object", "type", "__type", "status"].iter().any(|name| names_an_error(text(name)))
        || object.get("success").is_some_and(|success| success == false)
    {
        return true;
    }
    let bad = |code: &Value| match code.as_u64() {
        Some(number) => !(1..400).contains(&number) && number != 0,
        None => is_filled(code),
    };
    let coded = CODES.iter().filter_map(|name| object.get(*name)).any(bad)
        || object.get("status").is_some_and(|status| status.is_number() && bad(status));
    let says = words(object).is_some();
    let sure = [
        "detail",
        "error_message",
        "errorMessage",
        "error_msg",
        "error_description",
        "faultstring",
    ];
    let has = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    let alone = !["object", "type", "event", "status", "code", "id"].iter().any(|name| has(name))
        && ["message", "Message"].iter().any(|name| !text(name).is_empty() && filled(name));
    says && (coded || alone || sure.iter().any(|name| filled(name)))
}

/// Returns true if the value of an error field is not empty.
pub(crate) fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0) && number.as_u64() != Some(200),
        Value::String(text) => {
            let text = text.trim();
            !text.is_empty() && !FINE.iter().any(|fine| text.eq_ignore_ascii_case(fine))
        }
        Value::Array(items) => items.iter().any(is_filled),
        Value::Object(object) => object.values().any(is_filled),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_tells_of_no_trouble_is_none() {
        for fine in [
            json!({"choices": [{"delta": {}}], "error": {"message": "", "type": "", "param": "", "code": null}}),
            json!({"error": {"message": "", "code": 0}}),
            json!({"error": ""}),
            json!({"error": {}}),
            json!({"error": []}),
            json!({"error": false}),
            json!({"error": null}),
            json!({"choices": [], "errors": []}),
            json!({"choices": [{"delta": {"content": "a"}}], "message": "a", "code": 500}),
            json!({"base_resp": {"status_code": 0, "status_msg": "success"}}),
            json!({"choices": [], "x_groq": {"id": "r", "error": null}, "response": {"error": {}}}),
            json!({"type": "ping"}),
            json!({"type": "status", "message": "the model is loading"}),
            json!({"status": "processing", "message": "queued"}),
            json!({"code": 0, "message": "success"}),
            json!({"code": 200, "msg": "OK"}),
            json!({"id": "", "choices": [], "prompt_filter_results": []}),
            json!([{"choices": []}]),
            json!([]),
            json!("error"),
            json!(null),
        ] {
            assert!(!reports_error(&fine), "{fine}");
        }
    }
}
