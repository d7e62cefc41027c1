//! Speech: text to audio, whole or sentence by sentence while the text is still being written.
//!
//! ```text
//! text ─▶ SentenceCutter ─▶ Speaker, a few requests at a time ─▶ Spoken, in order ─▶ joined(): one file
//! └────────────────────────────────── Speech ──────────────────────────────────┘
//! ```
//!
//! A [`Speaker`] converts a text to an [`AudioStream`]: [`GoogleTranslateSpeaker`], [`OpenAiSpeaker`], [`ServiceSpeaker`],
//! or your own. [`SentenceCutter`] finds the sentences of a growing text. [`Speech`] combines both: it
//! speaks each sentence as soon as it is complete, and returns the audio in order.
//!
//! # Failures
//!
//! A sentence is spoken completely or not at all, with retries after transient failures. One that cannot be spoken is
//! left out and reported as [`Spoken::Failed`], or ends the speech under [`OnFailure::Stop`]. An error of the text, such
//! as that of a broken [`ChatStream`](crate::chat::ChatStream), ends the speech after the sentences before it. Dropping
//! the stream ends all requests.
//!
//! # Example
//!
//! A reply of the LLM, spoken into a file while it is written:
//!
//! ```no_run
//! use turnwire::{ChatRequest, GoogleTranslateSpeaker, OpenAi, Speech};
//!
//! # async fn run() -> turnwire::Result<()> {
//! let llm = OpenAi::from_env()?;
//! let reply = llm.chat_stream(ChatRequest::new("gpt-4o-mini").user("안녕하세요")).await?;
//! let speech = Speech::new(GoogleTranslateSpeaker::new("ko")).in_flight(3);
//! speech.speak(reply).joined().write_to_file("reply.mp3").await?;
//! # Ok(())
//! # }
//! ```

mod audio;
mod call;
mod file;
mod format;
mod google;
mod join;
mod openai;
mod pipeline;
mod sentence;
#[cfg(feature = "service")]
mod service;
mod settings;
mod speaker;
mod text;

pub use audio::AudioStream;
pub use format::AudioFormat;
pub use google::GoogleTranslateSpeaker;
pub use join::JoinedSpeech;
#[cfg(feature = "turns")]
pub(crate) use join::join;
pub use openai::OpenAiSpeaker;
pub use pipeline::{AudioPiece, FailedSentence, SpeechStream, Spoken, Whole};
pub use sentence::SentenceCutter;
#[cfg(feature = "service")]
pub use service::ServiceSpeaker;
pub use settings::{OnFailure, Speech, SpeechMode};
pub use speaker::{Speaker, SpeechRequest};
pub use text::TextPiece;
