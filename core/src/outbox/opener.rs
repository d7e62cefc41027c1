//! The opener: opens the place of a conversation at the service, step by step.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::opening::OpeningObserver;
use super::outcome::Outcome;
use super::record::Record;
use crate::error::Error;
use crate::guard::Callback;

/// Opens places at the service.
pub(crate) trait Opener: Send + Sync {
    /// The name of the opener in errors.
    fn callback(&self) -> Callback;

    /// Requests the place, at most once: again only where the first request has certainly done nothing.
    fn open<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Opened>;

    /// Carries out the steps in the new place before its first record.
    fn begin<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, ()>;

    /// The reason of a dead letter whose request was sent, and whose answer is lost.
    fn in_doubt(&self) -> String;
}

/// An [`Opener`] of any type.
#[derive(Clone)]
pub struct AnyOpener(pub(crate) Arc<dyn Opener>);

impl std::fmt::Debug for AnyOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

/// The arguments of an opener.
#[derive(Clone, Copy)]
pub(crate) struct OpeningCall<'a> {
    pub(crate) record: &'a Record,
    pub(crate) plan: &'a Value,
    /// It was tried before: another process may have done a part of it.
    pub(crate) is_again: bool,
    /// Records each request.
    pub(crate) requests: &'a dyn Requests,
    /// Observes each step, if this process waits for them.
    pub(crate) observer: Option<&'a dyn OpeningObserver>,
}

/// Stores the requests to the service.
pub(crate) trait Requests: Send + Sync {
    /// Stores a request before it is sent; it must not be sent if this fails.
    fn begins(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// The service has certainly done nothing.
    fn was_refused(&self);
}

/// Result of a request for a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Opened {
    /// It exists under this name.
    As(String),
    /// It was certainly not created: the outcome, as of a delivery.
    Not(Outcome),
    /// It may have been created.
    InDoubt(String),
}
