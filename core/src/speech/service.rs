//! Speech from a chat service.

use async_trait::async_trait;
use bytes::Bytes;

use super::audio::SPEECH;
use super::{AudioFormat, AudioStream, Speaker, SpeechRequest};
use crate::error::Result;
use crate::http::Context;
use crate::service::ChatService;

/// Speaks through a [`ChatService`], with the address, tokens and limits of that client. The audio is MP3.
///
/// ```no_run
/// use turnwire::ChatService;
/// use turnwire::speech::{ServiceSpeaker, Speaker, SpeechRequest};
///
/// # async fn run(access: &str, refresh: &str) -> turnwire::Result<()> {
/// let service = ChatService::builder("http://localhost:5000").tokens(access, refresh).build()?;
/// let audio = ServiceSpeaker::new(service).speak(SpeechRequest::new("안녕하세요")).await?;
/// audio.write_to_file("hello.mp3").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ServiceSpeaker {
    service: ChatService,
}

impl ServiceSpeaker {
    /// Speaks through this service.
    pub fn new(service: ChatService) -> Self {
        ServiceSpeaker { service }
    }
}

#[async_trait]
impl Speaker for ServiceSpeaker {
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
        let is_other = request.format.is_some_and(|format| format != AudioFormat::Mp3);
        request.check(&[
            (request.voice.is_some(), "a choice of voice: the service chooses"),
            (request.language.is_some(), "a choice of language: the service chooses"),
            (request.speed.is_some(), "a speed: the service chooses"),
            (request.instructions.is_some(), "instructions"),
            (is_other, "another format: the service sends MP3"),
        ])?;
        let audio: Bytes = self.service.speak(request.text).await?;
        // Services that use another program for speech may send a format other than the one they declare.
        let mime = AudioFormat::from_bytes(&audio).unwrap_or(AudioFormat::Mp3).mime();
        let once = futures_util::stream::iter([Ok(audio)]);
        Ok(AudioStream::of(Context::foreign(SPEECH), mime, once))
    }
}
