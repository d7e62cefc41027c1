//! Several items, gathered for their reader.

/// Several items, in their order.
pub trait Items: Default + Send + 'static {
    /// The number of items.
    fn count(&self) -> usize;

    /// The bytes that they hold.
    fn bytes(&self) -> usize;

    /// Adds others behind them.
    fn append(&mut self, later: Self);
}

/// Items that are gathered from others of one type.
pub(super) trait Collect<T>: Items {
    /// Adds an item behind the others.
    fn push(&mut self, item: T);
}
