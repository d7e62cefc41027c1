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
//! All of them pass the same conformance suite and agree with the same simple model. Without the feature
//! `outbox-sqlite`, memory is the only store.

mod backend;
mod due;
#[cfg(feature = "outbox-sqlite")]
mod file;
mod memory;
mod passing;
mod rows;
#[cfg(feature = "outbox-sqlite")]
mod sqlite;
#[cfg(feature = "outbox-sqlite")]
mod tiered;

pub(super) use crate::sqlite::{Fault, Refused};
pub(super) use backend::{Backend, MAINTENANCE_SOON};
pub(super) use memory::Memory;
pub(super) use rows::{
    Adopted, ClaimedRecord, DeadRow, Inserted, NewRecord, PendingRow, RunningTurnRows, Settled,
    Transition, TurnChanges, UserTurn,
};
pub(crate) use rows::{Ahead, RecordUser, StopAsked};
#[cfg(feature = "outbox-sqlite")]
pub(super) use sqlite::FileSettings;
#[cfg(feature = "outbox-sqlite")]
pub(super) use tiered::TieredBackend;

#[cfg(test)]
#[cfg(feature = "outbox-sqlite")]
pub(super) use due::{is_due, longest_wait};
#[cfg(test)]
#[cfg(feature = "outbox-sqlite")]
pub(super) use rows::{Counts, Tier};
#[cfg(test)]
#[cfg(feature = "outbox-sqlite")]
pub(super) use sqlite::Disk;
