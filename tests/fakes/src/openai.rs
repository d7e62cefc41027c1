//! The JSON of the service: chunks, whole completions, the model list, errors.
//!
//! Chunks are structs and not `json!`, so that their fields are in the service's order.

use serde::Serialize;
use serde_json::{Value, json};

/// Fixed, so that two runs of a script send the same bytes.
const CREATED: u64 = 1_764_660_000;
const FINGERPRINT: &str = "fp_fake";

/// The fields that all chunks of one reply share.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The id of the completion.
    pub id: String,
    /// The name of the model.
    pub model: String,
    /// The request asked for usage, so every other chunk has `"usage": null`.
    pub include_usage: bool,
}

impl Reply {
    /// The first chunk: the role, and an empty content.
    pub fn role(&self, role: &str) -> String {
        self.delta(Delta { role: Some(role), content: Some("") }, None)
    }

    /// A chunk with content.
    pub fn text(&self, text: &str) -> String {
        self.delta(Delta { role: None, content: Some(text) }, None)
    }

    /// The last chunk with a choice: an empty delta and the finish reason.
    pub fn finish(&self, reason: &str) -> String {
        self.delta(Delta::default(), Some(reason))
    }

    /// The chunk with the usage and no choices.
    pub fn usage(&self, prompt_tokens: u64, completion_tokens: u64) -> String {
        self.chunk(&[], Some(Some(Usage::new(prompt_tokens, completion_tokens))))
    }

    fn delta(&self, delta: Delta<'_>, finish_reason: Option<&str>) -> String {
        let choice = Choice { index: 0, delta, logprobs: None, finish_reason };
        self.chunk(&[choice], self.include_usage.then_some(None))
    }

    fn chunk(&self, choices: &[Choice<'_>], usage: Option<Option<Usage>>) -> String {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: CREATED,
            model: &self.model,
            system_fingerprint: FINGERPRINT,
            choices,
            usage,
        };
        serde_json::to_string(&chunk).expect("strings and numbers always serialise")
    }
}

/// A reply that is not streamed.
pub(crate) fn completion(
    id: &str,
    model: &str,
    content: &str,
    finish_reason: &str,
    usage: Usage,
) -> Value {
    json!({
        "id": id,
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "system_fingerprint": FINGERPRINT,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": null},
            "logprobs": null,
            "finish_reason": finish_reason,
        }],
        "usage": usage,
    })
}

pub(crate) fn models() -> Value {
    let model = |id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "fake"});
    json!({"object": "list", "data": [model("gpt-4o-mini"), model("gpt-4o")]})
}

/// The body of an error.
pub fn error(status: u16, message: &str, param: Option<&str>, code: Option<&str>) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    system_fingerprint: &'static str,
    choices: &'a [Choice<'a>],
    /// Absent, null, or present: the service distinguishes all three.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl Usage {
    pub(crate) fn new(prompt_tokens: u64, completion_tokens: u64) -> Self {
        let total_tokens = prompt_tokens.saturating_add(completion_tokens);
        Self { prompt_tokens, completion_tokens, total_tokens }
    }
}
