//! The healthy LLM: it answers as OpenAI does, with the text of its model.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::form::{ChatReply, Form, is_stream};
use crate::model::{Conversation, Echo, Model};
use crate::openai::{self, Usage};
use crate::script::Script;
use crate::service::{Call, Service};
use crate::speech;

/// The stateless service.
#[derive(Debug)]
pub(crate) struct Llm {
    model: Arc<dyn Model>,
}

impl Llm {
    pub(crate) fn new(model: impl Model + 'static) -> Self {
        Self { model: Arc::new(model) }
    }

    fn prompt_tokens(&self, conversation: &Conversation) -> u64 {
        conversation.texts().map(|text| self.model.tokens(text)).sum()
    }
}

impl Default for Llm {
    fn default() -> Self {
        Self::new(Echo::default())
    }
}

impl Service for Llm {
    /// The model, first with the requested form; or the path of a request without a model.
    fn keys(&self, call: &Call<'_>) -> Vec<String> {
        let field = |name| call.json.and_then(|json| json.get(name));
        let Some(model) = field("model").and_then(Value::as_str) else {
            return vec![call.request.path.clone()];
        };
        let way = if is_stream(call.json) { "stream" } else { "whole" };
        vec![format!("{model} {way}"), model.to_owned()]
    }

    fn form(&self, call: &Call<'_>) -> Form {
        Form::of(call.request, call.json)
    }

    /// A chat reply comes whole where none is streamed; what is no chat, as speech and the list of models, has the service's
    /// own reply.
    fn fit(&self, call: &Call<'_>, script: &Script) -> Option<Script> {
        let form = self.form(call);
        if form == Form::Stream {
            return None;
        }
        let reply = ChatReply::of(script)?;
        if form != Form::Whole {
            return Some(self.answer(call));
        }
        let field = |name| call.json.and_then(|json| json.get(name));
        let model = field("model").and_then(Value::as_str).unwrap_or("fake");
        let messages = field("messages").and_then(Value::as_array);
        let conversation = messages.map(|messages| Conversation::new(messages)).unwrap_or_default();
        let tokens = (self.prompt_tokens(&conversation), self.model.tokens(&reply.text));
        Some(reply.whole(script, call.reply_id, model, tokens))
    }

    fn answer(&self, call: &Call<'_>) -> Script {
        let (method, path) = (call.request.method.as_str(), call.request.path.as_str());
        if path.ends_with("/chat/completions") {
            match method {
                "POST" => chat(self, call.json, call.reply_id).unwrap_or_else(|refusal| refusal),
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

fn chat(llm: &Llm, json: Option<&Value>, reply_id: &str) -> Result<Script, Script> {
    let streams = is_stream(json);
    let json = json.and_then(Value::as_object).ok_or_else(|| {
        refusal(400, "We could not parse the JSON body of your request.", None, None)
    })?;
    let name = json
        .get("model")
        .and_then(Value::as_str)
        .ok_or_else(|| refusal(400, "you must provide a model parameter", None, None))?;
    let messages = json.get("messages").and_then(Value::as_array).ok_or_else(|| {
        let missing = "Missing required parameter: 'messages'.";
        refusal(400, missing, Some("messages"), Some("missing_required_parameter"))
    })?;
    if messages.is_empty() {
        let empty = "Invalid 'messages': empty array.";
        return Err(refusal(400, empty, Some("messages"), Some("empty_array")));
    }

    let conversation = Conversation::new(messages);
    let prompt_tokens = llm.prompt_tokens(&conversation);
    let said = llm.model.reply(&conversation);
    let text = said.text();
    let completion_tokens = llm.model.tokens(&text);

    if !streams {
        let usage = Usage::new(prompt_tokens, completion_tokens);
        let took: Duration = said.pieces.iter().map(|(wait, _)| *wait).sum();
        let whole = Script::body(openai::completion(reply_id, name, &text, "stop", usage));
        return Ok(whole.wait_ms_before_headers(ms(took)));
    }
    // The role is sent with the first piece, when the model begins.
    let first = said.pieces.first().map_or(Duration::ZERO, |(wait, _)| *wait);
    let script = waited(Script::new(), first).role("assistant");
    let pieces = said.pieces.into_iter().enumerate();
    let script = pieces.fold(script, |script, (at, (wait, text))| match at {
        0 => script.text(text),
        _ => waited(script, wait).text(text),
    });
    let script = script.finish("stop");
    let script = match include_usage(json.get("stream_options")) {
        true => script.usage(prompt_tokens, completion_tokens),
        false => script,
    };
    Ok(script.done())
}

fn waited(script: Script, wait: Duration) -> Script {
    match wait.is_zero() {
        true => script,
        false => script.wait_ms(ms(wait)),
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn include_usage(stream_options: Option<&Value>) -> bool {
    stream_options.and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true))
}

fn refusal(status: u16, message: &str, param: Option<&str>, code: Option<&str>) -> Script {
    Script::body(openai::error(status, message, param, code)).status(status)
}
