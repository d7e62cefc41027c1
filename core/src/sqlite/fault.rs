//! The faults of a place that keeps records or messages.

/// The reason why an operation fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
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

/// The reason why a file can never be opened: the path is wrong, or the file is of another kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);
