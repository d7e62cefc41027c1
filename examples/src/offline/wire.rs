//! The JSON of chat completions: requests as they come, replies and errors as OpenAI words them.

use std::iter;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FINGERPRINT: &str = "fp_offline";

/// What is read of a request.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    #[serde(default)]
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    n: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

impl Request {
    /// Reads a request's body.
    ///
    /// # Errors
    ///
    /// What the service has against it.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let request: Request = serde_json::from_slice(body).map_err(|error| {
            let message = format!("We could not parse the JSON body of your request: {error}");
            Refusal::bad_request(message)
        })?;
        if request.model.as_ref().is_none_or(String::is_empty) {
            return Err(Refusal::bad_request("you must provide a model parameter"));
        }
        if request.messages.is_none() {
            return Err(Refusal::bad_request("Missing required parameter: 'messages'.")
                .about("messages", "missing_required_parameter"));
        }
        if request.messages().is_empty() {
            return Err(Refusal::bad_request("Invalid 'messages': empty array.")
                .about("messages", "empty_array"));
        }
        if request.n.is_some_and(|n| n != 1) {
            return Err(Refusal::bad_request("Invalid 'n': this service makes one reply.")
                .about("n", "unsupported_value"));
        }
        if request.stream_options.is_some() && !request.is_streamed() {
            let message =
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
            return Err(Refusal::bad_request(message).about("stream_options", "invalid_value"));
        }
        Ok(request)
    }

    pub(super) fn is_streamed(&self) -> bool {
        self.stream == Some(true)
    }

    /// What the person said last.
    pub(super) fn last_said(&self) -> String {
        let last = self.messages().iter().rfind(|message| message.role == "user");
        last.map(Message::text).unwrap_or_default()
    }

    /// What it is told to be.
    pub(super) fn instructions(&self) -> String {
        let told = self.messages().iter().filter(|message| message.role == "system");
        told.map(Message::text).collect::<Vec<_>>().join("\n")
    }

    /// Everything in the request that a model would read.
    pub(super) fn prompt(&self) -> impl Iterator<Item = String> {
        self.messages().iter().map(Message::text)
    }

    fn messages(&self) -> &[Message] {
        self.messages.as_deref().unwrap_or_default()
    }

    fn includes_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage == Some(true))
    }
}

impl Message {
    fn text(&self) -> String {
        match &self.content {
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                parts.iter().filter_map(|part| part.text.as_deref()).collect()
            }
            None => String::new(),
        }
    }
}

/// One reply, to be written as a stream of chunks or as a whole.
#[derive(Debug)]
pub(super) struct Completion {
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
    usage: Usage,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

impl Completion {
    pub(super) fn new(request: &Request, prompt_tokens: usize, completion_tokens: usize) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Completion {
            id: format!("chatcmpl-{}", token(29)),
            created: now.as_secs(),
            model: request.model.clone().unwrap_or_default(),
            include_usage: request.includes_usage(),
            usage: Usage {
                prompt_tokens,
                completion_tokens,
                total_tokens: prompt_tokens + completion_tokens,
            },
        }
    }

    /// The first chunk: who speaks.
    pub(super) fn role(&self) -> String {
        let delta = Delta { role: Some("assistant"), content: Some(""), refusal: Some(()) };
        self.choice(delta, None)
    }

    /// A chunk that adds text.
    pub(super) fn text(&self, text: &str) -> String {
        self.choice(Delta { content: Some(text), ..Delta::default() }, None)
    }

    /// What follows the last text: the finish reason, the usage if it was asked for, and the end mark.
    pub(super) fn end(&self) -> impl Iterator<Item = String> {
        let usage = self.include_usage.then(|| self.chunk(&[], Some(Some(self.usage))));
        iter::once(self.choice(Delta::default(), Some("stop")))
            .chain(usage)
            .chain(iter::once("[DONE]".to_owned()))
    }

    /// The reply as a whole.
    pub(super) fn whole(&self, text: &str) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": null},
                "logprobs": null,
                "finish_reason": "stop",
            }],
            "usage": self.usage,
        })
    }

    fn choice(&self, delta: Delta<'_>, finish_reason: Option<&str>) -> String {
        let choice = ChunkChoice { index: 0, delta, logprobs: None, finish_reason };
        // Where usage is asked for, every chunk but the last says that it has none.
        self.chunk(&[choice], self.include_usage.then_some(None))
    }

    fn chunk(&self, choices: &[ChunkChoice<'_>], usage: Option<Option<Usage>>) -> String {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            system_fingerprint: FINGERPRINT,
            choices,
            usage,
        };
        // Strings and numbers can always be written as JSON.
        serde_json::to_string(&chunk).unwrap_or_default()
    }
}

// Structs and not `json!`, so that the fields stand in OpenAI's order.

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    system_fingerprint: &'static str,
    choices: &'a [ChunkChoice<'a>],
    /// Absent, null, or there.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
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
    /// Written as null.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<()>,
}

/// A request that the service does not answer, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into(), param: None, code: None }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    fn about(self, param: &'static str, code: &'static str) -> Self {
        Refusal { param: Some(param), code: Some(code), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({
            "message": self.message,
            "type": "invalid_request_error",
            "param": self.param,
            "code": self.code,
        });
        (self.status, Json(json!({"error": error}))).into_response()
    }
}

/// Letters and digits that name something once.
pub(super) fn token(length: usize) -> String {
    iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(extra: Value) -> Value {
        let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        request
    }

    fn read(request: &Value) -> Result<Request, Refusal> {
        Request::read(request.to_string().as_bytes())
    }

    #[test]
    fn the_last_words_of_the_person_are_found_in_any_form() {
        let messages = json!({"messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": null},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": "last"},
        ]});
        let request = read(&request(messages)).unwrap();
        assert_eq!(request.last_said(), "ab");
        assert_eq!(request.prompt().collect::<Vec<_>>(), ["s", "first", "", "ab", "last"]);
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        let about = |extra| read(&request(extra)).unwrap_err().param;
        assert_eq!(about(json!({"messages": null})), Some("messages"));
        assert_eq!(about(json!({"messages": []})), Some("messages"));
        assert_eq!(about(json!({"n": 2})), Some("n"));
        assert_eq!(about(json!({"stream_options": {}})), Some("stream_options"));
        assert_eq!(about(json!({"model": null})), None);
        assert_eq!(about(json!({"stream": "yes"})), None);
    }

    #[test]
    fn usage_is_absent_null_or_there_as_openai_has_it() {
        let read_all = |extra| {
            let completion = Completion::new(&read(&request(extra)).unwrap(), 3, 4);
            let chunks =
                [completion.role(), completion.text("안")].into_iter().chain(completion.end());
            chunks.collect::<Vec<_>>()
        };
        let plain = read_all(json!({"stream": true}));
        assert_eq!(plain.len(), 4);
        assert!(plain.iter().all(|chunk| !chunk.contains("usage")));
        assert_eq!(plain[3], "[DONE]");

        let asked = read_all(json!({"stream": true, "stream_options": {"include_usage": true}}));
        assert_eq!(asked.len(), 5);
        assert!(asked[..3].iter().all(|chunk| chunk.ends_with(r#","usage":null}"#)));
        let usage =
            r#""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;
        assert!(asked[3].ends_with(usage), "{}", asked[3]);
    }

    #[test]
    fn the_first_chunk_is_the_role_and_the_last_has_a_finish_reason() {
        let completion = Completion::new(&read(&request(json!({}))).unwrap(), 1, 1);
        let first: Value = serde_json::from_str(&completion.role()).unwrap();
        let delta = json!({"role": "assistant", "content": "", "refusal": null});
        assert_eq!(first["choices"][0]["delta"], delta);
        let last: Value = serde_json::from_str(&completion.end().next().unwrap()).unwrap();
        assert_eq!(last["choices"][0]["delta"], json!({}));
        assert_eq!(last["choices"][0]["finish_reason"], "stop");
    }
}
