//! An error and its causes.

use std::error::Error as StdError;
use std::iter;

/// An error and its causes.
pub(super) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let cause = |e: &&'a (dyn StdError + 'static)| (*e).source();
    iter::successors(Some(error), cause)
}

/// Returns true if the service stated over HTTP/2 that it did not process the request (RFC 9113, section 8.7): it
/// refused the stream, or closed the connection gracefully before it.
pub(super) fn is_refused(error: &(dyn StdError + 'static)) -> bool {
    chain(error).filter_map(|e| e.downcast_ref::<h2::Error>()).any(|e| {
        let refused = e.is_reset() && e.reason() == Some(h2::Reason::REFUSED_STREAM);
        let closed = e.is_go_away() && e.reason() == Some(h2::Reason::NO_ERROR);
        e.is_remote() && (refused || closed)
    })
}
