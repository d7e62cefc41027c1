//! JSON → event, in the variations that services really send.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde_json::Value;

use super::TurnEvent;
use super::content::content;
use crate::error::{Error, ErrorKind, Result, is_filled};
use crate::json::{self, Fields};

/// Base64 (RFC 4648, section 4), with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The media type of audio without a stated one.
pub(crate) const MP3: &str = "audio/mpeg";

/// The fields of all types; each type has some of them.
const FIELDS: [&str; 21] = [
    "type",
    "workspaceId",
    "content",
    "message",
    "error",
    "code",
    "label",
    "stage",
    "seq",
    "mime",
    "audioBase64",
    "text",
    "promptTokens",
    "completionTokens",
    "totalTokens",
    "turnId",
    "messageId",
    "replyId",
    "stopped",
    "model",
    "fallback",
];

/// The longest reason that is searched for a nested message, in bytes; a longer one is shown unchanged.
const LONGEST_REASON: usize = 64 * 1024;

/// An event that cannot be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The reason.
    pub(crate) why: String,
    /// True if the reply is complete without it.
    pub(crate) is_optional: bool,
}

/// Parses an event; `None` if it has no meaning for this version.
///
/// A field of an odd type fails the event only if the event is useless without it: `done` and `error` need only their
/// type.
pub(crate) fn read(text: &str) -> Result<Option<TurnEvent>, Unreadable> {
    match content(text) {
        Some(content) => Ok(Some(TurnEvent::Content { content })),
        None => read_fields(text),
    }
}

/// Parses an event of any type and form.
fn read_fields(text: &str) -> Result<Option<TurnEvent>, Unreadable> {
    let fields = Fields::read(text, FIELDS).map_err(|error| Unreadable {
        why: format!("not an event: {error}"),
        is_optional: false,
    })?;
    let Some(kind) = fields.text("type") else { return Ok(untyped(&fields)) };
    let lacks = |what: &str| format!("an event of type {kind:?} needs {what}");
    let optional = match kind.as_str() {
        "content" => {
            return match (fields.raw("content"), fields.text("content")) {
                (_, Some(content)) => Ok(Some(TurnEvent::Content { content })),
                // Services forward an LLM's empty deltas.
                (None, None) => Ok(None),
                (Some(_), None) => {
                    Err(Unreadable { why: lacks("a text as its content"), is_optional: false })
                }
            };
        }
        "done" => return Ok(Some(done(&fields))),
        "error" => {
            let (message, code) = (reason(&fields), fields.word("code"));
            return Ok(Some(TurnEvent::Error { message, code }));
        }
        "turn" => turn(&fields).ok_or("a turnId, a messageId and a replyId"),
        "workspace" => workspace(&fields),
        "sentiment" => {
            fields.text("label").map(|label| TurnEvent::Sentiment { label }).ok_or("a label")
        }
        "stage_failed" => {
            let (message, code) = (reason(&fields), fields.word("code"));
            let event = |stage| TurnEvent::StageFailed { stage, message, code };
            fields.text("stage").map(event).ok_or("a stage")
        }
        "audio" => match audio(&fields.text("audioBase64").unwrap_or_default()) {
            Ok(audio) => Ok(TurnEvent::Audio {
                seq: fields.number("seq").unwrap_or_default(),
                mime: fields.text("mime").unwrap_or_else(|| MP3.to_owned()),
                audio,
                text: fields.text("text").unwrap_or_default(),
            }),
            Err(why) => return Err(Unreadable { why, is_optional: true }),
        },
        "usage" => usage(&fields).ok_or("numbers of tokens"),
        _ => return Ok(None),
    };
    optional.map(Some).map_err(|what| Unreadable { why: lacks(what), is_optional: true })
}

/// An event without a type can only be an error.
fn untyped(fields: &EventFields<'_>) -> Option<TurnEvent> {
    let error = fields.raw("error")?;
    let is_long = error.len() > LONGEST_REASON;
    let says_something = || json::from_str::<Value>(error).is_ok_and(|error| is_filled(&error));
    (is_long || says_something())
        .then(|| TurnEvent::Error { message: reason(fields), code: fields.word("code") })
}

impl TurnEvent {
    /// Parses an event's JSON. `None` means that it has no meaning for this version: an unknown type, or a piece of
    /// content without text.
    ///
    /// Unpaired surrogates become U+FFFD.
    ///
    /// ```
    /// use turnwire::TurnEvent;
    ///
    /// let event = TurnEvent::from_json(r#"{"type":"content","content":"\uc548\ub155"}"#)?;
    /// assert_eq!(event, Some(TurnEvent::content("안녕")));
    /// assert_eq!(TurnEvent::from_json(r#"{"type": "of tomorrow"}"#)?, None);
    /// # Ok::<(), turnwire::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `decode` when it is not a JSON object, or lacks a required field of its type.
    pub fn from_json(json: &str) -> Result<Option<Self>> {
        read(json).map_err(|unreadable| Error::new(ErrorKind::Decode, "event.read", unreadable.why))
    }
}

type EventFields<'a> = Fields<'a, 'static, { FIELDS.len() }>;

fn turn(fields: &EventFields<'_>) -> Option<TurnEvent> {
    let (turn_id, message_id) = (fields.word("turnId")?, fields.word("messageId")?);
    Some(TurnEvent::Turn { turn_id, message_id, reply_id: fields.word("replyId")? })
}

fn done(fields: &EventFields<'_>) -> TurnEvent {
    TurnEvent::Done {
        stopped: fields.raw("stopped") == Some("true"),
        turn_id: fields.word("turnId"),
        message_id: fields.word("messageId"),
        reply_id: fields.word("replyId"),
        model: fields.word("model"),
        fallback: fields.raw("fallback") == Some("true"),
    }
}

fn workspace(fields: &EventFields<'_>) -> Result<TurnEvent, &'static str> {
    let workspace_id = fields.word("workspaceId").ok_or("a workspaceId")?;
    Ok(TurnEvent::Workspace { workspace_id })
}

/// A missing number is allowed; a field that is present must be a number.
fn usage(fields: &EventFields<'_>) -> Option<TurnEvent> {
    let tokens = |name: &str| match fields.raw(name) {
        None => Some(None),
        Some(_) => fields.number(name).map(Some),
    };
    let (prompt, completion) = (tokens("promptTokens")?, tokens("completionTokens")?);
    let total = tokens("totalTokens")?;
    prompt.or(completion).or(total)?;
    let sum = || Some(prompt?.saturating_add(completion?));
    Some(TurnEvent::usage(prompt, completion, total.or_else(sum)))
}

/// The reason of a failure, in whatever form the service sends it.
fn reason(fields: &EventFields<'_>) -> String {
    let said = ["message", "error"].into_iter().find_map(|name| {
        let raw = fields.raw(name)?;
        let inner = || {
            let object = (raw.len() <= LONGEST_REASON).then(|| Fields::read(raw, ["message"]))?;
            object.ok()?.text("message")
        };
        let text = fields.text(name).or_else(inner).unwrap_or_else(|| raw.to_owned());
        (!text.trim().is_empty()).then_some(text)
    });
    said.unwrap_or_else(|| "the service gave no reason".to_owned())
}

/// Decodes Base64 audio; the error is the reason.
pub(crate) fn audio(base64: &str) -> Result<Bytes, String> {
    let audio = BASE64.decode(base64.trim()).map_err(|e| format!("audioBase64: {e}"))?;
    match audio.is_empty() {
        true => Err("audioBase64: the audio is empty".to_owned()),
        false => Ok(audio.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[\\x00-\\x1f\"\\\\\u{2028}\u{feff}😀가]{0,20}"]
    }

    /// A reason must not be blank.
    fn reason() -> impl Strategy<Value = String> {
        text().prop_filter("blank", |text| !text.trim().is_empty())
    }

    fn code() -> impl Strategy<Value = Option<String>> {
        prop::option::of("[^\\x00]{1,20}")
    }

    fn done() -> impl Strategy<Value = TurnEvent> {
        let word = || prop::option::of("[^\\x00]{1,20}");
        (any::<[bool; 2]>(), word(), word(), word(), word()).prop_map(
            |([stopped, fallback], turn_id, message_id, reply_id, model)| TurnEvent::Done {
                stopped,
                turn_id,
                message_id,
                reply_id,
                model,
                fallback,
            },
        )
    }

    fn event() -> impl Strategy<Value = TurnEvent> {
        let sound = prop::collection::vec(any::<u8>(), 1..40);
        prop_oneof![
            "[^\\x00]{1,20}".prop_map(|workspace_id| TurnEvent::Workspace { workspace_id }),
            text().prop_map(|content| TurnEvent::Content { content }),
            done(),
            ("[^\\x00]{1,20}", "[^\\x00]{1,20}", "[^\\x00]{1,20}")
                .prop_map(|(turn, message, reply)| TurnEvent::turn(turn, message, reply)),
            (reason(), code()).prop_map(|(message, code)| TurnEvent::Error { message, code }),
            text().prop_map(|label| TurnEvent::Sentiment { label }),
            (any::<u64>(), text(), sound, text()).prop_map(|(seq, mime, audio, text)| {
                TurnEvent::Audio { seq, mime, audio: audio.into(), text }
            }),
            (text(), reason(), code()).prop_map(|(stage, message, code)| TurnEvent::StageFailed {
                stage,
                message,
                code,
            }),
            (any::<u64>(), any::<u64>(), any::<u64>())
                .prop_map(|(prompt, reply, both)| TurnEvent::usage(prompt, reply, both)),
            any::<u64>().prop_map(|both| TurnEvent::usage(None, None, both)),
        ]
    }

    /// The JSON of a content event or of something like it, in the forms of several writers.
    fn like_content() -> impl Strategy<Value = String> {
        let literal = prop_oneof![
            text().prop_map(|text| serde_json::to_string(&text).unwrap()),
            // As Python escapes it, also with halves of pairs and invalid escapes.
            "\"([a-z가]|\\\\u(c5[4-9a-f][0-9A-F]|d83d\\\\ude0[0-9]|d83d)|\\\\[nrtbf\"/\\\\ux0])*\"",
            Just("null".to_owned()),
            Just("7".to_owned()),
        ];
        let form = prop_oneof![
            Just((r#"{"type": "content", "content": "#, "}")),
            Just((r#"{"type":"content","content":"#, "}")),
            Just((r#"{"content": "#, r#", "type": "content"}"#)),
            Just((r#"{"content":"#, r#","type":"content"}"#)),
            Just((r#"{"type": "content","content": "#, "}")),
            Just((r#"{"type": "content", "content": "#, r#", "content": "b"}"#)),
            Just((r#"{"type": "content", "content": "#, r#", "type": "done"}"#)),
            Just((r#"{"type": "content", "content": "#, "} ")),
            Just((r#"{"type": "content", "content": "#, "}}")),
            Just((r#"{"type": "content", "content": "#, "")),
            Just((r#"{"content": "#, "}")),
        ];
        (form, literal).prop_map(|((start, end), literal)| format!("{start}{literal}{end}"))
    }

    #[test]
    fn content_as_services_write_it_is_read_on_the_fast_path() {
        for json in [
            r#"{"type": "content", "content": "\uc548\ub155 \ud83d\ude00\n"}"#,
            r#"{"type":"content","content":"안녕 😀\n"}"#,
            r#"{"content": "안\ub155 😀\n", "type": "content"}"#,
            r#"{"content":"\uc548녕 \ud83d\ude00\n","type":"content"}"#,
        ] {
            assert_eq!(content(json).as_deref(), Some("안녕 😀\n"), "{json}");
        }
        assert_eq!(content(r#"{"type": "content", "content": "", "at": 1}"#), None);
    }

    proptest! {
        #[test]
        fn the_fast_path_reads_as_the_full_one(json in like_content()) {
            prop_assert_eq!(read(&json), read_fields(&json));
        }

        #[test]
        fn what_is_written_is_read_back(event in event()) {
            let json = event.to_json();
            prop_assert!(!json.contains(['\n', '\r']), "{json}");
            prop_assert_eq!(read(&json), Ok(Some(event.clone())));
            // The spacing and escapes of another writer.
            let compact: Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read(&compact.to_string()), Ok(Some(event)));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = read(&text);
            let _ = read(&format!("{{\"type\": {text}}}"));
        }
    }
}
