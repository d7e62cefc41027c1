//! The body of a stream as it comes, for hosts whose programs read it themselves.

use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::pull::{Items, Source};
use super::{Client, Pull};
use crate::chat::ChatStream;
use crate::error::Result;
use crate::process::runtime;

/// Pieces of a body, in their order.
#[derive(Debug, Default)]
pub struct Pieces(Vec<Bytes>);

impl Pieces {
    /// The pieces as one.
    pub fn concat(&self) -> Vec<u8> {
        self.0.concat()
    }
}

impl Items for Pieces {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn append(&mut self, later: Self) {
        self.0.extend(later.0);
    }
}

impl Client {
    /// The body of an open stream, which is not decoded.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the connection come from the pull.
    pub fn body(stream: ChatStream) -> Result<Pull<Pieces>> {
        Ok(Pull::new(runtime()?.handle(), Raw(stream)))
    }
}

struct Raw(ChatStream);

impl Source for Raw {
    type Items = Pieces;

    fn poll_into(
        &mut self,
        task: &mut Context<'_>,
        items: &mut Pieces,
    ) -> Poll<Option<Result<()>>> {
        let piece = ready!(self.0.poll_bytes(task));
        Poll::Ready(piece.map(|piece| piece.map(|bytes| items.0.push(bytes))))
    }

    fn is_dry(&self) -> bool {
        true
    }
}
