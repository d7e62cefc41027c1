//! The items of a stream for JavaScript: chunks and events as JSON lists, a body as its bytes, spoken sentences as both.

use std::fmt::Write;

use napi::bindgen_prelude::{Buffer, Either};
use serde_json::json;
use turnwire::Bytes;
use turnwire::bridge::{Batch, Chunks, Events, List, Pull, Taken, Waiting};
use turnwire::speech::{FailedSentence, Spoken};

use crate::json;
use crate::runs::Runs;

/// An answer or items on their way to JavaScript.
pub(crate) enum Piece {
    /// JSON.
    Text(String),
    /// Bytes, a buffer there.
    Bytes(Vec<u8>),
}

impl From<Piece> for Either<String, Buffer> {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Text(json) => Either::A(json),
            Piece::Bytes(bytes) => Either::B(bytes.into()),
        }
    }
}

/// Items that were taken.
pub(crate) enum Written {
    /// Their JSON was added to the text.
    Json,
    /// Bytes, a buffer there.
    Bytes(Vec<u8>),
}

/// A stream that is being read.
pub(crate) enum Reading {
    /// Chunks, those that were pulled but not yet taken, and their writer.
    Chunks(Chunks, Batch, Runs),
    /// Events of a turn.
    Events(Pull<Events>),
    /// Bytes of a body.
    Bytes(Pull<List<Bytes>>),
    /// Spoken sentences, and those that were pulled but not yet taken.
    Spoken(Pull<List<Spoken>>, List<Spoken>),
}

impl Reading {
    /// Takes the items that are there, without waiting, and adds their JSON to `text`.
    pub(crate) fn take(&mut self, text: &mut String) -> Taken<Written> {
        match self {
            Reading::Chunks(chunks, pulled, runs) => {
                if runs.write(pulled, text) {
                    return Taken::Items(Written::Json);
                }
                written(chunks.pull().take(), |items| {
                    *pulled = items;
                    runs.write(pulled, text).then_some(Written::Json)
                })
            }
            Reading::Events(pull) => written(pull.take(), |events| {
                text.push_str(&events.into_json());
                Some(Written::Json)
            }),
            Reading::Bytes(pull) => {
                written(pull.take(), |pieces| Some(Written::Bytes(pieces.concat())))
            }
            Reading::Spoken(pull, pulled) => {
                if let Some(spoken) = pulled.take_first() {
                    return Taken::Items(sentence(spoken, text));
                }
                written(pull.take(), |mut items| {
                    let first = items.take_first();
                    *pulled = items;
                    first.map(|spoken| sentence(spoken, text))
                })
            }
        }
    }

    /// Calls `wake` once there is more to take: at once if there is already.
    pub(crate) fn wake(&self, wake: Box<dyn FnOnce() + Send>) {
        let has_more = match self {
            Reading::Chunks(_, pulled, _) => !pulled.is_empty(),
            Reading::Spoken(_, pulled) => !pulled.is_empty(),
            Reading::Events(_) | Reading::Bytes(_) => false,
        };
        if has_more { wake() } else { self.waiting().wake(wake) }
    }

    /// The pull that JavaScript waits on.
    pub(crate) fn waiting(&self) -> &dyn Waiting {
        match self {
            Reading::Chunks(chunks, ..) => chunks.pull(),
            Reading::Events(pull) => pull,
            Reading::Bytes(pull) => pull,
            Reading::Spoken(pull, _) => pull,
        }
    }
}

/// The result of a pull whose items are written by this function; it returns `None` if there are none.
fn written<I>(taken: Taken<I>, write: impl FnOnce(I) -> Option<Written>) -> Taken<Written> {
    match taken {
        Taken::Items(items) => write(items).map_or(Taken::Nothing, Taken::Items),
        Taken::Nothing => Taken::Nothing,
        Taken::End => Taken::End,
        Taken::Failed(error) => Taken::Failed(error),
    }
}

/// A spoken sentence: its audio after a header, which is JSON after its length in four bytes; or a list of the sentence that
/// failed.
fn sentence(spoken: Spoken, text: &mut String) -> Written {
    match spoken {
        Spoken::Audio(piece) => {
            let header = json!({
                "seq": piece.seq, "text": piece.text, "mime": piece.mime, "sentence": piece.sentence,
            });
            let header = header.to_string();
            // A sentence of the cutter is short.
            let length = u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes();
            Written::Bytes([&length, header.as_bytes(), &piece.bytes].concat())
        }
        Spoken::Failed(failed) => {
            let FailedSentence { sentence, text: spoken, error, .. } = failed;
            let sentence = json!({ "sentence": sentence, "text": spoken });
            // Writing into a String cannot fail.
            let _ = write!(text, "[{sentence},{}]", json::error(&error));
            Written::Json
        }
    }
}
