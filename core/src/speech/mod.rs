//! Speech: text to audio, whole or sentence by sentence while the text is still being written.
//!
//! A [`Speaker`] turns a text into an [`AudioStream`]. [`SentenceCutter`] finds the sentences of a text that still
//! grows, and [`Speech`] puts both together: it speaks each sentence as soon as it is whole, a few at a time, and gives
//! the audio out in order.

mod audio;
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
pub use openai::OpenAiSpeaker;
pub use pipeline::{AudioPiece, FailedSentence, SpeechStream, Spoken, Whole};
pub use sentence::SentenceCutter;
#[cfg(feature = "service")]
pub use service::ServiceSpeaker;
pub use settings::{OnFailure, Speech, SpeechMode};
pub use speaker::{Speaker, SpeechRequest};
pub use text::TextPiece;
