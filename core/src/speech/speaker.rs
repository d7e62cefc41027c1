//! The trait of speakers, and their request.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use super::audio::{AudioStream, SPEECH};
use super::format::AudioFormat;
use crate::error::{Error, ErrorKind, Result};

/// Converts text to audio.
///
/// There are [`GoogleTranslateSpeaker`](super::GoogleTranslateSpeaker), [`OpenAiSpeaker`](super::OpenAiSpeaker) and
/// [`ServiceSpeaker`](super::ServiceSpeaker). A custom one may be any code that produces audio, as a type or as a
/// closure:
///
/// ```
/// use turnwire::speech::{AudioStream, Speaker, SpeechRequest};
/// use turnwire::{Bytes, Result, Speech, async_trait};
///
/// /// Silence of a tenth of a second for each character, at 24,000 samples a second.
/// fn silence(text: &str) -> AudioStream {
///     let samples = Bytes::from(vec![0; 2 * 24_000 * text.chars().count() / 10]);
///     AudioStream::new("audio/pcm", futures::stream::iter([Ok(samples)]))
/// }
///
/// struct Silence;
///
/// #[async_trait]
/// impl Speaker for Silence {
///     async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
///         Ok(silence(&request.text))
///     }
/// }
///
/// let by_a_type = Speech::new(Silence);
/// let by_a_closure = Speech::new(|request: SpeechRequest| async move { Ok(silence(&request.text)) });
/// # let _ = (by_a_type, by_a_closure);
/// ```
#[async_trait]
pub trait Speaker: Send + Sync {
    /// Speaks a text. Dropping the future, or the audio, ends the request.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`]. An option that the speaker does not support is an `invalid_request`; it is not ignored.
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream>;
}

#[async_trait]
impl<F, T> Speaker for F
where
    F: Fn(SpeechRequest) -> T + Send + Sync,
    T: Future<Output = Result<AudioStream>> + Send + 'static,
{
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
        self(request).await
    }
}

#[async_trait]
impl<T: Speaker + ?Sized> Speaker for Arc<T> {
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
        (**self).speak(request).await
    }
}

#[async_trait]
impl Speaker for Box<dyn Speaker> {
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
        (**self).speak(request).await
    }
}

/// A text and its speech options. An option that is not set has the speaker's own value.
///
/// ```
/// use turnwire::speech::{AudioFormat, SpeechRequest};
///
/// let request = SpeechRequest::new("안녕하세요").voice("nova").speed(1.2).format(AudioFormat::Wav);
/// assert_eq!(request.text, "안녕하세요");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct SpeechRequest {
    /// The text.
    pub text: String,
    /// The voice, by the service's name for it.
    pub voice: Option<String>,
    /// The language, such as `ko` or `zh-TW`, for speakers that do not detect it.
    pub language: Option<String>,
    /// The speed: 1 is the voice's normal speed, 2 twice as fast.
    pub speed: Option<f64>,
    /// Instructions in words, for speakers that accept them.
    pub instructions: Option<String>,
    /// The audio format.
    pub format: Option<AudioFormat>,
}

impl SpeechRequest {
    /// A request for this text, with the speaker's own options.
    pub fn new(text: impl Into<String>) -> Self {
        SpeechRequest { text: text.into(), ..Self::default() }
    }

    /// Sets [`voice`](Self::voice).
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = Some(voice.into());
        self
    }

    /// Sets [`language`](Self::language).
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Sets [`speed`](Self::speed).
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = Some(speed);
        self
    }

    /// Sets [`instructions`](Self::instructions).
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// Sets [`format`](Self::format).
    pub fn format(mut self, format: AudioFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Rejects options that the speaker does not support, and an empty text.
    pub(super) fn check(&self, refused: &[(bool, &str)]) -> Result<()> {
        let refuse = |why: String| Err(Error::new(ErrorKind::InvalidRequest, SPEECH, why));
        if self.text.trim().is_empty() {
            return refuse("there is no text to speak".to_owned());
        }
        match refused.iter().find(|(is_set, _)| *is_set) {
            Some((_, what)) => refuse(format!("this speaker does not support {what}")),
            None => Ok(()),
        }
    }
}
