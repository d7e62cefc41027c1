//! Where records go.

use std::future::Future;
use std::time::Duration;

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;

use super::Record;
use super::opening::{AnyOpener, Opener};
use crate::credentials::Tokens;
use crate::guard::Callback;
use crate::redact::Redactor;

/// Delivers records to a service.
///
/// The outbox calls it again and again until it says [`Delivered`](Outcome::Delivered) or [`Dead`](Outcome::Dead), so
/// a delivery must be safe to repeat: a process can die after the service took a record and before the outbox has
/// written that down. One that has not ended within [`Delivery::limit`](super::Delivery::limit) is cancelled and made
/// again, so it must neither be harmed by being dropped nor block its thread: all deliveries share one.
///
/// A sink is used in forked children as well, and so must not hold connections of the process that made it.
///
/// ```
/// use turnwire::outbox::{Outcome, Record, Sink};
///
/// struct Log;
///
/// impl Sink for Log {
///     async fn deliver(&self, record: &Record) -> Outcome {
///         println!("{}", record.payload());
///         Outcome::Delivered
///     }
/// }
/// ```
pub trait Sink: Send + Sync + 'static {
    /// Delivers one record. Records of one conversation come in order and one at a time, those of others at once.
    fn deliver(&self, record: &Record) -> impl Future<Output = Outcome> + Send;

    /// What is done once for a delivered record, as counting it is.
    ///
    /// It is called at most once for each record, across crashes and retries: only after the delivery has been
    /// written down, and never again, whatever becomes of it. Nothing but `flush` and `shutdown` waits for it. A
    /// crash in between loses the call, and never doubles it.
    fn delivered(&self, record: &Record) -> impl Future<Output = ()> + Send {
        let _ = record;
        async {}
    }

    /// What opens conversations that have no place at the service yet. The chat store does.
    #[doc(hidden)]
    fn opener(&self) -> Option<AnyOpener> {
        None
    }
}

/// What came of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The service has it.
    Delivered,
    /// The service took the request and failed (as with status 500): trouble that may pass, or may lie in this
    /// record. One that keeps failing so while others get through is poison, and becomes a dead letter.
    Retry {
        /// The wait that the service asked for; at most an hour is obeyed.
        after: Option<Duration>,
        /// The service's message, without secrets.
        reason: String,
    },
    /// The service was not reached, or turns everybody away (no connection, a broken one, a time limit, status 408,
    /// 425, 429, 502, 503, 504): this says little about the record.
    Unavailable {
        /// The wait that the service asked for; at most an hour is obeyed.
        after: Option<Duration>,
        /// What happened, without secrets.
        reason: String,
    },
    /// The record's tokens are not accepted and no others are at hand: it waits for fresh ones.
    NeedsToken,
    /// The service will never take it: it becomes a dead letter, which a person can see and resend.
    Dead {
        /// The service's message, without secrets.
        reason: String,
    },
}

impl Outcome {
    /// The outcome with a reason that may be written down: whatever the sink says, no token reaches the file.
    pub(super) fn scrubbed(mut self, tokens: Option<&Tokens>) -> Self {
        if let Outcome::Retry { reason, .. }
        | Outcome::Unavailable { reason, .. }
        | Outcome::Dead { reason } = &mut self
        {
            let mut redactor = Redactor::default();
            tokens.into_iter().for_each(|tokens| redactor.add_tokens(tokens));
            *reason = redactor.scrub(reason);
        }
        self
    }
}

/// A sink of any type, and of none that the outbox would have to name.
pub(super) trait AnySink: Send + Sync {
    /// How errors name it.
    fn callback(&self) -> Callback;
    fn deliver<'a>(&'a self, record: &'a Record) -> BoxFuture<'a, Outcome>;
    fn delivered<'a>(&'a self, record: &'a Record) -> BoxFuture<'a, ()>;
    fn opener(&self) -> Option<AnyOpener>;
}

impl<S: Sink> AnySink for S {
    fn callback(&self) -> Callback {
        Callback::of::<S>("sink")
    }

    fn deliver<'a>(&'a self, record: &'a Record) -> BoxFuture<'a, Outcome> {
        Box::pin(Sink::deliver(self, record))
    }

    fn delivered<'a>(&'a self, record: &'a Record) -> BoxFuture<'a, ()> {
        Box::pin(Sink::delivered(self, record))
    }

    fn opener(&self) -> Option<AnyOpener> {
        Sink::opener(self)
    }
}

/// Where an outbox's records go, as soon as that is known.
#[derive(Default)]
pub(super) struct Target {
    sink: OnceLock<Arc<dyn AnySink>>,
    /// Opens conversations for a sink that cannot.
    opener: OnceLock<Arc<dyn Opener>>,
}

impl Target {
    pub(super) fn get(&self) -> Option<&Arc<dyn AnySink>> {
        self.sink.get()
    }

    /// Fails when there is a sink already.
    pub(super) fn set(&self, sink: Arc<dyn AnySink>) -> Result<(), Arc<dyn AnySink>> {
        self.sink.set(sink)
    }

    /// The first one stays.
    pub(super) fn set_opener(&self, opener: Arc<dyn Opener>) {
        let _ = self.opener.set(opener);
    }

    pub(super) fn opener(&self) -> Option<Arc<dyn Opener>> {
        let own = || self.sink.get().and_then(|sink| sink.opener()).map(|opener| opener.0);
        self.opener.get().cloned().or_else(own)
    }
}
