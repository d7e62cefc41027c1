//! Speech: speakers, texts that are spoken sentence by sentence, and the cutter of sentences.

mod cutter;
mod feed;
mod speaker;
mod spoken;

pub(crate) use speaker::Speaker;
