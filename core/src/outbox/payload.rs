//! A payload in its stored form: only payloads that can be parsed again are accepted.

use serde_json::Value;

/// The deepest nesting of lists and objects that the JSON parser allows.
const DEEPEST: usize = 127;
/// The prefix of keys to which the JSON parser assigns a special meaning.
const RESERVED: &str = "$serde_json::private::";

/// The payload as JSON, or the reason why it could not be parsed again.
pub(super) fn write(payload: &Value) -> Result<String, String> {
    let depth = depth(payload);
    if depth > DEEPEST {
        let why = format!("the payload is nested {depth} deep, more than the limit of {DEEPEST}");
        return Err(why);
    }
    let text = payload.to_string();
    if text.contains(RESERVED) && serde_json::from_str(&text).ok().as_ref() != Some(payload) {
        return Err(format!("the payload has a key that begins with the reserved `{RESERVED}`"));
    }
    Ok(text)
}

/// The nesting depth of lists and objects. Not recursive, as the depth is unknown.
fn depth(payload: &Value) -> usize {
    let (mut open, mut deepest) = (vec![(payload, 1)], 0);
    while let Some((value, depth)) = open.pop() {
        let is_nested = |value: &&Value| value.is_array() || value.is_object();
        match value {
            Value::Array(items) => {
                open.extend(items.iter().filter(is_nested).map(|item| (item, depth + 1)));
            }
            Value::Object(fields) => {
                open.extend(fields.values().filter(is_nested).map(|field| (field, depth + 1)));
            }
            _ => continue,
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_accepted_can_be_read_and_what_cannot_be_read_is_refused() {
        for is_list in [true, false] {
            let mut payload = json!(12345678901234567890123456789.5);
            for depth in 0..200 {
                match (write(&payload), serde_json::from_str::<Value>(&payload.to_string())) {
                    (Ok(text), Ok(read)) => {
                        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), read);
                    }
                    (Err(why), Err(_)) => assert!(why.contains(&format!("nested {depth} deep"))),
                    other => panic!("depth {depth}: {other:?}"),
                }
                payload = if is_list { json!([1, payload]) } else { json!({"a": 1, "b": payload}) };
            }
        }
    }

    #[test]
    fn keys_that_the_reader_of_json_reserves_are_refused_and_their_mention_is_not() {
        for key in ["$serde_json::private::Number", "$serde_json::private::RawValue"] {
            for value in [json!("x"), json!("12"), json!({"deep": 1})] {
                let payload = json!({ "outer": { key: value } });
                match write(&payload) {
                    Ok(text) => assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), payload),
                    Err(why) => assert!(why.contains("reserved"), "{why}"),
                }
            }
            assert!(write(&json!({ "text": key })).is_ok());
        }
    }

    #[test]
    fn a_very_deep_payload_is_measured_without_recursion() {
        let mut payload = json!(0);
        for _ in 0..5_000 {
            payload = Value::Array(vec![payload]);
        }
        assert!(write(&payload).unwrap_err().contains("nested 5000 deep"));
    }
}
