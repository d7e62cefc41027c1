//! Texts that are spoken sentence by sentence.

use std::path::PathBuf;

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context, FedText, List};

use super::feed::TextFeed;
use super::speaker::Speaker;
use crate::call::Call;
use crate::json::thrown;
use crate::reading::Reading;

/// Speaks texts sentence by sentence.
#[napi]
pub struct Speech {
    inner: turnwire::Speech,
}

/// A text that is not spoken yet: its feed, and its reader, which takes it once.
#[napi]
pub struct Text {
    speech: turnwire::Speech,
    feed: Option<TextFeed>,
    text: Option<FedText>,
    context: Option<Context>,
}

#[napi]
impl Speech {
    /// Speech through this speaker, with settings as JSON.
    #[napi(constructor)]
    pub fn new(speaker: &Speaker, settings: String) -> napi::Result<Self> {
        let inner = settings::speech(speaker.shared(), &settings, Names::Camel);
        inner.map(|inner| Speech { inner }).map_err(|error| thrown(&error))
    }

    /// A text to speak. A speaker that is a function gets the number of its caller.
    #[napi]
    pub fn text(&self, caller: Option<u32>) -> Text {
        let (feed, text) = bridge::TextFeed::new();
        let feed = Some(TextFeed::new(feed));
        let context = caller.map(Context::new);
        Text { speech: self.inner.clone(), feed, text: Some(text), context }
    }
}

#[napi]
impl Text {
    /// The feed of the text, once.
    #[napi]
    pub fn feed(&mut self) -> Option<TextFeed> {
        self.feed.take()
    }

    /// Begins to speak: pieces of audio.
    #[napi]
    pub fn pieces(&mut self) -> napi::Result<Call> {
        let (text, context) = self.take()?;
        let pieces = bridge::speak(&self.speech, text, context);
        let pieces = pieces.map_err(|error| thrown(&error))?;
        Ok(Call::reading(Reading::Spoken(pieces, List::default())))
    }

    /// Begins to speak: the bytes of one file.
    #[napi]
    pub fn joined(&mut self) -> napi::Result<Call> {
        let (text, context) = self.take()?;
        let bytes = bridge::speak_joined(&self.speech, text, context);
        Ok(Call::reading(Reading::Bytes(bytes.map_err(|error| thrown(&error))?)))
    }

    /// Begins to speak into a file: the number of its bytes.
    #[napi]
    pub fn write_file(&mut self, path: String) -> napi::Result<Call> {
        let (text, context) = self.take()?;
        let path = PathBuf::from(path);
        Call::started(bridge::speak_into_file(&self.speech, text, path, context.as_ref()))
    }
}

impl Text {
    fn take(&mut self) -> napi::Result<(FedText, Option<Context>)> {
        let text = self.text.take();
        let text = text.ok_or_else(|| napi::Error::from_reason("the text is spoken once"))?;
        Ok((text, self.context.clone()))
    }
}
