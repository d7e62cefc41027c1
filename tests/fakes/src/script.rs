//! A scripted reply: its head, its framing, and its steps; written in JSON or built in Rust.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::openai;
use crate::step::Step;

/// The framing that marks the end of the body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// Chunked transfer coding.
    #[default]
    Chunked,
    /// A `Content-Length` of everything that the steps would send. Steps after a `truncate` count, so a
    /// reply can promise more than it sends.
    Length,
    /// No framing; the connection closes.
    Close,
    /// No head at all: the steps are every byte of the reply, then the connection closes.
    Raw,
}

/// The service's action on a request with a script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// None, as if the request had not reached it.
    #[default]
    Nothing,
    /// It does its work, but the reply is the script's. This simulates a reply that is lost after the work was done.
    Commit,
    /// It does its work, and sends its own reply: later, in pieces, with more headers, or followed by more steps,
    /// as set by the script. Status and framing are the service's.
    Pass,
}

/// One scripted reply.
///
/// In JSON, every field is optional, and an unknown field is an error:
///
/// ```json
/// {
///   "status": 200,
///   "headers": [["x-ratelimit-remaining-requests", "59"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]],
///   "framing": "chunked",
///   "act": "nothing",
///   "split": 3,
///   "split_wait_ms": 5,
///   "coalesce": 65536,
///   "wait_ms_before_headers": 20,
///   "keep_alive": true,
///   "steps": [{"role": "assistant"}, {"text": "안녕"}, {"finish": "stop"}, {"done": true}]
/// }
/// ```
///
/// Names of two words may also be in camel case, as `keepAlive`, and so may those of steps, for callers in JavaScript.
///
/// After the last step the body is ended as its framing requires. `framing` is `chunked`, `length`,
/// `close` or `raw`: see [`Framing`]. `act` is `nothing`, `commit` or `pass`: see [`Act`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) framing: Framing,
    pub(crate) act: Act,
    pub(crate) split: Option<NonZeroUsize>,
    #[serde(alias = "splitWaitMs")]
    pub(crate) split_wait_ms: u64,
    pub(crate) coalesce: usize,
    #[serde(alias = "waitMsBeforeHeaders")]
    pub(crate) wait_ms_before_headers: u64,
    #[serde(alias = "keepAlive")]
    pub(crate) keep_alive: bool,
    pub(crate) steps: Vec<Step>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            framing: Framing::default(),
            act: Act::default(),
            split: None,
            split_wait_ms: 0,
            coalesce: 0,
            wait_ms_before_headers: 0,
            keep_alive: true,
            steps: Vec::new(),
        }
    }
}

impl Script {
    /// A 200 with an empty stream, to add steps to.
    pub fn new() -> Self {
        Self::default()
    }

    /// A good stream: role, the given deltas, `stop`, `[DONE]`.
    pub fn chat<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        let start = Self::new().role("assistant");
        texts.into_iter().fold(start, Self::text).finish("stop").done()
    }

    /// A reply that is not streamed: the JSON, with its `Content-Length`.
    pub fn body(value: impl Into<Value>) -> Self {
        Self::new().framing(Framing::Length).json(value)
    }

    /// The service's own reply: to delay, drip or extend it, or to end a queue of faults.
    pub fn pass() -> Self {
        Self { act: Act::Pass, ..Self::default() }
    }

    /// Makes the service do its work although the script replies; see [`Act::Commit`].
    pub fn after_commit(mut self) -> Self {
        self.act = Act::Commit;
        self
    }

    /// An error in the format of an LLM service.
    pub fn error(status: u16, message: &str) -> Self {
        Self::body(openai::error(status, message, None, None)).status(status)
    }

    /// The HTTP status; 200 unless set.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header, spelled as given. It replaces a default of the same name, and is added to
    /// others of the same name that were added before.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The framing of the body; [`Framing::Chunked`] unless set.
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Splits the bytes of each step into pieces of at most this many bytes: an HTTP chunk and a TCP
    /// write each. Unless set, a step is one piece.
    ///
    /// # Panics
    ///
    /// On 0.
    pub fn split(mut self, bytes: usize) -> Self {
        self.split = Some(NonZeroUsize::new(bytes).expect("a split is at least one byte long"));
        self
    }

    /// A pause between the pieces that [`split`](Self::split) cuts a step into.
    pub fn split_wait_ms(mut self, ms: u64) -> Self {
        self.split_wait_ms = ms;
        self
    }

    /// Buffers pieces until this many bytes are ready for one TCP write, for high rates. Each
    /// stays a separate HTTP chunk. With 0, the default, each piece is a write.
    pub fn coalesce(mut self, bytes: usize) -> Self {
        self.coalesce = bytes;
        self
    }

    /// A pause before the first byte of the reply.
    pub fn wait_ms_before_headers(mut self, ms: u64) -> Self {
        self.wait_ms_before_headers = ms;
        self
    }

    /// Keeps the connection open for another request. Default true.
    pub fn keep_alive(mut self, keep_alive: bool) -> Self {
        self.keep_alive = keep_alive;
        self
    }

    /// Adds any step.
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Adds [`Step::Send`].
    pub fn send(self, text: impl Into<String>) -> Self {
        self.step(Step::Send(text.into()))
    }

    /// Adds [`Step::SendHex`], from bytes.
    pub fn send_bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::SendHex(bytes.into()))
    }

    /// Adds [`Step::Sse`].
    pub fn sse(self, value: impl Into<Value>) -> Self {
        self.step(Step::Sse(value.into()))
    }

    /// Adds [`Step::Role`].
    pub fn role(self, role: impl Into<String>) -> Self {
        self.step(Step::Role(role.into()))
    }

    /// Adds [`Step::Text`].
    pub fn text(self, text: impl Into<String>) -> Self {
        self.step(Step::Text(text.into()))
    }

    /// Adds [`Step::Finish`].
    pub fn finish(self, reason: impl Into<String>) -> Self {
        self.step(Step::Finish(reason.into()))
    }

    /// Adds [`Step::Usage`].
    pub fn usage(self, prompt_tokens: u64, completion_tokens: u64) -> Self {
        self.step(Step::Usage(prompt_tokens, completion_tokens))
    }

    /// Adds [`Step::Done`].
    pub fn done(self) -> Self {
        self.step(Step::Done)
    }

    /// Adds [`Step::Json`].
    pub fn json(self, value: impl Into<Value>) -> Self {
        self.step(Step::Json(value.into()))
    }

    /// Adds [`Step::Comment`].
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.step(Step::Comment(text.into()))
    }

    /// Adds [`Step::WaitMs`].
    pub fn wait_ms(self, ms: u64) -> Self {
        self.step(Step::WaitMs(ms))
    }

    /// Adds [`Step::Repeat`] of the steps that `body` adds to an empty script.
    pub fn repeat(self, times: u64, body: impl FnOnce(Self) -> Self) -> Self {
        let steps = body(Self::new()).steps;
        self.step(Step::Repeat { times, steps })
    }

    /// Adds [`Step::Drip`].
    ///
    /// # Panics
    ///
    /// When `bytes` is 0.
    pub fn drip(self, text: impl Into<String>, bytes: usize, wait_ms: u64) -> Self {
        let bytes = NonZeroUsize::new(bytes).expect("a drip is at least one byte");
        self.step(Step::Drip { text: text.into(), bytes, wait_ms })
    }

    /// Adds [`Step::Hold`].
    pub fn hold(self, name: impl Into<String>) -> Self {
        self.step(Step::Hold(name.into()))
    }

    /// Adds [`Step::Stall`].
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    /// Adds [`Step::Reset`].
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    /// Adds [`Step::Truncate`].
    pub fn truncate(self) -> Self {
        self.step(Step::Truncate)
    }

    /// The service's reply as [`Act::Pass`] sends it.
    pub(crate) fn over(&self, answer: Self) -> Self {
        Self {
            status: answer.status,
            framing: answer.framing,
            headers: [answer.headers, self.headers.clone()].concat(),
            steps: [answer.steps, self.steps.clone()].concat(),
            ..self.clone()
        }
    }

    /// The status and the JSON of a reply that is one JSON.
    pub(crate) fn into_json(self) -> (u16, Value) {
        let json = self.steps.into_iter().find_map(|step| match step {
            Step::Json(json) => Some(json),
            _ => None,
        });
        (self.status, json.unwrap_or_default())
    }

    /// One script or a list of them, the JSON form of a key's queue.
    pub(crate) fn queue(json: Value) -> serde_json::Result<Vec<Self>> {
        // Distinguished by hand: an untagged enum would lose the message that names the typo.
        if json.is_array() {
            serde_json::from_value(json)
        } else {
            serde_json::from_value(json).map(|script| vec![script])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_builder_agree() {
        let written: Script = serde_json::from_value(json!({
            "status": 503,
            "headers": [["retry-after", "1"]],
            "framing": "length",
            "split": 2,
            "wait_ms_before_headers": 5,
            "keep_alive": false,
            "steps": [{"text": "a"}, {"repeat": {"times": 2, "steps": [{"comment": "x"}]}}],
        }))
        .unwrap();
        let built = Script::new()
            .status(503)
            .header("retry-after", "1")
            .framing(Framing::Length)
            .split(2)
            .wait_ms_before_headers(5)
            .keep_alive(false)
            .text("a")
            .repeat(2, |body| body.comment("x"));
        assert_eq!(written, built);
    }

    #[test]
    fn names_may_be_in_camel_case() {
        let read = |json| serde_json::from_value::<Script>(json).unwrap();
        let camel = read(json!({
            "splitWaitMs": 1,
            "waitMsBeforeHeaders": 2,
            "keepAlive": false,
            "steps": [{"sendHex": "efbb"}, {"waitMs": 3}, {"drip": {"text": "a", "waitMs": 4}}],
        }));
        let snake = read(json!({
            "split_wait_ms": 1,
            "wait_ms_before_headers": 2,
            "keep_alive": false,
            "steps": [{"send_hex": "efbb"}, {"wait_ms": 3}, {"drip": {"text": "a", "wait_ms": 4}}],
        }));
        assert_eq!(camel, snake);
    }

    #[test]
    fn the_message_names_the_typo() {
        for json in [json!({"stauts": 200}), json!([{"steps": [{"stauts": 1}]}])] {
            let error = Script::queue(json).unwrap_err().to_string();
            assert!(error.contains("stauts"), "{error}");
        }
    }
}
