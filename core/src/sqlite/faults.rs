//! The classification of SQLite's and the system's errors.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use super::fault::{Fault, Refused};

/// The reason why the file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenFault {
    /// It can never be opened.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It may be possible later.
    #[error(transparent)]
    Now(#[from] Fault),
}

/// A refusal for this reason.
pub(crate) fn refused(why: impl Into<String>) -> OpenFault {
    Refused(why.into()).into()
}

/// An I/O error: a transient one, such as a full disk, or a permanent one.
pub(crate) fn not_now(path: &Path, error: &io::Error) -> OpenFault {
    let why = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::Unusable(why).into(),
        _ => refused(why),
    }
}

pub(crate) fn forked() -> Fault {
    Fault::Unusable("this process was forked in the middle of a call of SQLite".into())
}

/// The fault behind an error of SQLite. Damage is what SQLite reports as damage, and a stored value of an unexpected
/// type: flipped bytes inside a text or a number, which SQLite does not detect.
pub(crate) fn fault(error: rusqlite::Error) -> Fault {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    match (error.sqlite_error_code(), &error) {
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => Fault::Busy,
        (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _)
        | (
            None,
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..),
        ) => Fault::Damaged(error.to_string()),
        _ => Fault::Unusable(error.to_string()),
    }
}
