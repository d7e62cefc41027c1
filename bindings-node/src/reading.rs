//! The items of a stream for JavaScript: chunks and events as JSON lists, a body as its bytes, spoken sentences as both.

use napi::bindgen_prelude::{Buffer, Either};
use serde_json::json;
use turnwire::Bytes;
use turnwire::bridge::{Batch, Chunks, Events, List, Pull, Taken, Waiting};
use turnwire::speech::{FailedSentence, Spoken};

use crate::json;
use crate::runs::Runs;

/// Items on their way to JavaScript.
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
                    return Taken::Items(Piece::Text(list));
                }
                match chunks.pull().take() {
                    Taken::Items(items) => {
                        *pulled = items;
                        runs.write(pulled)
                            .map_or(Taken::Nothing, |list| Taken::Items(Piece::Text(list)))
                    }
                    Taken::Nothing => Taken::Nothing,
                    Taken::End => Taken::End,
                    Taken::Failed(error) => Taken::Failed(error),
                }
            }
            Reading::Events(pull) => piece(pull.take(), |events| Piece::Text(events.into_json())),
            Reading::Bytes(pull) => piece(pull.take(), |pieces| Piece::Bytes(pieces.concat())),
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
            Piece::Bytes([&length, header.as_bytes(), &piece.bytes].concat())
        }
        Spoken::Failed(failed) => {
            let FailedSentence { sentence, text, error, .. } = failed;
            let sentence = json!({ "sentence": sentence, "text": text }).to_string();
            Piece::Text(format!("[{sentence},{}]", json::error(&error)))
        }
    }
}
