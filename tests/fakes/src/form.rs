//! The forms of a reply: a script of a chat reply answers the request that streams and the one that does not.

use serde_json::Value;

use crate::openai::{self, Usage};
use crate::request::Request;
use crate::script::{Act, Framing, Script};
use crate::speech;
use crate::step::Step;

/// The form of the reply that a request asks for. Each form reads the queue `*` from its beginning: otherwise the
/// order of two requests of one turn, its reply and the name of its workspace, would decide which gets which script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// Chunks of a chat.
    Stream,
    /// A chat completion in one JSON.
    Whole,
    /// Sound.
    Speech,
    /// Any other.
    Plain,
}

impl Form {
    pub(crate) const ALL: [Self; 4] = [Self::Stream, Self::Whole, Self::Speech, Self::Plain];

    pub(crate) fn of(request: &Request, json: Option<&Value>) -> Self {
        match request.path.as_str() {
            path if path.ends_with("/chat/completions") => match is_stream(json) {
                true => Self::Stream,
                false => Self::Whole,
            },
            path if speech::has(path) => Self::Speech,
            _ => Self::Plain,
        }
    }
}

/// The request asks for a stream.
pub(crate) fn is_stream(json: Option<&Value>) -> bool {
    json.and_then(|json| json.get("stream")).and_then(Value::as_bool) == Some(true)
}

/// A script of a chat reply: the facts of its steps.
#[derive(Debug, Default)]
pub(crate) struct ChatReply {
    pub(crate) text: String,
    finish_reason: Option<String>,
    usage: Option<(u64, u64)>,
    wait_ms: u64,
    /// The step that ends the reply too early.
    fault: Option<Step>,
}

impl ChatReply {
    /// `None` for a script that sends anything else.
    pub(crate) fn of(script: &Script) -> Option<Self> {
        let chunks = |step: &Step| matches!(step, Step::Role(_) | Step::Text(_));
        if script.act != Act::Nothing || script.status != 200 || !script.steps.iter().any(chunks) {
            return None;
        }
        let mut reply = Self { wait_ms: script.wait_ms_before_headers, ..Self::default() };
        for step in &script.steps {
            match step {
                Step::Role(_) | Step::Done => {}
                Step::Text(text) => reply.text.push_str(text),
                Step::Finish(reason) => reply.finish_reason = Some(reason.clone()),
                Step::Usage(prompt, completion) => reply.usage = Some((*prompt, *completion)),
                Step::WaitMs(ms) => reply.wait_ms = reply.wait_ms.saturating_add(*ms),
                Step::Stall | Step::Reset | Step::Truncate => {
                    reply.fault = Some(step.clone());
                    break;
                }
                _ => return None,
            }
        }
        Some(reply)
    }

    /// The same reply in one JSON, after all the waits. One that ends too early has a head and no body.
    pub(crate) fn whole(
        self,
        script: &Script,
        id: &str,
        model: &str,
        tokens: (u64, u64),
    ) -> Script {
        let (prompt, completion) = self.usage.unwrap_or(tokens);
        let usage = Usage::new(prompt, completion);
        let reason = self.finish_reason.as_deref().unwrap_or("stop");
        let body = Step::Json(openai::completion(id, model, &self.text, reason, usage));
        let whole = Script {
            framing: Framing::Length,
            wait_ms_before_headers: self.wait_ms,
            steps: self.fault.into_iter().chain([body]).collect(),
            ..script.clone()
        };
        match whole.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            true => whole,
            false => whole.header("content-type", "application/json"),
        }
    }
}
