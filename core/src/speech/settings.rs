//! The settings of speech: the speaker, its options, the number of concurrent requests, and failure handling.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{AudioFormat, SentenceCutter, Speaker, SpeechRequest};
use crate::guard::Callback;

/// The default time limit of one sentence, and so the longest silence for a reader.
const SENTENCE_LIMIT: Duration = Duration::from_secs(20);

/// When a reply is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpeechMode {
    /// On request.
    #[default]
    OnDemand,
    /// After the text is complete.
    AfterText,
    /// Sentence by sentence, while the text is still being written.
    Streaming,
}

/// The handling of a sentence that cannot be spoken after all its retries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFailure {
    /// The sentence is left out and reported in its place.
    #[default]
    Skip,
    /// The speech ends with its error.
    Stop,
}

/// Speaks texts sentence by sentence: each as soon as it is whole, a few at a time, their audio in order.
///
/// ```no_run
/// use futures::StreamExt;
/// use turnwire::speech::Spoken;
/// use turnwire::{ChatRequest, GoogleTranslateSpeaker, OpenAi, Speech};
///
/// # async fn run(llm: OpenAi) -> turnwire::Result<()> {
/// let reply = llm.chat_stream(ChatRequest::new("gpt-4o-mini").user("안녕하세요")).await?;
/// let mut speech = Speech::new(GoogleTranslateSpeaker::new("ko")).speak(reply);
/// while let Some(spoken) = speech.next().await {
///     match spoken? {
///         Spoken::Audio(piece) => println!("{} {}: {} bytes", piece.seq, piece.text, piece.bytes.len()),
///         Spoken::Failed(failed) => println!("not spoken: {}: {}", failed.text, failed.error),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Speech {
    pub(super) speaker: Arc<dyn Speaker>,
    pub(super) callback: Callback,
    /// The request of every sentence, without its text.
    pub(super) request: SpeechRequest,
    pub(super) in_flight: usize,
    pub(super) retries: u32,
    pub(super) sentence_limit: Option<Duration>,
    pub(super) on_failure: OnFailure,
    pub(super) cutter: SentenceCutter,
}

impl Speech {
    /// Speaks through this speaker, two sentences at a time.
    pub fn new<S: Speaker + 'static>(speaker: S) -> Self {
        Speech {
            speaker: Arc::new(speaker),
            callback: Callback::of::<S>("speaker"),
            request: SpeechRequest::default(),
            in_flight: 2,
            retries: 1,
            sentence_limit: Some(SENTENCE_LIMIT),
            on_failure: OnFailure::default(),
            cutter: SentenceCutter::new(),
        }
    }

    /// The voice of every sentence, by the service's name for it.
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.request = self.request.voice(voice);
        self
    }

    /// The language of every sentence, such as `ko` or `zh-TW`, for speakers that do not detect it.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.request = self.request.language(language);
        self
    }

    /// The speed of every sentence: 1 is the voice's normal speed, 2 twice as fast.
    pub fn speed(mut self, speed: f64) -> Self {
        self.request = self.request.speed(speed);
        self
    }

    /// Instructions in words for every sentence, for speakers that support them.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.request = self.request.instructions(instructions);
        self
    }

    /// The format of the audio.
    pub fn format(mut self, format: AudioFormat) -> Self {
        self.request = self.request.format(format);
        self
    }

    /// The number of concurrent requests; at least one. Default 2.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.in_flight = requests.max(1);
        self
    }

    /// The number of retries of a sentence after a transient failure, in addition to the retries of the
    /// speaker's own requests. Default 1.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The time limit of one sentence, with its retries; `None` for no limit. Default 20 s. A sentence that takes
    /// longer fails with `total_timeout`.
    pub fn sentence_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.sentence_limit = limit.into();
        self
    }

    /// The handling of a sentence that cannot be spoken. Default [`OnFailure::Skip`].
    pub fn on_failure(mut self, what: OnFailure) -> Self {
        self.on_failure = what;
        self
    }

    /// The longest sentence, in code points; see [`SentenceCutter::longest`].
    pub fn longest_sentence(mut self, code_points: usize) -> Self {
        self.cutter = self.cutter.longest(code_points);
        self
    }
}

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speech")
            .field("request", &self.request)
            .field("in_flight", &self.in_flight)
            .field("retries", &self.retries)
            .field("sentence_limit", &self.sentence_limit)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}
