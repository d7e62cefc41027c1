//! Chunks as JSON: consecutive ones of one shape are written as their literals, after the shape, which is written once.

use std::sync::Arc;

use turnwire::bridge::{Batch, Piece, Shape};

/// The most bytes of a batch, or one chunk: the objects that JavaScript builds from it fit into its young generation.
const MOST: usize = 32 * 1024;

/// Writes the chunks of a stream.
#[derive(Default)]
pub(crate) struct Runs {
    /// The shape that JavaScript has.
    shape: Option<Arc<Shape>>,
}

impl Runs {
    /// Takes chunks from a batch, and adds them to a text as one JSON list. Returns false if there are none.
    pub(crate) fn write(&mut self, chunks: &mut Batch, list: &mut String) -> bool {
        let start = list.len();
        let mut is_first = true;
        let mut is_in_run = false;
        while list.len() - start < MOST
            && let Some(piece) = chunks.take_first()
        {
            match piece {
                Piece::Filling(filling) => {
                    let shape = filling.shape();
                    let known = self.shape.as_ref();
                    let is_known = known.is_some_and(|known| Arc::ptr_eq(known, shape));
                    if !is_in_run || !is_known {
                        next(list, is_first, is_in_run);
                        is_in_run = true;
                        list.push('[');
                        if is_known {
                            list.push_str("null");
                        } else {
                            introduce(list, shape);
                            self.shape = Some(shape.clone());
                        }
                    }
                    for (literal, is_string) in filling.literals().zip(shape.are_strings()) {
                        list.push_str(if is_string { ",\"" } else { "," });
                        list.push_str(literal.raw);
                        if is_string {
                            list.push('"');
                        }
                    }
                }
                Piece::Chunk(chunk) => {
                    next(list, is_first, is_in_run);
                    is_in_run = false;
                    list.push_str(chunk.raw());
                }
            }
            is_first = false;
        }
        if !is_first {
            list.push_str(if is_in_run { "]]" } else { "]" });
        }
        !is_first
    }
}

/// Starts the list, or its next item.
fn next(list: &mut String, is_first: bool, is_in_run: bool) {
    list.push_str(match (is_first, is_in_run) {
        (true, _) => "[",
        (false, true) => "],",
        (false, false) => ",",
    });
}

/// Writes a shape: one of its chunks, and the paths of the literals that vary.
fn introduce(list: &mut String, shape: &Shape) {
    list.push_str("{\"chunk\":");
    list.push_str(shape.json());
    list.push_str(",\"holes\":[");
    for (number, path) in shape.paths().enumerate() {
        if number > 0 {
            list.push(',');
        }
        list.push_str(&path);
    }
    list.push_str("]}");
}
