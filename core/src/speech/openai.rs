//! Speech from an OpenAI-compatible service: `POST {base}/audio/speech`, whose audio is streamed as it is generated.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::audio::Bounds;
use super::audio::SPEECH;
use super::{AudioFormat, AudioStream, Speaker, SpeechRequest};
use crate::chat::OpenAi;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Response;

/// Speaks through the service of an [`OpenAi`] client, over its connections.
///
/// ```no_run
/// use turnwire::OpenAi;
/// use turnwire::speech::{OpenAiSpeaker, Speaker, SpeechRequest};
///
/// # async fn run() -> turnwire::Result<()> {
/// let speaker = OpenAiSpeaker::new(OpenAi::from_env()?).voice("nova").instructions("천천히, 다정하게");
/// let audio = speaker.speak(SpeechRequest::new("안녕하세요")).await?;
/// audio.write_to_file("hello.mp3").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct OpenAiSpeaker {
    client: OpenAi,
    model: String,
    voice: Value,
    format: AudioFormat,
    speed: Option<f64>,
    instructions: Option<String>,
    extra: Map<String, Value>,
}

impl OpenAiSpeaker {
    /// Speaks with the model `gpt-4o-mini-tts` and the voice `alloy`, in MP3.
    pub fn new(client: OpenAi) -> Self {
        OpenAiSpeaker {
            client,
            model: "gpt-4o-mini-tts".to_owned(),
            voice: "alloy".into(),
            format: AudioFormat::Mp3,
            speed: None,
            instructions: None,
            extra: Map::new(),
        }
    }

    /// The model that speaks, such as `tts-1`.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The voice: a name, or an object such as `{"id": "voice_…"}`.
    pub fn voice(mut self, voice: impl Into<Value>) -> Self {
        self.voice = voice.into();
        self
    }

    /// The audio format.
    pub fn format(mut self, format: AudioFormat) -> Self {
        self.format = format;
        self
    }

    /// The speed, from 0.25 to 4; 1 is the voice's normal speed.
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = Some(speed);
        self
    }

    /// Instructions in words. `tts-1` and `tts-1-hd` accept none.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// An additional field of the request. It overrides a known one of the same name.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    fn body(&self, request: SpeechRequest) -> Result<(AudioFormat, Bytes)> {
        request.check(&[(
            request.language.is_some(),
            "a choice of language: the model finds it out, or follows the instructions",
        )])?;
        let speed = request.speed.or(self.speed);
        if let Some(speed) = speed.filter(|speed| !(speed.is_finite() && *speed > 0.0)) {
            let why = format!("speed {speed}: a number above 0 is needed");
            return Err(Error::new(ErrorKind::InvalidRequest, SPEECH, why));
        }
        let format = request.format.unwrap_or(self.format);
        let voice = request.voice.map_or_else(|| self.voice.clone(), Value::from);
        let instructions = request.instructions.or_else(|| self.instructions.clone());
        let mut body = Map::new();
        body.insert("model".into(), self.model.as_str().into());
        body.insert("input".into(), request.text.into());
        body.insert("voice".into(), voice);
        body.insert("response_format".into(), format.as_str().into());
        body.extend(speed.map(|speed| ("speed".to_owned(), speed.into())));
        body.extend(instructions.map(|text| ("instructions".to_owned(), text.into())));
        body.extend(self.extra.clone());
        Ok((format, Value::Object(body).to_string().into()))
    }

    async fn send(&self, format: AudioFormat, body: Bytes) -> Result<AudioStream> {
        let Response { headers, body, .. } = self.client.speech(body, true).await?;
        let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = said.and_then(|said| said.split(';').next()).unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        if essence == "application/json" || essence.starts_with("text/") {
            return Err(self.not_audio(&essence, body).await);
        }
        // Some services label the audio as plain bytes.
        let is_labelled = !matches!(essence.as_str(), "" | "application/octet-stream");
        let mime = said.filter(|_| is_labelled).unwrap_or(format.mime());
        let (http, options) = self.client.connection();
        let bounds = Bounds { bytes: http.limits().reply, time: http.total(&options) };
        Ok(AudioStream::response(mime, body, bounds))
    }

    /// The error for a successful response of another type.
    async fn not_audio(&self, essence: &str, body: crate::http::Body) -> Error {
        let context = body.context().clone();
        let some = body.collect_some(self.client.connection().0.limits().error_body).await;
        let json: Option<Value> = serde_json::from_slice(&some).ok();
        match json.as_ref().and_then(|json| json.get("error")).filter(|error| !error.is_null()) {
            Some(error) => context.api_error(error),
            None => {
                let why = format!("expected audio, got {essence}: {}", context.excerpt(&some));
                context.error(ErrorKind::UnexpectedReply, why)
            }
        }
    }
}

#[async_trait]
impl Speaker for OpenAiSpeaker {
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
        let (format, body) = self.body(request)?;
        self.send(format, body).await
    }
}
