//! Events → the UI message stream of the AI SDK (version 1 of its protocol), which `useChat` of `ai` 5, 6 and 7 reads.
//!
//! A part of an unknown type ends such a reader's stream, so only parts that all three know are written, and additions are
//! `data-…` parts.
//!
//! | event | parts |
//! | --- | --- |
//! | (before the first) | `start` with the reply's id as `messageId`, `start-step` |
//! | `turn` | the `messageMetadata` of `start`: `turnId`, `userMessageId` |
//! | `content` | `text-delta`; before the first, `text-start` |
//! | `workspace` | `message-metadata` with `workspaceId`; `data-workspace`, transient |
//! | `sentiment` | `data-sentiment` |
//! | `audio` | `data-audio`, transient: otherwise the page would send the audio back with every later message |
//! | `stage_failed` | `data-stage`, transient |
//! | `usage` | `usage` in the `messageMetadata` of `finish`, or in `message-metadata` before an `error` |
//! | `done` | `text-end`, `finish-step`, `finish`, `[DONE]` |
//! | `error` | `text-end`, `error`, `[DONE]` |
//!
//! A stopped turn ends as a complete one, with `finishReason` `other` and `stopped` in its metadata: readers ignore the part
//! `abort`, and `interrupted` ends the stream of 5 and 6.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::TurnEvent;
use super::object::Object;
use crate::error::TokenUsage;
use crate::sse::{Buffer, encode_line};

/// The id of the text, the only one of its message.
const TEXT: &str = "0";

/// The frame of a piece of text, before and after its characters.
const DELTA: (&str, &str) =
    ("data: {\"type\": \"text-delta\", \"id\": \"0\", \"delta\": \"", "\"}\n\n");

/// Writes a turn's events as a UI message stream.
#[derive(Debug)]
pub(crate) struct UiWriter {
    /// The id of the reply, until it is written.
    reply_id: Option<String>,
    has_text: bool,
    usage: Option<TokenUsage>,
}

impl UiWriter {
    pub(super) fn new(reply_id: &str) -> Self {
        UiWriter { reply_id: Some(reply_id.to_owned()), has_text: false, usage: None }
    }

    /// Appends the start of the message, unless it is written.
    pub(super) fn begin(&mut self, out: &mut impl Buffer) {
        self.start(out, |_| {});
    }

    /// Appends an event; `finish_reason` is the model's, for the last one.
    pub(super) fn event(
        &mut self,
        event: &TurnEvent,
        finish_reason: Option<&str>,
        out: &mut impl Buffer,
    ) {
        if let TurnEvent::Content { content } = event {
            return self.text(content, out);
        }
        if let TurnEvent::Turn { turn_id, message_id, .. } = event {
            return self.start(out, |start| {
                start.object("messageMetadata", |metadata| {
                    metadata.text("turnId", turn_id);
                    metadata.text("userMessageId", message_id);
                });
            });
        }
        self.begin(out);
        match event {
            TurnEvent::Turn { .. } | TurnEvent::Content { .. } => {}
            TurnEvent::Workspace { workspace_id } => {
                let field = |object: &mut Object<'_, _>| object.text("workspaceId", workspace_id);
                part("message-metadata", out, |part| part.object("messageMetadata", field));
                data("data-workspace", Kept::Nowhere, out, |data| {
                    data.text("workspaceId", workspace_id);
                });
            }
            TurnEvent::Sentiment { label } => {
                data("data-sentiment", Kept::InMessage, out, |data| data.text("label", label));
            }
            TurnEvent::Audio { seq, mime, audio, text } => {
                data("data-audio", Kept::Nowhere, out, |data| {
                    data.count("seq", Some(*seq));
                    data.text("mime", mime);
                    data.text("audioBase64", &BASE64.encode(audio));
                    data.text("text", text);
                });
            }
            TurnEvent::StageFailed { stage, message, code } => {
                data("data-stage", Kept::Nowhere, out, |data| {
                    data.text("stage", stage);
                    data.text("message", message);
                    data.optional("code", code.as_deref());
                });
            }
            TurnEvent::Usage { prompt_tokens, completion_tokens, total_tokens } => {
                self.usage = Some(TokenUsage {
                    prompt_tokens: *prompt_tokens,
                    completion_tokens: *completion_tokens,
                    total_tokens: *total_tokens,
                });
            }
            TurnEvent::Done { stopped, model, fallback, .. } => {
                self.end_text(out);
                part("finish-step", out, |_| {});
                let reason = if *stopped { Some("other") } else { finish_reason.map(reason) };
                let usage = self.usage;
                let has_metadata = usage.is_some() || *stopped || model.is_some() || *fallback;
                part("finish", out, |finish| {
                    finish.optional("finishReason", reason);
                    if has_metadata {
                        finish.object("messageMetadata", |metadata| {
                            if let Some(usage) = usage {
                                metadata.object("usage", |object| counts(usage, object));
                            }
                            metadata.flag("stopped", *stopped);
                            metadata.optional("model", model.as_deref());
                            metadata.flag("fallback", *fallback);
                        });
                    }
                });
                out.put("data: [DONE]\n\n");
            }
            TurnEvent::Error { message, .. } => {
                self.end_text(out);
                if let Some(usage) = self.usage {
                    part("message-metadata", out, |part| {
                        part.object("messageMetadata", |metadata| {
                            metadata.object("usage", |object| counts(usage, object));
                        });
                    });
                }
                part("error", out, |error| error.text("errorText", message));
                out.put("data: [DONE]\n\n");
            }
        }
    }

    /// Appends the start of the message, with more fields, unless it is written.
    fn start<B: Buffer>(&mut self, out: &mut B, more: impl FnOnce(&mut Object<'_, B>)) {
        let Some(reply_id) = self.reply_id.take() else { return };
        part("start", out, |start| {
            start.text("messageId", &reply_id);
            more(start);
        });
        part("start-step", out, |_| {});
    }

    /// Appends a piece of text.
    fn text(&mut self, content: &str, out: &mut impl Buffer) {
        if !self.has_text {
            self.begin(out);
            part("text-start", out, |start| start.text("id", TEXT));
            self.has_text = true;
        }
        out.put(DELTA.0);
        crate::json::escaped(content, |part| out.put(part));
        out.put(DELTA.1);
    }

    fn end_text(&mut self, out: &mut impl Buffer) {
        if std::mem::take(&mut self.has_text) {
            part("text-end", out, |end| end.text("id", TEXT));
        }
    }
}

/// Appends a part as a frame.
fn part<B: Buffer>(kind: &str, out: &mut B, write: impl FnOnce(&mut Object<'_, B>)) {
    encode_line(out, |out| {
        let mut object = Object::typed(kind, out);
        write(&mut object);
        object.end();
    });
}

/// The place where the page keeps a data part.
#[derive(PartialEq, Eq)]
enum Kept {
    /// The message, with which the page sends it back from then on.
    InMessage,
    /// None: the part is for the page's `onData` alone.
    Nowhere,
}

/// Appends a part with data.
fn data<B: Buffer>(kind: &str, kept: Kept, out: &mut B, write: impl FnOnce(&mut Object<'_, B>)) {
    part(kind, out, |part| {
        part.object("data", write);
        part.flag("transient", kept == Kept::Nowhere);
    });
}

/// Writes the counts of tokens under the AI SDK's names.
fn counts<B: Buffer>(usage: TokenUsage, object: &mut Object<'_, B>) {
    object.count("inputTokens", usage.prompt_tokens);
    object.count("outputTokens", usage.completion_tokens);
    object.count("totalTokens", usage.total_tokens);
}

/// The word of `ai` 5, 6 and 7 for the model's finish reason.
fn reason(of_model: &str) -> &'static str {
    match of_model {
        "stop" => "stop",
        "length" => "length",
        "content_filter" => "content-filter",
        "tool_calls" | "function_call" => "tool-calls",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        name: String,
        finish_reason: Option<String>,
        events: Vec<Value>,
        parts: Vec<Value>,
    }

    /// The parts that events are written as, without the `[DONE]` that must end them.
    fn parts(events: &[TurnEvent], finish_reason: Option<&str>) -> Vec<Value> {
        let (mut writer, mut out) = (UiWriter::new("reply-1"), String::new());
        for event in events {
            writer.event(event, finish_reason, &mut out);
        }
        let frames = out.strip_suffix("data: [DONE]\n\n").unwrap().split_terminator("\n\n");
        let json = frames.map(|frame| frame.strip_prefix("data: ").unwrap());
        json.inspect(|json| assert!(!json.contains(['\n', '\r']), "{json}"))
            .map(|json| serde_json::from_str(json).unwrap())
            .collect()
    }

    #[test]
    fn events_become_the_parts_of_their_case() {
        let cases = include_str!("../../../tests/vectors/ui/parts.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        for Case { name, finish_reason, events, parts: expected } in cases {
            let read = |event: &Value| TurnEvent::from_json(&event.to_string()).unwrap().unwrap();
            let events: Vec<_> = events.iter().map(read).collect();
            assert_eq!(parts(&events, finish_reason.as_deref()), expected, "{name}");
        }
    }

    #[test]
    fn the_start_is_written_once_and_before_any_event_if_none_is_there() {
        let (mut writer, mut out) = (UiWriter::new("r"), String::new());
        writer.begin(&mut out);
        let start = "data: {\"type\": \"start\", \"messageId\": \"r\"}\n\ndata: {\"type\": \"start-step\"}\n\n";
        assert_eq!(out, start);
        writer.begin(&mut out);
        writer.event(&TurnEvent::turn("t", "m", "r"), None, &mut out);
        assert_eq!(out, start);
    }

    proptest! {
        /// The reference: serde_json, on the same text.
        #[test]
        fn any_text_is_read_back(text in prop_oneof![any::<String>(), "[\\x00-\\x1f\"\\\\\u{7f}\u{2028}\u{feff}😀가]{0,20}"]) {
            let id = |kind: &str| json!({"type": kind, "id": "0"});
            let events = [
                TurnEvent::content(text.as_str()), TurnEvent::workspace(text.as_str()), TurnEvent::sentiment(text.as_str()),
                TurnEvent::audio(7, text.as_str(), text.clone().into_bytes(), text.as_str()),
                TurnEvent::stage_failed(text.as_str(), text.as_str(), Some(text.clone())),
                TurnEvent::failed(text.as_str(), None),
            ];
            let workspace = json!({"workspaceId": text});
            prop_assert_eq!(parts(&events, None), vec![
                json!({"type": "start", "messageId": "reply-1"}), json!({"type": "start-step"}), id("text-start"),
                json!({"type": "text-delta", "id": "0", "delta": text}),
                json!({"type": "message-metadata", "messageMetadata": workspace}),
                json!({"type": "data-workspace", "data": workspace, "transient": true}),
                json!({"type": "data-sentiment", "data": {"label": text}}),
                json!({"type": "data-audio", "data": {"seq": 7, "mime": text, "audioBase64": BASE64.encode(&text), "text": text}, "transient": true}),
                json!({"type": "data-stage", "data": {"stage": text, "message": text, "code": text}, "transient": true}),
                id("text-end"), json!({"type": "error", "errorText": text}),
            ]);
        }
    }
}
