//! Failures of calls: the ones that permit the fallback, and hints that fit a chat service.

use crate::error::{Error, ErrorKind};

/// Returns true if the failure proves that the service did not accept the message.
pub(super) fn is_untaken(error: &Error) -> bool {
    error.is_connect() || is_elsewhere(error)
}

/// Returns true if the service does not have this path.
fn is_elsewhere(error: &Error) -> bool {
    matches!(error.status(), Some(404 | 405 | 501))
}

/// Replaces the hints for a model's service by those for a chat service.
pub(super) fn explained(error: Error) -> Error {
    if is_elsewhere(&error) {
        let hint = "check the service's URL, its paths (`ServicePaths`) and the workspace's id";
        return error.with_hint(hint);
    }
    match error.kind() {
        ErrorKind::Authentication => error.with_hint("check the user's tokens"),
        _ => error,
    }
}

/// Replaces the hint for a workspace by that for a turn.
pub(super) fn not_stopped(error: Error) -> Error {
    if !is_elsewhere(&error) {
        return error;
    }
    let hint =
        "the turn is another user's, or the service has another path to stop one (`ServicePaths`)";
    error.with_hint(hint)
}

/// The error of the whole reply, with the failure of the stream before it.
pub(super) fn after(first: &Error, second: Error) -> Error {
    // The service's own message is the same both times, so it is not repeated.
    if second.api().is_some() && first.message() == second.message() {
        return second;
    }
    let status = first.status().map(|status| format!("HTTP {status}: ")).unwrap_or_default();
    let target = first.target().map(|target| format!(" ({target})")).unwrap_or_default();
    let told = format!(
        "{}; before that, the stream could not be opened: {status}{}{target}",
        second.message(),
        first.message(),
    );
    second.with_message(told)
}
