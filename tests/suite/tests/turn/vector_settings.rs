//! The settings and the speaker of a case of `tests/vectors/turns`.

use std::time::Duration;

use serde_json::Value;
use turnwire::speech::{AudioStream, OnFailure, SpeechMode, SpeechRequest};
use turnwire::turn::{Naming, NamingStart, OnDisconnect, TurnsBuilder};
use turnwire::{Bytes, ChatRequest, Error, ErrorKind, Speech};

/// Sets one of the settings by its name.
pub(crate) fn set(settings: TurnsBuilder, (name, value): (&String, &Value)) -> TurnsBuilder {
    let (text, flag) = (value.as_str().unwrap_or_default(), value == true);
    match name.as_str() {
        "fallbacks" => value.as_array().unwrap().iter().fold(settings, |settings, service| {
            settings.fallback(service["model"].as_str().unwrap())
        }),
        "naming_template" => {
            settings.naming_template(ChatRequest::from_json(&value.to_string()).unwrap())
        }
        "naming" => {
            assert_eq!(text, "first_words");
            settings.naming(Naming::FirstWords)
        }
        "naming_start" => {
            assert_eq!(text, "first_content");
            settings.naming_start(NamingStart::FirstContent)
        }
        "system_prompt" => settings.system_prompt(text),
        "sentiment_hint" => settings.sentiment_hint(text),
        "sentiment_budget_ms" => {
            settings.sentiment_budget(Duration::from_millis(value.as_u64().unwrap()))
        }
        "speech_mode" => settings.speech_mode(match text {
            "on_demand" => SpeechMode::OnDemand,
            "after_text" => SpeechMode::AfterText,
            "streaming" => SpeechMode::Streaming,
            other => panic!("speech_mode: {other}"),
        }),
        "turn_events" => settings.turn_events(flag),
        "sentiment_events" => settings.sentiment_events(flag),
        "usage_events" => settings.usage_events(flag),
        "failure_events" => settings.failure_events(flag),
        "detailed_errors" => settings.detailed_errors(flag),
        "on_disconnect" => settings.on_disconnect(match text {
            "save_partial" => OnDisconnect::SavePartial,
            "finish" => OnDisconnect::Finish,
            "discard" => OnDisconnect::Discard,
            other => panic!("on_disconnect: {other}"),
        }),
        other => panic!("no setting {other}"),
    }
}

/// The host's speaker, which is asked once for each sentence.
pub(crate) fn speech(speaker: &Value) -> Speech {
    let speaker = speaker.clone();
    let on_failure = match speaker["on_failure"].as_str() {
        None => OnFailure::Skip,
        Some("stop") => OnFailure::Stop,
        Some(other) => panic!("on_failure: {other}"),
    };
    let speak = move |request: SpeechRequest| {
        let audio = match speaker["error"].as_str() {
            Some(error) => Err(Error::new(ErrorKind::Callback, "test", error)),
            None if speaker["fails_at"] == *request.text => {
                Err(Error::new(ErrorKind::Callback, "test", "no voice"))
            }
            None => {
                let mut first = Bytes::from(request.text);
                let second = first.split_off(1);
                let pieces = futures::stream::iter([Ok(first), Ok(second)]);
                Ok(AudioStream::new(speaker["media_type"].as_str().unwrap(), pieces))
            }
        };
        async move { audio }
    };
    Speech::new(speak).retries(0).on_failure(on_failure)
}
