//! The outbox: a record that is handed over reaches its sink, waits visibly, or ends as a dead letter.

mod record;
mod sink;

pub use record::Record;
pub use sink::{Outcome, Sink};
