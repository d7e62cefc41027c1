//! Speech for a host: the text comes from a [`TextFeed`](super::TextFeed), the audio goes into a pull.

use std::path::PathBuf;

use bytes::Bytes;

use super::answer::{Call, call};
use super::in_context::InContext;
use super::list::{List, Weigh};
use super::pull::Pull;
use super::text_feed::FedText;
use crate::caller::{self, Context};
use crate::error::Result;
use crate::speech::{Speech, Spoken};

/// Speaks a text sentence by sentence. A speaker that is a function of the host gets `context` with each sentence.
///
/// # Errors
///
/// `config` when no thread can be started. Errors of the text come from the pull, and under `OnFailure::Stop` those of a
/// sentence.
pub fn speak(
    speech: &Speech,
    text: FedText,
    context: Option<Context>,
) -> Result<Pull<List<Spoken>>> {
    Pull::of_stream(InContext { stream: speech.speak(text), context })
}

/// Speaks a text as the bytes of one file.
///
/// # Errors
///
/// `config` when no thread can be started. Errors of the speech come from the pull.
pub fn speak_joined(
    speech: &Speech,
    text: FedText,
    context: Option<Context>,
) -> Result<Pull<List<Bytes>>> {
    Pull::of_stream(InContext { stream: speech.speak(text).joined(), context })
}

/// Speaks a text into a file, which appears when it is complete: the number of its bytes.
///
/// # Errors
///
/// `config` when no thread can be started. Errors of the speech and of the file come from the call.
pub fn speak_into_file(
    speech: &Speech,
    text: FedText,
    path: PathBuf,
    context: Option<&Context>,
) -> Result<Call> {
    let mut joined = speech.speak(text).joined();
    caller::scope(context, || call(async move { joined.write_to_file(path).await }))
}

impl Weigh for Spoken {
    fn weight(&self) -> usize {
        match self {
            Spoken::Audio(piece) => piece.bytes.len() + piece.text.len(),
            Spoken::Failed(failed) => failed.text.len(),
        }
    }
}
