//! The opener: creates the place of a conversation at the service, step by step.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::opening::OpeningObserver;
use super::outcome::Outcome;
use super::record::Record;
use crate::error::Error;
use crate::guard::Callback;

/// Creates places at the service.
pub(crate) trait Opener: Send + Sync {
    /// The name of the opener in errors.
    fn callback(&self) -> Callback;

    /// Requests the place, at most once; it repeats the request only if the first one certainly had no effect. A place that
    /// is [doubted](OpeningCall::is_doubted) is looked for before.
    fn open<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Opened>;

    /// Carries out the steps in the new place before its first record.
    fn begin<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Begun>;
}

/// An [`Opener`] of any type.
#[derive(Clone)]
pub struct AnyOpener(pub(crate) Arc<dyn Opener>);

impl std::fmt::Debug for AnyOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

/// The arguments of an opener call.
#[derive(Clone, Copy)]
pub(crate) struct OpeningCall<'a> {
    pub(crate) record: &'a Record,
    pub(crate) plan: &'a Value,
    /// True after an earlier attempt: another process may have done part of it.
    pub(crate) is_again: bool,
    /// True if the answer to an earlier request is lost.
    pub(crate) is_doubted: bool,
    /// The time at which the record was first accepted, in milliseconds since the epoch: the place is no older.
    pub(crate) accepted_at: u64,
    /// Records each request.
    pub(crate) requests: &'a dyn Requests,
    /// Observes each step.
    pub(crate) observer: &'a dyn OpeningObserver,
}

/// Stores the requests to the service.
pub(crate) trait Requests: Send + Sync {
    /// Stores a request before it is sent; it must not be sent if this fails.
    fn begins(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Records that the service has certainly done nothing.
    fn was_refused(&self);

    /// Returns true if another conversation has this name: then it is not the place that is looked for.
    fn is_taken(&self, name: &str) -> Result<bool, Error>;
}

/// The result of the steps in a new place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Begun {
    /// They are done, or never will be: the place is used as it is.
    Done,
    /// The service was not reached, or did not answer: they are tried again after the wait of this outcome, before the first record.
    Later(Outcome),
}

/// The result of a request for a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Opened {
    /// The place exists under this name.
    As(String),
    /// An earlier request has created the place, under this name.
    Found(String),
    /// The place was certainly not created; the outcome is like that of a delivery.
    Not(Outcome),
    /// The answer is lost: the place is looked for after the wait of this outcome.
    Lost(Outcome),
    /// The place may have been created, and never will be known; with the reason for the doubt.
    InDoubt(String),
}
