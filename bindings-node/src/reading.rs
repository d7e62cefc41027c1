//! The items of a stream for JavaScript: chunks and events as JSON lists, a body as its bytes, spoken sentences as both.

use napi::bindgen_prelude::{Buffer, Either};
use serde_json::json;
use turnwire::Bytes;
use turnwire::bridge::{Batch, Chunks, Events, List, Pull, Taken, Waiting};
use turnwire::speech::{FailedSentence, Spoken};

use crate::json;
use crate::runs::Runs;

/// Items on their way to JavaScript.
pub(crate) type Piece = Either<String, Buffer>;

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
    /// Takes the items that are there, without waiting.
    pub(crate) fn take(&mut self) -> Taken<Piece> {
        match self {
            Reading::Chunks(chunks, pulled, runs) => {
                if let Some(list) = runs.write(pulled) {
                    return Taken::Items(Either::A(list));
                }
                match chunks.pull().take() {
                    Taken::Items(items) => {
                        *pulled = items;
                        runs.write(pulled)
                            .map_or(Taken::Nothing, |list| Taken::Items(Either::A(list)))
                    }
                    Taken::Nothing => Taken::Nothing,
                    Taken::End => Taken::End,
                    Taken::Failed(error) => Taken::Failed(error),
                }
            }
            Reading::Events(pull) => piece(pull.take(), |events| Either::A(events.into_json())),
            Reading::Bytes(pull) => piece(pull.take(), |pieces| Either::B(pieces.concat().into())),
            Reading::Spoken(pull, pulled) => {
                if let Some(spoken) = pulled.take_first() {
                    return Taken::Items(sentence(spoken));
                }
                match pull.take() {
                    Taken::Items(mut items) => {
                        let first = items.take_first();
                        *pulled = items;
                        first.map_or(Taken::Nothing, |spoken| Taken::Items(sentence(spoken)))
                    }
                    Taken::Nothing => Taken::Nothing,
                    Taken::End => Taken::End,
                    Taken::Failed(error) => Taken::Failed(error),
                }
            }
        }
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

fn piece<I>(taken: Taken<I>, write: impl FnOnce(I) -> Piece) -> Taken<Piece> {
    match taken {
        Taken::Items(items) => Taken::Items(write(items)),
        Taken::Nothing => Taken::Nothing,
        Taken::End => Taken::End,
        Taken::Failed(error) => Taken::Failed(error),
    }
}

/// A spoken sentence: its audio after a header, which is JSON after its length in four bytes; or a list of the sentence that
/// failed.
fn sentence(spoken: Spoken) -> Piece {
    match spoken {
        Spoken::Audio(piece) => {
            let header = json!({
                "seq": piece.seq, "text": piece.text, "mime": piece.mime, "sentence": piece.sentence,
            });
            let header = header.to_string();
            // A sentence of the cutter is short.
            let length = u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes();
            Either::B([&length, header.as_bytes(), &piece.bytes].concat().into())
        }
        Spoken::Failed(failed) => {
            let FailedSentence { sentence, text, error, .. } = failed;
            let sentence = json!({ "sentence": sentence, "text": text }).to_string();
            Either::A(format!("[{sentence},{}]", json::error(&error)))
        }
    }
}
