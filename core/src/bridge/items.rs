//! Collections of items for their reader.

/// A collection of items, in order.
pub trait Items: Default + Send + 'static {
    /// The number of items.
    fn count(&self) -> usize;

    /// The size of the items, in bytes.
    fn bytes(&self) -> usize;

    /// Appends later items.
    fn append(&mut self, later: Self);
}

/// A collection built from items of type `T`.
pub(super) trait Collect<T>: Items {
    /// Appends an item.
    fn push(&mut self, item: T);
}
