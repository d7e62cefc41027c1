//! The items of a stream for JavaScript: chunks and events as JSON lists, a body as its bytes.

use napi::bindgen_prelude::{Buffer, Either};
use turnwire::Bytes;
use turnwire::bridge::{Batch, Chunks, Events, List, Pull, Taken, Waiting};

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
        }
    }

    /// The pull that JavaScript waits on.
    pub(crate) fn waiting(&self) -> &dyn Waiting {
        match self {
            Reading::Chunks(chunks, ..) => chunks.pull(),
            Reading::Events(pull) => pull,
            Reading::Bytes(pull) => pull,
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
