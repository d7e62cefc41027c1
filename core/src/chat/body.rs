//! The JSON of a request: built from its fields, or from JSON that is sent unchanged.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::message::Message;
use super::request::ChatRequest;
use super::verbatim::Verbatim;
use crate::error::{Error, ErrorKind, Result};
use crate::json::with_whole_pairs;

impl ChatRequest {
    /// A request from its JSON. Every field, known or unknown, is sent as written: in its order, and with numbers of
    /// any size. Unpaired surrogates in it become U+FFFD.
    ///
    /// `stream` is omitted: the call sets it. A field that is set afterwards replaces the one of the JSON; added
    /// messages follow those of the JSON.
    ///
    /// # Errors
    ///
    /// `invalid_request` when it is not a JSON object.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut given: Verbatim = serde_json::from_str(&with_whole_pairs(json)).map_err(|e| {
            let why = format!("the request is not a JSON object: {e}");
            Error::new(ErrorKind::InvalidRequest, "chat.request", why)
        })?;
        given.remove("stream");
        let model = given.get("model").and_then(|model| serde_json::from_str(model).ok());
        Ok(ChatRequest { model: model.unwrap_or_default(), given, ..Self::default() })
    }

    /// The number of replies that the request asks for.
    pub(super) fn asked(&self) -> usize {
        let given = || serde_json::from_str(self.given.get("n")?).ok();
        let n = match (self.extra.get("n"), self.n) {
            (Some(n), _) => n.as_u64(),
            (None, Some(n)) => Some(n.into()),
            (None, None) => given(),
        };
        usize::try_from(n.unwrap_or(1)).unwrap_or(1)
    }

    /// The body to send.
    pub(super) fn body(&self, stream: bool, operation: &'static str) -> Result<Bytes> {
        let refuse = |why: &str| Error::new(ErrorKind::InvalidRequest, operation, why);
        let is_given = |name| self.extra.contains_key(name) || self.given.get(name).is_some();
        if self.model.is_empty() && !is_given("model") {
            return Err(refuse("the request names no model"));
        }
        let body = || {
            // Order: the JSON's fields, then typed ones, then `extra`. The last field of a name wins.
            let mut body: Verbatim = serde_json::from_str(&serde_json::to_string(self)?)?;
            if let Some(given) = self.given.get("messages")
                && !self.extra.contains_key("messages")
            {
                body.set("messages".to_owned(), joined(given, &self.messages)?);
            }
            if stream {
                body.set("stream".to_owned(), RawValue::from_string("true".to_owned())?);
            } else if !is_given("stream_options") {
                body.remove("stream_options"); // services refuse it without a stream
            }
            serde_json::to_vec(&body)
        };
        body().map(Bytes::from).map_err(|e| refuse(&e.to_string()))
    }
}

/// Appends messages to a list in JSON. A value that is not a list stays unchanged when there are none to append.
fn joined(given: &str, more: &[Message]) -> serde_json::Result<Box<RawValue>> {
    let mut messages: Vec<Box<RawValue>> = match more {
        [] => return RawValue::from_string(given.to_owned()),
        _ => serde_json::from_str(given)?,
    };
    for message in more {
        messages.push(serde_json::value::to_raw_value(message)?);
    }
    serde_json::value::to_raw_value(&messages)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sent(request: &ChatRequest, stream: bool) -> Value {
        serde_json::from_slice(&request.body(stream, "test").unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let request = ChatRequest::new("m").user("hi");
        let expected = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        assert_eq!(sent(&request, false), expected);
    }

    #[test]
    fn extra_fields_replace_typed_ones() {
        let request =
            ChatRequest::new("m").temperature(0.5).extra("temperature", 1).extra("x", [1]);
        let body = String::from_utf8(request.body(true, "test").unwrap().to_vec()).unwrap();
        assert_eq!(body, r#"{"model":"m","messages":[],"temperature":1,"x":[1],"stream":true}"#);
    }

    #[test]
    fn a_request_from_json_is_sent_as_it_is() {
        let wire = json!({
            "model": "m", "n": 2, "stop": null, "top_k": 4,
            "messages": [{"role": "user", "content": "hi", "cache_control": {"type": "ephemeral"}}],
        });
        let mut given = wire.clone();
        given["stream"] = true.into();
        let request = ChatRequest::from_json(&given.to_string()).unwrap();
        assert_eq!((request.model.as_str(), request.asked()), ("m", 2));
        assert_eq!(sent(&request, false), wire);
        for other in ["[]", "3", "{", r#"{"n": NaN}"#, r#"{"a": "\u12"}"#] {
            assert_eq!(
                ChatRequest::from_json(other).unwrap_err().code(),
                "invalid_request",
                "{other}"
            );
        }
    }

    /// The body of a request that was built from JSON.
    fn resent(json: &str) -> String {
        let body = ChatRequest::from_json(json).unwrap().body(false, "test").unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn json_is_sent_in_the_order_and_with_the_numbers_that_it_was_given() {
        for wire in [
            r#"{"z":1,"model":"m","b":{"z":1,"a":{"2":0,"1":0}},"a":[],"messages":[]}"#,
            r#"{"seed":1180591620717411303424,"model":"m","messages":[{"content":-9223372036854775809}]}"#,
            r#"{"model":"m","messages":[],"x":[18446744073709551616,-0.0,1e400,1E-999,0.12345678901234567890]}"#,
            r#"{"model":"m","messages":"no list","x":{"a":1,"a":2}}"#,
        ] {
            assert_eq!(resent(wire), wire);
        }
        assert_eq!(
            resent(r#"{"model":"a","x":1,"model":"b"}"#),
            r#"{"model":"b","x":1}"#.replace(r#","x":1"#, r#","x":1,"messages":[]"#)
        );
        let deep = format!(
            r#"{{"model":"m","messages":{}1{}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert_eq!(resent(&deep), deep);
    }

    #[test]
    fn halves_of_surrogate_pairs_in_json_become_replacement_characters() {
        let sent = resent(
            r#"{"model":"m","messages":[{"content":"a\ud83d"}],"\ude00":"\ud83d\ude00 \\ud83d"}"#,
        );
        assert_eq!(
            sent,
            r#"{"model":"m","messages":[{"content":"a\ufffd"}],"\ufffd":"\ud83d\ude00 \\ud83d"}"#
                .replace(r#""\ufffd":"#, "\"\u{fffd}\":")
        );
    }

    #[test]
    fn a_request_from_json_takes_more_messages_and_other_values() {
        let json =
            r#"{"model":"a","messages":[{"role":"user","content":"1"}],"temperature":1,"n":3}"#;
        let request =
            ChatRequest::from_json(json).unwrap().user("2").temperature(0.5).extra("n", 2);
        assert_eq!(request.asked(), 2);
        let messages = json!([{"role": "user", "content": "1"}, {"role": "user", "content": "2"}]);
        let expected = json!({"model": "a", "messages": messages, "temperature": 0.5, "n": 2});
        assert_eq!(sent(&request, false), expected);
        assert_eq!(sent(&request.extra("messages", "all"), false)["messages"], "all");
        let odd = ChatRequest::from_json(r#"{"model":"m","messages":3}"#).unwrap().user("hi");
        assert_eq!(odd.body(false, "chat").unwrap_err().code(), "invalid_request");
    }

    #[test]
    fn stream_options_go_with_streams_alone() {
        let request = ChatRequest::new("m").include_usage();
        assert_eq!(sent(&request, true)["stream_options"], json!({"include_usage": true}));
        assert_eq!(sent(&request, false).get("stream_options"), None);
    }

    #[test]
    fn a_request_without_a_model_is_refused() {
        let error = ChatRequest::default().body(true, "chat").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }

    #[test]
    fn a_request_written_as_json_reads_and_writes_unchanged() {
        let wire = json!({
            "model": "m", "stop": "\n", "n": 2, "seed": 7, "top_k": 40,
            "metadata": {"a": "b"}, "reasoning_effort": "ultra", "tool_choice": "auto",
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "name": "kim", "content": [
                    {"type": "text", "text": "t"},
                    {"type": "image_url", "image_url": {"url": "u", "detail": "low"}},
                    {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
                ]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                ]},
                {"role": "tool", "tool_call_id": "c", "content": "r"},
                {"role": "narrator", "content": "an unknown role"},
            ],
            "response_format": {"type": "json_object"},
            "stream": false,
        });
        let request: ChatRequest = serde_json::from_value(wire.clone()).unwrap();
        assert_eq!(request.extra.len(), 2, "{:?}", request.extra);
        assert_eq!(sent(&request, false), wire);
    }
}
