//! The LLM in good health: it says what it was told.

use serde_json::Value;

use crate::openai::{self, Usage};
use crate::script::Script;
use crate::service::{Call, Service};
use crate::speech;

/// The service; it keeps nothing.
#[derive(Debug)]
pub(crate) struct Llm;

impl Service for Llm {
    /// The model, first with the word for how it is to answer; or the path of what names none.
    fn keys(&self, call: &Call<'_>) -> Vec<String> {
        let field = |name| call.json.and_then(|json| json.get(name));
        let Some(model) = field("model").and_then(Value::as_str) else {
            return vec![call.request.path.clone()];
        };
        let is_stream = field("stream").and_then(Value::as_bool) == Some(true);
        let way = if is_stream { "stream" } else { "whole" };
        vec![format!("{model} {way}"), model.to_owned()]
    }

    fn answer(&self, call: &Call<'_>) -> Script {
        let (method, path) = (call.request.method.as_str(), call.request.path.as_str());
        if path.ends_with("/chat/completions") {
            match method {
                "POST" => chat(call.json, call.reply_id).unwrap_or_else(|refusal| refusal),
                _ => Script::error(405, &format!("Not allowed to {method} on {path}")),
            }
        } else if path.ends_with("/models") && matches!(method, "GET" | "HEAD") {
            Script::body(openai::models())
        } else if let Some(spoken) = speech::answer(call) {
            spoken
        } else {
            refusal(404, &format!("Invalid URL ({method} {path})"), None, None)
        }
    }
}

fn chat(json: Option<&Value>, reply_id: &str) -> Result<Script, Script> {
    let json = json.and_then(Value::as_object).ok_or_else(|| {
        refusal(400, "We could not parse the JSON body of your request.", None, None)
    })?;
    let model = json
        .get("model")
        .and_then(Value::as_str)
        .ok_or_else(|| refusal(400, "you must provide a model parameter", None, None))?;
    let messages = json.get("messages").and_then(Value::as_array).ok_or_else(|| {
        let missing = "Missing required parameter: 'messages'.";
        refusal(400, missing, Some("messages"), Some("missing_required_parameter"))
    })?;

    let prompt_tokens = messages.iter().map(|message| tokens(&content(message))).sum();
    let echo = messages
        .iter()
        .rev()
        .find(|message| message.get("role").and_then(Value::as_str) == Some("user"))
        .map(content)
        .unwrap_or_default();
    let completion_tokens = tokens(&echo);

    if json.get("stream").and_then(Value::as_bool) != Some(true) {
        let usage = Usage::new(prompt_tokens, completion_tokens);
        return Ok(Script::body(openai::completion(reply_id, model, &echo, usage)));
    }
    let script = pieces(&echo).into_iter().fold(Script::new().role("assistant"), Script::text);
    let script = script.finish("stop");
    let script = match include_usage(json.get("stream_options")) {
        true => script.usage(prompt_tokens, completion_tokens),
        false => script,
    };
    Ok(script.done())
}

pub(crate) fn include_usage(stream_options: Option<&Value>) -> bool {
    stream_options.and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true))
}

fn refusal(status: u16, message: &str, param: Option<&str>, code: Option<&str>) -> Script {
    Script::body(openai::error(status, message, param, code)).status(status)
}

/// A message's text, whether its content is a string or a list of parts.
fn content(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
        }
        _ => String::new(),
    }
}

/// Not a tokeniser: a number that grows with the text and is the same every time.
fn tokens(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// Three deltas or fewer, cut between characters.
fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let length = chars.len().div_ceil(3).max(1);
    chars.chunks(length).map(|piece| piece.iter().collect()).collect()
}
