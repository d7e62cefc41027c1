//! A list of items with its size in bytes, which bounds reading ahead.

use std::collections::VecDeque;

use bytes::Bytes;

use super::items::{Collect, Items};

/// Items in order, with their size.
#[derive(Debug)]
pub struct List<T> {
    items: VecDeque<T>,
    bytes: usize,
}

/// The size of an item, which bounds the number of items read ahead.
pub trait Weigh {
    /// Approximate memory of the item, in bytes.
    fn weight(&self) -> usize;
}

impl Weigh for Bytes {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl<T: Weigh> List<T> {
    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Removes the first item.
    pub fn take_first(&mut self) -> Option<T> {
        let first = self.items.pop_front()?;
        self.bytes = self.bytes.saturating_sub(first.weight());
        Some(first)
    }
}

impl List<Bytes> {
    /// Concatenates the pieces.
    pub fn concat(&self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.bytes);
        self.items.iter().for_each(|piece| whole.extend_from_slice(piece));
        whole
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List { items: VecDeque::new(), bytes: 0 }
    }
}

impl<T: Weigh + Send + 'static> Items for List<T> {
    fn count(&self) -> usize {
        self.items.len()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn append(&mut self, mut later: Self) {
        self.items.append(&mut later.items);
        self.bytes += later.bytes;
    }
}

impl<T: Weigh + Send + 'static> Collect<T> for List<T> {
    fn push(&mut self, item: T) {
        self.bytes += item.weight();
        self.items.push_back(item);
    }
}
