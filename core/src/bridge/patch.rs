//! Changes to a reply as JSON operations.

use serde::Serialize;
use serde_json::{Value, json};

use crate::chat::accumulate::{At, Changes, Step};

/// The operations of one chunk.
#[derive(Debug, Default)]
pub(super) struct Patches {
    ops: Vec<Value>,
    /// The pieces of tool calls, for each choice in the chunk.
    pieces: Vec<Vec<Piece>>,
}

/// A piece of a tool call.
#[derive(Debug)]
pub(super) struct Piece {
    /// The call's number.
    pub(super) number: u32,
    /// More of its arguments.
    pub(super) arguments: String,
}

impl Patches {
    pub(super) fn into_parts(self) -> (Vec<Value>, Vec<Vec<Piece>>) {
        (self.ops, self.pieces)
    }

    fn push<T: Serialize + ?Sized>(&mut self, name: &str, at: &At<'_>, value: &T) {
        let mut path = Vec::new();
        at.steps(&mut |step| {
            path.push(match step {
                Step::Reply => return,
                Step::Name(name) => name.into(),
                Step::Other(name) => json!([name]),
                Step::Place(place) => place.into(),
            });
        });
        // All values are parts of a reply, so serialisation cannot fail.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.ops.push(json!([name, path, value]));
    }
}

impl Changes for Patches {
    fn set<T: Serialize + ?Sized>(&mut self, at: &At<'_>, value: &T) {
        self.push("set", at, value);
    }

    fn append(&mut self, at: &At<'_>, text: &str) {
        self.push("append", at, text);
    }

    fn extend<T: Serialize>(&mut self, at: &At<'_>, items: &[T]) {
        self.push("extend", at, items);
    }

    fn insert<T: Serialize>(&mut self, at: &At<'_>, value: &T) {
        self.push("insert", at, value);
    }

    fn choice(&mut self) {
        self.pieces.push(Vec::new());
    }

    fn called(&mut self, number: u32, arguments: &str) {
        if let Some(pieces) = self.pieces.last_mut() {
            pieces.push(Piece { number, arguments: arguments.to_owned() });
        }
    }
}
