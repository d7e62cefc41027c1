//! The settings of speakers and of speech, and the request of one text.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::clients::{OpenAiSettings, ServiceSettings};
use super::http::Http;
use super::names::Names;
use super::value::{Subject, read};
use super::values::{Time, set};
use super::words::words;
use crate::chat::OpenAi;
use crate::error::{Error, ErrorKind, Result};
use crate::speech::{
    AudioFormat, GoogleTranslateSpeaker, OnFailure, OpenAiSpeaker, ServiceSpeaker, Speaker, Speech,
    SpeechRequest,
};

/// The operation name in errors of settings.
const SPEECH: &str = "speech.build";

const REQUEST: Subject = Subject {
    error: ErrorKind::InvalidRequest,
    operation: "speech",
    whole: "the request",
    part: "option",
    is_flat: false,
};

/// A speaker: exactly one of these.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SpeakerSettings {
    google: Option<GoogleSettings>,
    openai: Option<OpenAiSpeakerSettings>,
    service: Option<ServiceSettings>,
}

/// A speaker of Google Translate.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GoogleSettings {
    language: Option<String>,
    slow: Option<bool>,
    top_level_domain: Option<String>,
    base_url: Option<String>,
    http: Option<Http>,
}

/// A speaker of an OpenAI-compatible service.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OpenAiSpeakerSettings {
    model: Option<String>,
    /// A name, or an object.
    voice: Option<Value>,
    format: Option<FormatName>,
    speed: Option<f64>,
    instructions: Option<String>,
    /// Fields of the request that this version does not know.
    extra: Option<Map<String, Value>>,
    /// The service, if it differs from that of the replies.
    client: Option<OpenAiSettings>,
}

/// The request of one text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestFields {
    text: String,
    voice: Option<String>,
    language: Option<String>,
    speed: Option<f64>,
    instructions: Option<String>,
    format: Option<FormatName>,
}

/// The settings of speech.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SpeechSettings {
    voice: Option<String>,
    language: Option<String>,
    speed: Option<f64>,
    instructions: Option<String>,
    format: Option<FormatName>,
    in_flight: Option<usize>,
    retries: Option<u32>,
    sentence_limit: Time,
    on_failure: Option<OnFailureName>,
    longest_sentence: Option<usize>,
}

words! {
    OnFailureName of OnFailure: Skip, Stop;
    FormatName of AudioFormat: Mp3, Opus, Aac, Flac, Wav, Pcm;
}

impl SpeakerSettings {
    /// The speaker, with the service of `llm` unless it has its own.
    pub(super) fn build(self, llm: Option<&OpenAi>) -> Result<Arc<dyn Speaker>> {
        Ok(match (self.google, self.openai, self.service) {
            (Some(google), None, None) => Arc::new(google.speaker()?),
            (None, Some(openai), None) => Arc::new(openai.speaker(llm)?),
            (None, None, Some(service)) => {
                Arc::new(ServiceSpeaker::new(service.builder()?.build()?))
            }
            _ => return Err(refused("speaker must have one of google, openai, service")),
        })
    }
}

impl GoogleSettings {
    fn speaker(self) -> Result<GoogleTranslateSpeaker> {
        let language = self.language.ok_or_else(|| refused("speaker.google must have language"))?;
        let mut speaker = GoogleTranslateSpeaker::new(language);
        speaker = set(speaker, self.slow, GoogleTranslateSpeaker::slow);
        if let Some(tld) = self.top_level_domain {
            speaker = speaker.top_level_domain(&tld);
        }
        speaker = set(speaker, self.base_url, GoogleTranslateSpeaker::base_url);
        Ok(match self.http {
            Some(http) => speaker.with_http(|settings| http.apply(settings)),
            None => speaker,
        })
    }
}

impl OpenAiSpeakerSettings {
    fn speaker(self, llm: Option<&OpenAi>) -> Result<OpenAiSpeaker> {
        let client = match (self.client, llm) {
            (Some(settings), _) => settings.builder().build()?,
            (None, Some(llm)) => llm.clone(),
            (None, None) => return Err(refused("speaker.openai must have client")),
        };
        let mut speaker = OpenAiSpeaker::new(client);
        speaker = set(speaker, self.model, OpenAiSpeaker::model);
        speaker = set(speaker, self.voice, OpenAiSpeaker::voice);
        speaker = set(speaker, self.format.map(AudioFormat::from), OpenAiSpeaker::format);
        speaker = set(speaker, self.speed, OpenAiSpeaker::speed);
        speaker = set(speaker, self.instructions, OpenAiSpeaker::instructions);
        let extra = self.extra.into_iter().flatten();
        Ok(extra.fold(speaker, |speaker, (name, value)| speaker.extra(name, value)))
    }
}

impl RequestFields {
    fn request(self) -> SpeechRequest {
        let mut request = SpeechRequest::new(self.text);
        request = set(request, self.voice, SpeechRequest::voice);
        request = set(request, self.language, SpeechRequest::language);
        request = set(request, self.speed, SpeechRequest::speed);
        request = set(request, self.instructions, SpeechRequest::instructions);
        set(request, self.format.map(AudioFormat::from), SpeechRequest::format)
    }
}

impl SpeechSettings {
    pub(super) fn apply(self, mut speech: Speech) -> Speech {
        speech = set(speech, self.voice, Speech::voice);
        speech = set(speech, self.language, Speech::language);
        speech = set(speech, self.speed, Speech::speed);
        speech = set(speech, self.instructions, Speech::instructions);
        speech = set(speech, self.format.map(AudioFormat::from), Speech::format);
        speech = set(speech, self.in_flight, Speech::in_flight);
        speech = set(speech, self.retries, Speech::retries);
        speech = self.sentence_limit.set(speech, Speech::sentence_limit);
        speech = set(speech, self.on_failure.map(OnFailure::from), Speech::on_failure);
        set(speech, self.longest_sentence, Speech::longest_sentence)
    }
}

/// A speaker, from JSON: `google`, `openai` with the service of `llm` unless it has a `client`, or `service`.
///
/// # Errors
///
/// `config` when a setting is missing, unknown or has a wrong type.
pub fn speaker(llm: Option<&OpenAi>, json: &str, names: Names) -> Result<Arc<dyn Speaker>> {
    read::<SpeakerSettings>(json, names, Subject::settings(SPEECH))?.build(llm)
}

/// The speech of texts through this speaker, with settings from JSON.
///
/// # Errors
///
/// `config` when a setting is unknown or has a wrong type.
pub fn speech(speaker: Arc<dyn Speaker>, json: &str, names: Names) -> Result<Speech> {
    read::<SpeechSettings>(json, names, Subject::settings(SPEECH))
        .map(|settings| settings.apply(Speech::new(speaker)))
}

/// The request of one text, from JSON.
///
/// # Errors
///
/// `invalid_request` when the text is missing, or an option is unknown or has a wrong type.
pub fn speech_request(json: &str, names: Names) -> Result<SpeechRequest> {
    read::<RequestFields>(json, names, REQUEST).map(RequestFields::request)
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Config, SPEECH, why)
}
