//! The errors of the store: the operation, the file, the cause, and the remedy.

use std::path::Path;
use std::sync::Arc;

use crate::conversation::Owner;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::Outcome;
use crate::sqlite::{Fault, OpenFault};

/// The error of an operation on a file that has a fault.
pub(super) fn storage(operation: &'static str, path: &Path, fault: &OpenFault) -> Error {
    let why = match fault {
        OpenFault::Now(Fault::Busy) => "another process has been writing for 5 s".to_owned(),
        other => other.to_string(),
    };
    let target: Arc<str> = path.display().to_string().into();
    let error = Error::new(ErrorKind::Storage, operation, why).with_target(Some(target));
    match fault {
        OpenFault::Now(Fault::Busy) => error.with_retryable(true).with_hint(
            "call again; if it stays so, look for a stopped process that has the file open",
        ),
        OpenFault::Now(Fault::Damaged(_)) => error.with_hint(
            "put a backup in its place; or move it away with its `-wal` and `-shm` to begin a new one, and recover the \
             old one with `sqlite3 chat.db .recover`",
        ),
        OpenFault::Now(Fault::Unusable(_)) => error.with_retryable(true),
        OpenFault::Refused(_) => error,
    }
}

/// The error of an operation in a workspace that the user does not have.
pub(super) fn no_workspace(operation: &'static str, id: &str) -> Error {
    Error::new(ErrorKind::NotFound, operation, format!("the user has no workspace {id:?}"))
        .with_hint("check its id: it may have been deleted, or belong to another user")
}

pub(super) fn invalid(operation: &'static str, why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidRequest, operation, why)
}

/// The user of a call of the outbox or of a turn.
pub(super) fn user<'a>(owner: Owner<'a>, operation: &'static str) -> Result<&'a str> {
    owner.user_id.ok_or_else(|| {
        invalid(operation, "the record does not say whose conversation it belongs to")
            .with_hint("set the user of the turn, or of the record")
    })
}

/// The outcome of a save or of a creation that failed. Only a fault of the file can pass.
pub(super) fn outcome_of(error: &Error) -> Outcome {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::InvalidRequest => Outcome::dead(error.message()),
        _ => Outcome::unavailable(error.to_string()),
    }
}
