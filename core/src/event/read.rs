//! JSON → event, as services really write it.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::TurnEvent;
use crate::json;

/// Base64 (RFC 4648, section 4), with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What sound is where its media type is not told.
pub(crate) const MP3: &str = "audio/mpeg";

/// The fields of every type; each has some of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    r#type: Option<String>,
    workspace_id: Option<Value>,
    content: Option<String>,
    message: Option<Value>,
    label: Option<String>,
    stage: Option<String>,
    seq: Option<u64>,
    mime: Option<String>,
    audio_base64: Option<String>,
    text: Option<String>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

/// What is looked at when the fields do not fit: the type alone.
#[derive(Deserialize)]
struct Type {
    r#type: Option<Value>,
}

/// Reads an event; the error says what is wrong with it.
pub(crate) fn read(text: &str) -> Result<Option<TurnEvent>, String> {
    let fields: Fields = match json::from_str(text) {
        Ok(fields) => fields,
        // A type of tomorrow may use a name of today for something else.
        Err(_) if is_of_unknown_type(text) => return Ok(None),
        Err(error) => return Err(format!("this is no event: {error}")),
    };
    let needs = |what: &str| format!("an event of type {:?} needs {what}", fields.r#type);
    let event = match fields.r#type.as_deref() {
        Some("workspace") => {
            let id = fields.workspace_id.as_ref().and_then(word);
            TurnEvent::Workspace { workspace_id: id.ok_or_else(|| needs("a workspaceId"))? }
        }
        Some("content") => match fields.content {
            Some(content) => TurnEvent::Content { content },
            // Services hand on an LLM's empty deltas.
            None => return Ok(None),
        },
        Some("done") => TurnEvent::done(),
        Some("error") => TurnEvent::Error { message: reason(fields.message) },
        Some("stage_failed") => {
            let stage = fields.stage.clone().ok_or_else(|| needs("a stage"))?;
            TurnEvent::StageFailed { stage, message: reason(fields.message) }
        }
        Some("sentiment") => {
            TurnEvent::Sentiment { label: fields.label.clone().ok_or_else(|| needs("a label"))? }
        }
        Some("audio") => {
            let audio = audio(fields.audio_base64.as_deref().unwrap_or_default())?;
            let mime = fields.mime.unwrap_or_else(|| MP3.to_owned());
            let (seq, text) = (fields.seq.unwrap_or_default(), fields.text.unwrap_or_default());
            TurnEvent::Audio { seq, mime, audio, text }
        }
        Some("usage") => {
            let prompt_tokens = fields.prompt_tokens.unwrap_or_default();
            let completion_tokens = fields.completion_tokens.unwrap_or_default();
            let sum = prompt_tokens.saturating_add(completion_tokens);
            let total_tokens = fields.total_tokens.unwrap_or(sum);
            TurnEvent::Usage { prompt_tokens, completion_tokens, total_tokens }
        }
        _ => return Ok(None),
    };
    Ok(Some(event))
}

/// Sound out of its Base64; the error says what is wrong with it.
pub(crate) fn audio(base64: &str) -> Result<Bytes, String> {
    let audio = BASE64.decode(base64.trim()).map_err(|e| format!("audioBase64: {e}"))?;
    match audio.is_empty() {
        true => Err("audioBase64: there is no sound in it".to_owned()),
        false => Ok(audio.into()),
    }
}

fn is_of_unknown_type(text: &str) -> bool {
    const KNOWN: [&str; 8] =
        ["workspace", "content", "done", "error", "sentiment", "audio", "stage_failed", "usage"];
    let Ok(Type { r#type }) = json::from_str(text) else { return false };
    let word = r#type.as_ref().and_then(Value::as_str);
    word.is_none_or(|word| !KNOWN.contains(&word))
}

/// Why something failed, in whatever form that is told.
fn reason(message: Option<Value>) -> String {
    match message {
        Some(Value::String(message)) => message,
        None | Some(Value::Null) => "the service gave no reason".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// A string, or a number as its digits.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[\\x00-\\x1f\"\\\\\u{2028}\u{feff}😀가]{0,20}"]
    }

    fn event() -> impl Strategy<Value = TurnEvent> {
        let sound = prop::collection::vec(any::<u8>(), 1..40);
        prop_oneof![
            "[^\\x00]{1,20}".prop_map(|workspace_id| TurnEvent::Workspace { workspace_id }),
            text().prop_map(|content| TurnEvent::Content { content }),
            Just(TurnEvent::done()),
            text().prop_map(|message| TurnEvent::Error { message }),
            text().prop_map(|label| TurnEvent::Sentiment { label }),
            (any::<u64>(), text(), sound, text()).prop_map(|(seq, mime, audio, text)| {
                TurnEvent::Audio { seq, mime, audio: audio.into(), text }
            }),
            (text(), text()).prop_map(|(stage, message)| TurnEvent::StageFailed { stage, message }),
            (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(p, c, t)| TurnEvent::Usage {
                prompt_tokens: p,
                completion_tokens: c,
                total_tokens: t,
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(event in event()) {
            let json = event.to_json();
            prop_assert!(!json.contains(['\n', '\r']), "{json}");
            prop_assert_eq!(read(&json), Ok(Some(event.clone())));
            // Another writer's spacing and escapes.
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
