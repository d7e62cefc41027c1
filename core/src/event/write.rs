//! Event → JSON → frame, byte for byte as existing services write it: a space after each colon and comma, and only the
//! escapes that JSON requires.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::TurnEvent;
use crate::sse::{Event, Frame, encode};

impl TurnEvent {
    /// The event's JSON, on one line.
    ///
    /// ```
    /// use turnwire::TurnEvent;
    ///
    /// let event = TurnEvent::content("안녕\n");
    /// assert_eq!(event.to_json(), r#"{"type": "content", "content": "안녕\n"}"#);
    /// ```
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// Appends the event as a frame of the event stream.
    ///
    /// ```
    /// use turnwire::TurnEvent;
    ///
    /// let mut out = Vec::new();
    /// TurnEvent::done().encode(&mut out);
    /// assert_eq!(out, b"data: {\"type\": \"done\"}\n\n");
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode(&Frame::Event(Event::new(json(self))), out);
    }
}

fn json(event: &TurnEvent) -> String {
    let object = Object::new(event.kind());
    let object = match event {
        TurnEvent::Turn { turn_id, message_id, reply_id } => {
            object.text("turnId", turn_id).text("messageId", message_id).text("replyId", reply_id)
        }
        TurnEvent::Workspace { workspace_id } => object.text("workspaceId", workspace_id),
        TurnEvent::Content { content } => object.text("content", content),
        TurnEvent::Done { stopped, turn_id, message_id, reply_id, model, fallback } => object
            .flag("stopped", *stopped)
            .optional("turnId", turn_id.as_deref())
            .optional("messageId", message_id.as_deref())
            .optional("replyId", reply_id.as_deref())
            .optional("model", model.as_deref())
            .flag("fallback", *fallback),
        TurnEvent::Error { message, code } => {
            object.text("message", message).optional("code", code.as_deref())
        }
        TurnEvent::Sentiment { label } => object.text("label", label),
        TurnEvent::Audio { seq, mime, audio, text } => object
            .number("seq", *seq)
            .text("mime", mime)
            .text("audioBase64", &BASE64.encode(audio))
            .text("text", text),
        TurnEvent::StageFailed { stage, message, code } => {
            let object = object.text("stage", stage).text("message", message);
            object.optional("code", code.as_deref())
        }
        TurnEvent::Usage { prompt_tokens, completion_tokens, total_tokens } => object
            .count("promptTokens", *prompt_tokens)
            .count("completionTokens", *completion_tokens)
            .count("totalTokens", *total_tokens),
    };
    object.end()
}

/// An object that is being written; its type comes first.
struct Object(String);

impl Object {
    fn new(kind: &str) -> Self {
        Object(format!("{{\"type\": \"{kind}\""))
    }

    fn text(self, name: &str, text: &str) -> Self {
        self.field(name, &Value::from(text).to_string())
    }

    fn optional(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    fn number(self, name: &str, number: u64) -> Self {
        self.field(name, &number.to_string())
    }

    /// A number, unless it is unknown.
    fn count(self, name: &str, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.number(name, number),
            None => self,
        }
    }

    /// A field that is written only if it is true.
    fn flag(self, name: &str, is_set: bool) -> Self {
        if is_set { self.field(name, "true") } else { self }
    }

    fn field(mut self, name: &str, json: &str) -> Self {
        self.0.push_str(", \"");
        self.0.push_str(name);
        self.0.push_str("\": ");
        self.0.push_str(json);
        self
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
