//! What every speaker can do, and what it is asked for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{AudioFormat, AudioStream};
use crate::error::{Error, ErrorKind, Result};

/// The answer of a [`Speaker`] on its way. Dropping it ends the request.
pub type Speaking = Pin<Box<dyn Future<Output = Result<AudioStream>> + Send>>;

/// Something that turns text into audio.
///
/// There are [`GoogleTranslateSpeaker`](super::GoogleTranslateSpeaker), [`OpenAiSpeaker`](super::OpenAiSpeaker) and
/// [`ServiceSpeaker`](super::ServiceSpeaker). One of your own may be any program that makes audio:
///
/// ```
/// use bytes::Bytes;
/// use turnwire::speech::{AudioStream, Speaker, Speaking, SpeechRequest};
///
/// /// Says nothing, at 24,000 samples a second.
/// struct Silence;
///
/// impl Speaker for Silence {
///     fn speak(&self, request: SpeechRequest) -> Speaking {
///         let samples = vec![0; 2 * 24_000 * request.text.chars().count() / 10];
///         let bytes = futures::stream::iter([Ok(Bytes::from(samples))]);
///         Box::pin(async move { Ok(AudioStream::new("audio/pcm", bytes)) })
///     }
/// }
/// # let _: std::sync::Arc<dyn Speaker> = std::sync::Arc::new(Silence);
/// ```
pub trait Speaker: Send + Sync {
    /// Speaks a text.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`]. An option that the speaker cannot follow is an `invalid_request`, not passed over.
    fn speak(&self, request: SpeechRequest) -> Speaking;
}

impl<T: Speaker + ?Sized> Speaker for Arc<T> {
    fn speak(&self, request: SpeechRequest) -> Speaking {
        (**self).speak(request)
    }
}

impl<T: Speaker + ?Sized> Speaker for Box<T> {
    fn speak(&self, request: SpeechRequest) -> Speaking {
        (**self).speak(request)
    }
}

/// What to say, and how. What is not set is as the speaker was made.
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
    /// The voice, by the name that the service knows it by.
    pub voice: Option<String>,
    /// The language, such as `ko` or `zh-TW`, for speakers that do not find it out by themselves.
    pub language: Option<String>,
    /// How fast: 1 is the voice's own speed, 2 twice as fast.
    pub speed: Option<f64>,
    /// How to say it, in words, for speakers that can be told.
    pub instructions: Option<String>,
    /// The form of the audio.
    pub format: Option<AudioFormat>,
}

impl SpeechRequest {
    /// Asks for this text, as the speaker was made.
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

    /// Refuses options that a speaker cannot follow, and a text of nothing.
    pub(super) fn check(&self, refused: &[(bool, &str)]) -> Result<()> {
        let refuse = |why: String| Err(Error::new(ErrorKind::InvalidRequest, SPEECH, why));
        if self.text.trim().is_empty() {
            return refuse("there is no text to speak".to_owned());
        }
        match refused.iter().find(|(is_set, _)| *is_set) {
            Some((_, what)) => refuse(format!("this speaker cannot be told {what}")),
            None => Ok(()),
        }
    }
}

/// The operation that errors of speech name.
pub(super) const SPEECH: &str = "speech";
