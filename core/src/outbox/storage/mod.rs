//! The stores of records: memory, a SQLite file that processes share, and both together as tiers.
//!
//! ```text
//!              Backend
//!            ┌────┴──────────────┐
//!         Memory ◀───────── TieredBackend ─────▶ OutboxFile ─▶ Disk (SQLite)
//!   an outbox without      an outbox with a        the file and
//!   a file                 file                    its health
//! ```
//!
//! All of them pass the same conformance suite and agree with the same plain model.

mod backend;
mod due;
mod fault;
mod file;
mod memory;
mod rows;
mod sqlite;
mod tiered;

pub(super) use backend::Backend;
pub(super) use fault::Fault;
pub(super) use memory::Memory;
pub(super) use rows::{
    ClaimedRecord, DeadRow, Inserted, NewRecord, PendingRow, Settled, Transition,
};
pub(super) use sqlite::FileSettings;
pub(super) use tiered::{MAINTENANCE_SOON, TieredBackend};

#[cfg(test)]
pub(super) use due::{is_due, longest_wait};
#[cfg(test)]
pub(super) use rows::{Counts, Tier};
#[cfg(test)]
pub(super) use sqlite::{Disk, OPENING_PATIENCE, real_path};
