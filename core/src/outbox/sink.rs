//! The destination of records: the trait `Sink`, and the sink of one outbox.

use std::any::Any;
use std::future::Future;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;

use super::opener::{AnyOpener, Opener};
use super::outcome::Outcome;
use super::record::Record;
use super::state::AttemptState;
use crate::guard::Callback;

/// Delivers records to a service.
///
/// The outbox calls it until the outcome is [`Delivered`](Outcome::Delivered) or [`Dead`](Outcome::Dead), so a delivery
/// must be safe to repeat: a process can end after the service accepted a record and before the outbox has stored that.
/// A delivery that takes longer than [`Delivery::limit`](super::Delivery::limit) is cancelled and retried, so its
/// future must be safe to drop, and must not block its thread: all deliveries share one.
///
/// A sink is also used in forked children, and so must not hold connections of the process that created it.
///
/// ```
/// use turnwire::async_trait;
/// use turnwire::outbox::{Outcome, Record, Sink};
///
/// struct Log;
///
/// #[async_trait]
/// impl Sink for Log {
///     async fn deliver(&self, record: &Record) -> Outcome {
///         println!("{}", record.payload());
///         Outcome::Delivered
///     }
/// }
/// ```
///
/// A closure is a sink as well:
///
/// ```
/// # use turnwire::outbox::{Outbox, Outcome, Record};
/// # fn main() -> turnwire::Result<()> {
/// let outbox = Outbox::builder()
///     .sink(|record: Record| async move {
///         println!("{}", record.payload());
///         Outcome::Delivered
///     })
///     .start()?;
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Delivers one record. Records of one conversation arrive in order and one at a time, those of others
    /// concurrently.
    async fn deliver(&self, record: &Record) -> Outcome;

    /// Called once for a delivered record, for effects that must not be repeated, such as counting it.
    ///
    /// It is called at most once for each record, across crashes and retries: after the delivery has been stored, and
    /// never again, whatever its result. Only `flush` and `shutdown` wait for it. A crash between the two loses the
    /// call.
    async fn delivered(&self, record: &Record) {
        let _ = record;
    }

    /// Called for a record that became a dead letter.
    #[doc(hidden)]
    fn gave_up(&self, record_id: &str, reason: &str) {
        let _ = (record_id, reason);
    }

    /// Opens conversations that have no place at the service yet. The chat store does.
    #[doc(hidden)]
    fn opener(&self) -> Option<AnyOpener> {
        None
    }

    /// Returns true if the sink needs the tokens of a record's user, because it has none of its own and no provider.
    #[doc(hidden)]
    fn needs_tokens(&self) -> bool {
        false
    }

    /// Returns true if an [`Unavailable`](Outcome::Unavailable) of this sink never lies in the record: however often one meets it, it
    /// is not poison.
    #[doc(hidden)]
    fn blames_no_record(&self) -> bool {
        false
    }

    /// Returns true if somebody else delivers to the store what this sink takes.
    #[doc(hidden)]
    fn passes_on(&self) -> bool {
        false
    }

    /// The sink itself if an engine of turns attached it, for the next engine on the same outbox.
    #[doc(hidden)]
    fn of_turns(&self) -> Option<&dyn Any> {
        None
    }

    /// The name of the sink's type in errors.
    #[doc(hidden)]
    fn type_name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

#[async_trait]
impl<F, Delivering> Sink for F
where
    F: Fn(Record) -> Delivering + Send + Sync + 'static,
    Delivering: Future<Output = Outcome> + Send + 'static,
{
    async fn deliver(&self, record: &Record) -> Outcome {
        self(record.clone()).await
    }
}

macro_rules! forward {
    ($pointer:ty $(, $inner:ident)?) => {
        #[async_trait]
        impl$(<$inner: Sink + ?Sized>)? Sink for $pointer {
            async fn deliver(&self, record: &Record) -> Outcome {
                (**self).deliver(record).await
            }

            async fn delivered(&self, record: &Record) {
                (**self).delivered(record).await;
            }

            fn gave_up(&self, record_id: &str, reason: &str) {
                (**self).gave_up(record_id, reason);
            }

            fn opener(&self) -> Option<AnyOpener> {
                (**self).opener()
            }

            fn needs_tokens(&self) -> bool {
                (**self).needs_tokens()
            }

            fn blames_no_record(&self) -> bool {
                (**self).blames_no_record()
            }

            fn passes_on(&self) -> bool {
                (**self).passes_on()
            }

            fn of_turns(&self) -> Option<&dyn Any> {
                (**self).of_turns()
            }

            fn type_name(&self) -> &'static str {
                (**self).type_name()
            }
        }
    };
}

forward!(Arc<T>, T);
forward!(Box<dyn Sink>);

/// The name of a sink in errors.
pub(crate) fn callback(sink: &dyn Sink) -> Callback {
    Callback::named("sink", sink.type_name())
}

/// The attempts of a record without its strikes, if this outcome is one for which the sink blames no record; otherwise as they are.
pub(crate) fn forgiven(sink: &dyn Sink, outcome: &Outcome, attempt: AttemptState) -> AttemptState {
    match outcome {
        Outcome::Unavailable { .. } if sink.blames_no_record() => {
            AttemptState { strikes: 0, ..attempt }
        }
        _ => attempt,
    }
}

/// The sink of an outbox, set at most once.
#[derive(Default)]
pub(super) struct Target {
    sink: OnceLock<Arc<dyn Sink>>,
    /// Opens conversations for a sink that cannot.
    opener: OnceLock<Arc<dyn Opener>>,
}

impl Target {
    pub(super) fn get(&self) -> Option<&Arc<dyn Sink>> {
        self.sink.get()
    }

    /// Fails if a sink is already set.
    pub(super) fn set(&self, sink: Arc<dyn Sink>) -> Result<(), Arc<dyn Sink>> {
        self.sink.set(sink)
    }

    /// Sets the opener; a later call has no effect.
    pub(super) fn set_opener(&self, opener: Arc<dyn Opener>) {
        let _ = self.opener.set(opener);
    }

    pub(super) fn opener(&self) -> Option<Arc<dyn Opener>> {
        let own = || self.sink.get().and_then(|sink| sink.opener()).map(|opener| opener.0);
        self.opener.get().cloned().or_else(own)
    }
}
