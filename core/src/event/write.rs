//! Event → JSON → frame, byte for byte as existing services write it: a space after each colon and comma, and only the
//! escapes that JSON requires. It is written straight into the caller's buffer, without an allocation of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::TurnEvent;
use super::object::Object;
use crate::sse::{Buffer, encode_line};

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
        let mut json = String::new();
        self.write_json(&mut json);
        json
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
        self.write_frame(out);
    }

    /// Appends the event as a frame of the event stream.
    pub(crate) fn write_frame(&self, out: &mut impl Buffer) {
        // Line breaks are escaped in JSON.
        encode_line(out, |out| self.write_json(out));
    }

    /// Appends the event's JSON.
    pub(crate) fn write_json(&self, out: &mut impl Buffer) {
        let mut object = Object::typed(self.kind(), out);
        match self {
            TurnEvent::Turn { turn_id, message_id, reply_id } => {
                object.text("turnId", turn_id);
                object.text("messageId", message_id);
                object.text("replyId", reply_id);
            }
            TurnEvent::Workspace { workspace_id } => object.text("workspaceId", workspace_id),
            TurnEvent::Content { content } => object.text("content", content),
            TurnEvent::Done { stopped, turn_id, message_id, reply_id, model, fallback } => {
                object.flag("stopped", *stopped);
                object.optional("turnId", turn_id.as_deref());
                object.optional("messageId", message_id.as_deref());
                object.optional("replyId", reply_id.as_deref());
                object.optional("model", model.as_deref());
                object.flag("fallback", *fallback);
            }
            TurnEvent::Error { message, code } => {
                object.text("message", message);
                object.optional("code", code.as_deref());
            }
            TurnEvent::Sentiment { label } => object.text("label", label),
            TurnEvent::Audio { seq, mime, audio, text } => {
                object.count("seq", Some(*seq));
                object.text("mime", mime);
                object.text("audioBase64", &BASE64.encode(audio));
                object.text("text", text);
            }
            TurnEvent::StageFailed { stage, message, code } => {
                object.text("stage", stage);
                object.text("message", message);
                object.optional("code", code.as_deref());
            }
            TurnEvent::Usage { prompt_tokens, completion_tokens, total_tokens } => {
                object.count("promptTokens", *prompt_tokens);
                object.count("completionTokens", *completion_tokens);
                object.count("totalTokens", *total_tokens);
            }
        }
        object.end();
    }
}
