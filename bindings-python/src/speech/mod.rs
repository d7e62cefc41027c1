//! Speech: speakers, texts that are spoken sentence by sentence, and the cutter of sentences.

mod cutter;
mod feed;
mod piece;
mod speaker;
mod spoken;

pub(crate) use cutter::SentenceCutter;
pub(crate) use feed::TextFeed;
pub(crate) use speaker::Speaker;
pub(crate) use spoken::Speech;
