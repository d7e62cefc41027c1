//! The outbox: a record that is handed over reaches its sink, waits visibly, or ends as a dead letter.

mod backend;
mod checkpoint;
mod delivery;
mod file;
mod handle;
mod inspect;
mod memory;
mod opening;
mod opens;
mod options;
mod payload;
mod record;
mod report;
mod room;
mod shared;
mod sink;
mod sqlite;
mod state;
mod tokens;
mod waiting;
mod worker;

#[cfg(test)]
mod tests;

pub use handle::Outbox;
pub(crate) use opening::{
    AnyOpener, Opened, Opener, Opening, OpeningCall, OpeningObserver, OpeningStep, Requests,
};
pub use options::{Delivery, Durability, OutboxBuilder, OutboxLimits, WhenFull};
pub use record::Record;
pub use report::{DeadLetter, FlushReport, PendingRecord, PendingState, Receipt, Stats};
pub use sink::{Outcome, Sink};
