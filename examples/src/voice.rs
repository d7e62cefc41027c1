//! Speaks a reply while it is streamed, and writes it to a file.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::ValueEnum;
use turnwire::chat::OpenAiBuilder;
use turnwire::speech::{AudioFormat, OpenAiSpeaker};
use turnwire::{GoogleTranslateSpeaker, Speech};

use crate::offline::Voice;
use crate::terminal::Failure;

/// The speech service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// Google Translate; needs no key
    Google,
    /// The service that OPENAI_API_KEY and OPENAI_BASE_URL name
    Openai,
    /// espeak-ng and ffmpeg on this computer; needs no network
    Espeak,
}

/// Options for speaking a reply.
#[derive(Debug, clap::Args)]
pub struct VoiceOptions {
    /// Speak the reply, sentence by sentence while it is streamed, into this MP3 file [default: reply.mp3]
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "reply.mp3")]
    speak: Option<PathBuf>,

    /// The speech service
    #[arg(long, value_enum, default_value = "google", requires = "speak")]
    speaker: By,

    /// The voice, for openai
    #[arg(long, default_value = "alloy", requires = "speak")]
    voice: String,
}

/// The audio of a reply so far.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    audio: Vec<u8>,
    _voice: Option<Voice>,
}

impl VoiceOptions {
    /// The speech of the reply, if it is spoken.
    ///
    /// # Errors
    ///
    /// When a setting is not usable.
    pub fn speech(&self) -> Result<Option<(Speech, Recording)>, Failure> {
        let Some(path) = self.speak.clone() else { return Ok(None) };
        let mut voice = None;
        let speech = match self.speaker {
            By::Google => Speech::new(GoogleTranslateSpeaker::new("ko")),
            By::Openai => {
                let speaker = OpenAiSpeaker::new(OpenAiBuilder::from_env().build()?);
                Speech::new(speaker).voice(&self.voice).format(AudioFormat::Mp3)
            }
            By::Espeak => {
                let speaker = voice.insert(Voice::start()?).speaker()?;
                Speech::new(speaker).format(AudioFormat::Mp3)
            }
        };
        Ok(Some((speech, Recording { path, audio: Vec::new(), _voice: voice })))
    }
}

impl Recording {
    /// Adds the next sentence. Concatenated MP3 plays as one file.
    pub fn add(&mut self, audio: &[u8]) {
        self.audio.extend_from_slice(audio);
    }

    /// Writes the file, and reports it in one line.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or nothing was spoken.
    pub fn write(self) -> Result<String, Failure> {
        let Recording { path, audio, .. } = self;
        if audio.is_empty() {
            let why = format!(
                "nothing was spoken, so {} is not there or is an older one",
                path.display()
            );
            return Err(Failure::Local("the speech was not written", io::Error::other(why)));
        }
        let beside = path.with_extension("mp3.part");
        fs::write(&beside, &audio)
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|error| Failure::Local("the speech cannot be written", error))?;
        Ok(format!("speech: {} ({} bytes)\n", path.display(), audio.len()))
    }
}
