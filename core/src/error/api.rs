//! The error object of a service, parsed from each of the forms that services use.

use serde_json::{Map, Value};

use super::trouble::{self, is_filled, is_named};
use super::words::{CODES, KINDS, text_of, words};

/// The error object that a service sent: `{"error": {"message", "type", "code", "param"}}`, or one of the many forms
/// that other services use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The service's message for a person.
    pub message: String,
    /// The service's class of error, such as `invalid_request_error`.
    pub kind: Option<String>,
    /// The service's code, such as `model_not_found`; a number is converted to its digits.
    pub code: Option<String>,
    /// The parameter that caused the error.
    pub param: Option<String>,
    pub(crate) fields: Map<String, Value>,
}

impl ApiError {
    /// An error with only a message.
    pub(crate) fn of_text(message: &str) -> Self {
        Self::of_object(&Map::new(), message.to_owned())
    }

    /// An error with a message and a code.
    pub(crate) fn coded(message: &str, code: &str) -> Self {
        let object = Map::from_iter([("code".to_owned(), code.into())]);
        Self::of_object(&object, message.to_owned())
    }

    /// Parses JSON that is known to describe an error, such as the body of a response with an error status.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::of_text(text)).filter(|_| is_filled(value)),
            Value::Array(items) => items.iter().find_map(Self::from_json),
            Value::Object(object) => match trouble::inner(object) {
                Some((name, inner)) => Some(Self::of_inner(object, name, inner)),
                None => text_of(value).map(|message| Self::of_object(object, message)),
            },
            _ => None,
        }
    }

    /// All fields of the service's error object as received: numbers stay numbers, and unmodelled fields are included.
    /// `message`, `type`, `code` and `param` are always present, null where the service sent none.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// Returns true if an error inside a response is transient, judged by its code or type.
    pub(crate) fn is_transient(&self) -> bool {
        const PASSING: &[&str] = &[
            "rate_limit",
            "ratelimit",
            "too_many_requests",
            "toomanyrequests",
            "throttl",
            "overload",
            "exhausted",
            "unavailable",
            "internal",
            "server_error",
            "servererror",
            "timeout",
            "timed_out",
            "deadline",
            "capacity",
            "busy",
        ];
        let words = || {
            let status = self.fields.get("status").and_then(Value::as_str).map(str::to_owned);
            [self.code.clone(), self.kind.clone(), status].into_iter().flatten()
        };
        !words().any(|word| word == "insufficient_quota")
            && words().any(|word| match word.parse::<u16>() {
                Ok(status) => matches!(status, 408 | 409 | 429 | 500..=599),
                Err(_) => {
                    let word = word.to_ascii_lowercase();
                    PASSING.iter().any(|passing| word.contains(passing))
                }
            })
    }

    /// Parses an error in a field of an object whose other fields may describe it further.
    fn of_inner(outer: &Map<String, Value>, name: &str, inner: &Value) -> Self {
        let around = || words(outer);
        match inner {
            Value::Object(object) => {
                // Some gateways wrap an error in their own.
                if text_of(inner).is_none()
                    && let Some((name, deeper)) = trouble::inner(object)
                {
                    return Self::of_inner(object, name, deeper);
                }
                let message = text_of(inner).or_else(around).unwrap_or_else(|| inner.to_string());
                let mut error = Self::of_object(object, message);
                // Bedrock encodes the kind in the field's name.
                error.kind =
                    error.kind.or_else(|| Some(name.to_owned()).filter(|name| is_named(name)));
                error
            }
            Value::Array(items) => {
                let message = text_of(inner).or_else(around).unwrap_or_else(|| inner.to_string());
                match items.iter().find_map(Value::as_object) {
                    Some(first) => Self::of_object(first, message),
                    None => Self::of_text(&message),
                }
            }
            _ => {
                let said = inner.as_str().map(str::to_owned);
                let message = match (said, around()) {
                    (Some(said), Some(more)) if !more.contains(&said) => format!("{said}: {more}"),
                    (_, Some(more)) => more,
                    (said, None) => said.unwrap_or_else(|| inner.to_string()),
                };
                let mut object = outer.clone();
                object.retain(|field, _| field != name && field != "choices" && field != "usage");
                let mut error = Self::of_object(&object, message);
                error.code = error.code.or_else(|| inner.as_number().map(ToString::to_string));
                error
            }
        }
    }

    fn of_object(object: &Map<String, Value>, message: String) -> Self {
        let word = |name: &str| match object.get(name)? {
            Value::String(word) if !word.is_empty() => Some(word.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let status = object.get("status");
        let named = |is: fn(&Value) -> bool| word("status").filter(|_| status.is_some_and(is));
        let mut fields = object.clone();
        if !fields.get("message").is_some_and(Value::is_string) {
            fields.insert("message".to_owned(), message.as_str().into());
        }
        let kind = KINDS.iter().find_map(|name| word(name)).or_else(|| named(Value::is_string));
        let code = CODES.iter().find_map(|name| word(name)).or_else(|| named(Value::is_number));
        let param = word("param");
        for (name, word) in [("type", &kind), ("code", &code), ("param", &param)] {
            fields.entry(name).or_insert_with(|| word.as_deref().into());
        }
        ApiError { message, kind, code, param, fields }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::trouble::reports_error;
    use super::*;

    #[test]
    fn errors_are_read_in_every_form_in_use() {
        let read = |value: Value| {
            let error = ApiError::from_json(&value).unwrap_or_else(|| panic!("{value}"));
            (error.message, error.kind, error.code)
        };
        let told = |message: &str, kind: &str, code: &str| {
            let word = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
            (message.to_owned(), word(kind), word(code))
        };
        let cases = [
            (
                json!({"error": {"message": "no", "type": "t", "code": "x", "param": null}}),
                ("no", "t", "x"),
            ),
            (json!({"error": {"message": "no", "code": 429}}), ("no", "", "429")),
            (
                json!([{"error": {"message": "no", "status": "UNAVAILABLE", "code": 503}}]),
                ("no", "UNAVAILABLE", "503"),
            ),
            (json!({"error": "no"}), ("no", "", "")),
            (json!({"error": "no", "error_type": "overloaded"}), ("no", "overloaded", "")),
            (
                json!({"error": "invalid_token", "error_description": "expired"}),
                ("invalid_token: expired", "", ""),
            ),
            (json!({"error": true, "message": "no"}), ("no", "", "")),
            (json!({"error": {"code": 7}}), (r#"{"code":7}"#, "", "7")),
            (
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "no"}}),
                ("no", "overloaded_error", ""),
            ),
            (json!({"object": "error", "message": "no", "code": 400}), ("no", "", "400")),
            (
                json!({"object": "error", "message": {"detail": [{"loc": ["body", 0], "msg": "no"}]}}),
                ("body.0: no", "", ""),
            ),
            (json!({"detail": "no"}), ("no", "", "")),
            (json!({"detail": [{"msg": "a"}, {"msg": "b"}]}), ("a; b", "", "")),
            (
                json!({"success": false, "errors": [{"code": 7003, "message": "no"}]}),
                ("no", "", "7003"),
            ),
            (
                json!({"code": 429, "message": "no", "details": "RESOURCE_EXHAUSTED"}),
                ("no", "", "429"),
            ),
            (json!({"message": "no", "error_code": 3}), ("no", "", "3")),
            (
                json!({"internalServerException": {"message": "no"}}),
                ("no", "internalServerException", ""),
            ),
            (json!({"base_resp": {"status_code": 1004, "status_msg": "no"}}), ("no", "", "1004")),
            (json!({"choices": [{"error": {"message": "no", "code": 502}}]}), ("no", "", "502")),
            (json!("no"), ("no", "", "")),
        ];
        for (value, (message, kind, code)) in cases {
            assert!(reports_error(&value) || value.is_string(), "{value}");
            assert_eq!(read(value.clone()), told(message, kind, code), "{value}");
        }
        for other in [
            json!(""),
            json!({}),
            json!([]),
            json!(3),
            json!({"error": {}}),
            json!({"error": "", "detail": []}),
        ] {
            assert_eq!(ApiError::from_json(&other), None, "{other}");
        }
    }

    #[test]
    fn fields_stay_as_they_came() {
        let fields = |value: Value| Value::Object(ApiError::from_json(&value).unwrap().fields);
        let object =
            json!({"code": 429, "message": "no", "type": "t", "param": null, "metadata": {"a": 1}});
        assert_eq!(fields(json!({"error": object})), object);
        let text = json!({"error": "no", "status": 500, "choices": []});
        let told =
            json!({"message": "no", "type": null, "code": "500", "param": null, "status": 500});
        assert_eq!(fields(text), told);
        let alone = json!({"message": "no", "type": null, "code": null, "param": null});
        assert_eq!(
            (fields(json!("no")), fields(json!({"detail": "no"}))["message"].clone()),
            (alone, "no".into())
        );
    }

    #[test]
    fn errors_inside_a_response_pass_or_do_not_by_their_words() {
        let passing =
            |code: &str| ApiError { code: Some(code.into()), ..ApiError::default() }.is_transient();
        for word in [
            "429",
            "503",
            "rate_limit_exceeded",
            "overloaded_error",
            "server_error",
            "RESOURCE_EXHAUSTED",
            "UNAVAILABLE",
            "ThrottlingException",
            "DEADLINE_EXCEEDED",
            "internalServerException",
        ] {
            assert!(passing(word), "{word}");
        }
        for word in [
            "400",
            "404",
            "model_not_found",
            "insufficient_quota",
            "content_filter",
            "INVALID_ARGUMENT",
        ] {
            assert!(!passing(word), "{word}");
        }
        let quota = json!({"error": {"message": "no", "type": "insufficient_quota", "code": 429}});
        assert!(!ApiError::from_json(&quota).unwrap().is_transient());
    }
}
