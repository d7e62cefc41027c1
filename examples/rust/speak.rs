//! Speaks a text into a file, sentence by sentence.
//!
//! ```sh
//! cargo run --release --example speak -- "안녕하세요. 오늘은 날씨가 참 좋네요." -o hello.mp3
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind as Usage;
use clap::{CommandFactory, Parser, ValueEnum};
use turnwire::chat::OpenAiBuilder;
use turnwire::config::Timeouts;
use turnwire::speech::{AudioFormat, OnFailure, OpenAiSpeaker, ServiceSpeaker, Speaker};
use turnwire::{ChatService, Error, ErrorKind, GoogleTranslateSpeaker, Speech};
use turnwire_examples::offline::Voice;
use turnwire_examples::terminal::{self, Failure, Output};

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let mut out = Output::stdout();
    let ctrl_c = terminal::cancelled_by_ctrl_c();
    // Dropping the speech ends its requests, and leaves no partial file.
    let ended = match ctrl_c.run_until_cancelled(speak(&options, &mut out)).await {
        Some(ended) => ended,
        None => Err(Error::new(ErrorKind::Cancelled, "speech", "Ctrl-C was pressed").into()),
    };
    terminal::exit(out, ended)
}

async fn speak(options: &Options, out: &mut Output) -> Result<(), Failure> {
    let text = options.text()?;
    let mut voice = None;
    let speech = options.speech(&mut voice)?.on_failure(OnFailure::Stop);

    let started = Instant::now();
    let mut audio = speech.say(text).joined();
    let bytes = audio.write_to_file(&options.output).await?;

    let kind = audio.content_type().unwrap_or("nothing");
    out.text(&format!("{}: {bytes} bytes of {kind}\n", options.output.display()))?;
    terminal::say_aside(&format!("spoken in {} ms", started.elapsed().as_millis()));
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Google Translate; needs no key
    Google,
    /// OPENAI_API_KEY and OPENAI_BASE_URL name the service
    Openai,
    /// espeak-ng and ffmpeg on this computer; needs no network
    Espeak,
    /// A chat service; TURNWIRE_ACCESS_TOKEN and TURNWIRE_REFRESH_TOKEN are sent to it
    Service,
}

/// Speaks a text into a file, sentence by sentence.
#[derive(Parser)]
#[command(name = "speak")]
struct Options {
    /// The text; without it, standard input is read
    text: Option<String>,

    /// The file; its extension selects the format: mp3, wav, opus, aac, flac or pcm
    #[arg(short, long, value_name = "FILE", default_value = "speech.mp3")]
    output: PathBuf,

    /// The speech service
    #[arg(long, value_enum, default_value = "google")]
    speaker: By,

    /// The URL of the service [defaults: Google's, OpenAI's, http://localhost:5000]
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    base_url: Option<String>,

    /// The language, for google
    #[arg(long, value_name = "TAG", default_value = "ko", value_parser = NonEmptyStringValueParser::new())]
    language: String,

    /// The model, for openai
    #[arg(long, default_value = "gpt-4o-mini-tts", value_parser = NonEmptyStringValueParser::new())]
    model: String,

    /// The voice, for openai [default: alloy]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    voice: Option<String>,

    /// Instructions for the voice, for openai
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,

    /// The speed; 1 is normal. google has one other speed, any value below 1
    #[arg(long)]
    speed: Option<f64>,

    /// The longest wait: for a connection, and for the audio of a sentence
    #[arg(long, value_name = "SECONDS", value_parser = terminal::seconds)]
    timeout: Option<Duration>,
}

impl Options {
    fn text(&self) -> Result<String, Failure> {
        let text = match &self.text {
            Some(text) => Some(text.clone()),
            None => terminal::piped_input()?,
        };
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            let why = "there is nothing to speak: give a text, or write one to the standard input";
            Options::command().error(Usage::MissingRequiredArgument, why).exit()
        };
        Ok(text)
    }

    /// The speaker, and the voice behind it if it is in this program.
    fn speaker(&self, voice: &mut Option<Voice>) -> Result<Arc<dyn Speaker>, Failure> {
        let timeouts = self.timeout.map_or_else(Timeouts::default, Timeouts::of_silence);
        Ok(match self.speaker {
            By::Google => {
                let speaker = GoogleTranslateSpeaker::new(&self.language).timeouts(timeouts);
                Arc::new(match &self.base_url {
                    Some(url) => speaker.base_url(url),
                    None => speaker,
                })
            }
            By::Openai => {
                let builder = OpenAiBuilder::from_env().timeouts(timeouts);
                let builder = match &self.base_url {
                    Some(url) => builder.base_url(url),
                    None => builder,
                };
                Arc::new(OpenAiSpeaker::new(builder.build()?).model(&self.model))
            }
            By::Espeak => Arc::new(voice.insert(Voice::start()?).speaker()?),
            By::Service => {
                let url = self.base_url.as_deref().unwrap_or("http://localhost:5000");
                let builder = ChatService::builder(url).timeouts(timeouts);
                let token = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
                let tokens = token("TURNWIRE_ACCESS_TOKEN").zip(token("TURNWIRE_REFRESH_TOKEN"));
                let builder = match tokens {
                    Some((access, refresh)) => builder.tokens(access, refresh),
                    None => builder,
                };
                Arc::new(ServiceSpeaker::new(builder.build()?))
            }
        })
    }

    /// The speaker with its options; a speaker reports options that it does not support.
    fn speech(&self, voice: &mut Option<Voice>) -> Result<Speech, Failure> {
        let mut speech = Speech::new(self.speaker(voice)?);
        if let Some(format) = self.format() {
            speech = speech.format(format);
        }
        if let Some(voice) = &self.voice {
            speech = speech.voice(voice);
        }
        if let Some(instructions) = &self.instructions {
            speech = speech.instructions(instructions);
        }
        if let Some(speed) = self.speed {
            speech = speech.speed(speed);
        }
        Ok(speech)
    }

    fn format(&self) -> Option<AudioFormat> {
        let ending = self.output.extension()?.to_string_lossy();
        let Some(format) = AudioFormat::from_name(&ending) else {
            let known = AudioFormat::ALL.map(AudioFormat::as_str).join(", ");
            let why = format!("`.{ending}` is the ending of no format of audio; there are {known}");
            Options::command().error(Usage::InvalidValue, why).exit()
        };
        Some(format)
    }
}
