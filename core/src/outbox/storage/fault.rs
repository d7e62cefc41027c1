//! The faults of a store.

/// The reason why a store cannot perform an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::outbox) enum Fault {
    /// Another process has locked the file for too long.
    #[error("another process holds the file")]
    Busy,
    /// The file cannot be read or written: no space, no permission, an I/O error.
    #[error("{0}")]
    Unusable(String),
    /// The content of the file is damaged.
    #[error("the file is damaged: {0}")]
    Damaged(String),
}

/// The reason why a store can never be opened: the path is wrong, or the file is not an outbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::outbox) struct Refused(pub(in crate::outbox) String);
