//! The steps of a scripted reply, and their form in JSON.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One step of a [`Script`](crate::Script).
///
/// In JSON a step is an object with one key; an unknown key is an error.
///
/// | JSON | on the wire |
/// | --- | --- |
/// | `{"send": "raw text"}` | the text as it is |
/// | `{"send_hex": "efbbbf"}` | the bytes |
/// | `{"sse": {"any": "JSON"}}` | `data: {"any":"JSON"}` and a blank line |
/// | `{"role": "assistant"}` | a chat chunk whose delta has the role and an empty content |
/// | `{"text": "안"}` | a chat chunk whose delta has the content |
/// | `{"finish": "stop"}` | a chat chunk with an empty delta and the finish reason |
/// | `{"usage": [12, 34]}` | a chat chunk with no choices: prompt and completion tokens |
/// | `{"done": true}` | `data: [DONE]` and a blank line |
/// | `{"json": {"any": "JSON"}}` | the JSON, compact: a body that is not streamed |
/// | `{"comment": "ping"}` | `: ping` and a blank line |
/// | `{"wait_ms": 20}` | a pause; buffered pieces are sent first |
/// | `{"repeat": {"times": 3, "steps": [...]}}` | the steps that many times |
/// | `{"drip": {"text": "...", "bytes": 1, "wait_ms": 5}}` | this many bytes (default 1) at a time, with a wait before each piece except the first |
/// | `{"hold": "name"}` | silence until `POST /_fake/release/name`; buffered pieces are sent first |
/// | `{"stall": true}` | silence until the client leaves |
/// | `{"reset": true}` | a TCP reset |
/// | `{"truncate": true}` | the connection closes before the end of the body |
///
/// Chat chunks echo the request's model; if the request asked for usage they have
/// `"usage": null`, as the real service's do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Text, as it is.
    Send(String),
    /// Bytes, as they are; hexadecimal in JSON.
    #[serde(with = "hex", alias = "sendHex")]
    SendHex(Vec<u8>),
    /// Any JSON as an SSE event.
    Sse(Value),
    /// The first delta: a role and an empty content.
    Role(String),
    /// A delta with content.
    Text(String),
    /// The last delta: empty, with a finish reason.
    Finish(String),
    /// The usage chunk: prompt tokens, completion tokens.
    Usage(u64, u64),
    /// `data: [DONE]`.
    #[serde(with = "only_true")]
    Done,
    /// Any JSON, bare.
    Json(Value),
    /// An SSE comment.
    Comment(String),
    /// A pause, in milliseconds.
    #[serde(alias = "waitMs")]
    WaitMs(u64),
    /// Repeated steps. The body is serialised once, for any `times`.
    Repeat {
        /// The number of rounds.
        times: u64,
        /// The steps of each.
        steps: Vec<Step>,
    },
    /// Text in small pieces; it is split between bytes, even inside a character.
    Drip {
        /// The text.
        text: String,
        /// The bytes of each piece.
        #[serde(default = "one")]
        bytes: NonZeroUsize,
        /// The pause between two writes, in milliseconds.
        #[serde(alias = "waitMs")]
        wait_ms: u64,
    },
    /// Silence until the test releases this name.
    Hold(String),
    /// Silence on an open connection.
    #[serde(with = "only_true")]
    Stall,
    /// A TCP reset.
    #[serde(with = "only_true")]
    Reset,
    /// A TCP close before the body's end.
    #[serde(with = "only_true")]
    Truncate,
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

/// `{"done": true}`: steps without a value have the same shape as all steps, and
/// the ambiguous `{"done": false}` is refused.
mod only_true {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        if bool::deserialize(deserializer)? {
            Ok(())
        } else {
            Err(D::Error::custom("this step is written with `true`; to skip it, leave it out"))
        }
    }
}

/// Decoded when the script is parsed, so that a typo fails there and not during a reply.
mod hex {
    use std::fmt::Write;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D>(deserializer: D) -> Result<Vec<u8>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
        let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or_else(|| {
            D::Error::custom(format_args!("{text:?} is not an even number of hex digits"))
        })?;
        Ok(digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | *digit as u8))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_step_survives_json() {
        let all = json!([
            {"send": "raw"}, {"send_hex": "efbbbf"}, {"sse": {"a": 1}}, {"role": "assistant"},
            {"text": "안"}, {"finish": "stop"}, {"usage": [1, 2]}, {"done": true}, {"json": []},
            {"comment": "ping"}, {"wait_ms": 20}, {"repeat": {"times": 2, "steps": [{"text": "a"}]}},
            {"drip": {"text": "ab", "bytes": 1, "wait_ms": 5}}, {"hold": "a"}, {"stall": true},
            {"reset": true}, {"truncate": true},
        ]);
        let steps: Vec<Step> = serde_json::from_value(all.clone()).unwrap();
        assert_eq!(steps[1], Step::SendHex(vec![0xef, 0xbb, 0xbf]));
        assert_eq!(serde_json::to_value(steps).unwrap(), all);
    }

    #[test]
    fn typos_fail() {
        for typo in [
            r#"{"txet": "a"}"#,
            r#"{"done": false}"#,
            r#"{"send_hex": "0"}"#,
            r#"{"send_hex": "zz"}"#,
            r#"{"text": "a", "finish": "stop"}"#,
            r#"{"repeat": {"times": 1, "steps": [], "forever": true}}"#,
            r#"{"drip": {"text": "a", "bytes": 0, "wait_ms": 1}}"#,
        ] {
            assert!(serde_json::from_str::<Step>(typo).is_err(), "{typo}");
            let value: Value = serde_json::from_str(typo).unwrap();
            assert!(serde_json::from_value::<Step>(value).is_err(), "{typo}, from a value");
        }
    }
}
