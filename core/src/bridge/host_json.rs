//! Questions to functions of the host, and their answers, as JSON: one format for all languages.
//!
//! | function | question | answer |
//! | --- | --- | --- |
//! | [`HostSentiment`](super::HostSentiment) | the text | the label, a string |
//! | [`HostTokenProvider`](super::HostTokenProvider) | `{"user_id", "refused"}`, the latter being tokens or null | tokens, `{"access_token", "refresh_token"}`, or null for none |
//! | [`HostSink`](super::HostSink) | `{"id", "conversation", "user_id", "payload", "tokens"}` | null (delivered), or `{"outcome", "reason", "after"}` with the outcome `delivered`, `retry`, `unavailable`, `needs_token` or `dead`, and `after` in seconds |
//! | [`HostSpeaker`](super::HostSpeaker) | `{"text", "voice", "language", "speed", "instructions", "format"}` | audio through an [`AudioWriter`], not JSON |

use std::time::Duration;

use serde_json::{Value, json};

use super::host::Reply;
use super::host_audio::AudioWriter;
use crate::credentials::{TokenRequest, Tokens};
use crate::outbox::{Outcome, Record};
use crate::speech::{AudioFormat, AudioStream, SpeechRequest};

/// A question that crosses to the host as JSON.
pub trait Question {
    /// The question's JSON.
    fn to_json(&self) -> String;
}

/// An answer that comes from the host as JSON.
pub trait HostAnswer: Sized {
    /// A description of the answer's form.
    const FORM: &str;

    /// Reads an answer; `None` if it has another form.
    fn from_json(json: Value) -> Option<Self>;

    /// The writer of an answer that is audio; another answer fails the question.
    fn audio(reply: Reply<Self>, _media_type: Option<String>) -> Option<AudioWriter> {
        reply.refuse(format!("the function must return {}", Self::FORM));
        None
    }
}

impl<A: HostAnswer> Reply<A> {
    /// Answers the question with JSON. An answer of another form fails it: an error of code `callback`, which does not
    /// show the answer.
    pub fn answer_json(self, json: &str) {
        match serde_json::from_str(json).ok().and_then(A::from_json) {
            Some(answer) => self.answer(answer),
            None => {
                self.refuse(format!("the function must return {}", A::FORM));
            }
        }
    }
}

impl Question for String {
    fn to_json(&self) -> String {
        Value::from(self.as_str()).to_string()
    }
}

impl HostAnswer for String {
    const FORM: &str = "a string";

    fn from_json(json: Value) -> Option<Self> {
        match json {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Question for TokenRequest {
    fn to_json(&self) -> String {
        json!({ "user_id": self.user, "refused": self.refused.as_ref().map(pair) }).to_string()
    }
}

impl HostAnswer for Option<Tokens> {
    const FORM: &str = "an access_token and a refresh_token, both strings, or nothing";

    fn from_json(json: Value) -> Option<Self> {
        if json.is_null() {
            return Some(None);
        }
        let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
        Some(Some(Tokens::new(text("access_token")?, text("refresh_token")?)))
    }
}

impl Question for Record {
    fn to_json(&self) -> String {
        json!({
            "id": self.id(),
            "conversation": self.conversation(),
            "user_id": self.user_id(),
            "payload": self.payload(),
            "tokens": self.known_tokens().map(pair),
        })
        .to_string()
    }
}

impl HostAnswer for Outcome {
    const FORM: &str = "nothing for a record that is delivered, or an outcome (delivered, retry, unavailable, \
                        needs_token, dead) with a reason, and after: a wait that is a number and not negative";

    fn from_json(json: Value) -> Option<Self> {
        if json.is_null() {
            return Some(Outcome::Delivered);
        }
        let reason = || match json.get("reason") {
            None | Some(Value::Null) => Some("the host gave no reason".to_owned()),
            Some(reason) => reason.as_str().map(str::to_owned),
        };
        let after = || match json.get("after") {
            None | Some(Value::Null) => Some(None),
            Some(after) => Duration::try_from_secs_f64(after.as_f64()?).ok().map(Some),
        };
        Some(match json.get("outcome")?.as_str()? {
            "delivered" => Outcome::Delivered,
            "needs_token" => Outcome::NeedsToken,
            "retry" => Outcome::Retry { after: after()?, reason: reason()? },
            "unavailable" => Outcome::Unavailable { after: after()?, reason: reason()? },
            "dead" => Outcome::Dead { reason: reason()? },
            _ => return None,
        })
    }
}

impl Question for SpeechRequest {
    fn to_json(&self) -> String {
        json!({
            "text": self.text,
            "voice": self.voice,
            "language": self.language,
            "speed": self.speed,
            "instructions": self.instructions,
            "format": self.format.map(AudioFormat::as_str),
        })
        .to_string()
    }
}

impl HostAnswer for AudioStream {
    const FORM: &str = "audio, as bytes";

    fn from_json(_: Value) -> Option<Self> {
        None
    }

    fn audio(reply: Reply<Self>, media_type: Option<String>) -> Option<AudioWriter> {
        Some(AudioWriter::new(reply, media_type))
    }
}

/// Tokens in clear text: they belong to the host.
fn pair(tokens: &Tokens) -> Value {
    json!({ "access_token": tokens.access.expose(), "refresh_token": tokens.refresh.expose() })
}
