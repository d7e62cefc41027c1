//! Records in a SQLite file that several processes share.
//!
//! From the bottom up, on top of [`crate::sqlite`]: the owners of a file (`owners`), the schema and the statements
//! (`schema`, `counter`, `openings`, `records`, `claims`, `processes`, `letters`), the connection (`connect`, `disk`),
//! the file's repair (`aside`, `repair`, `open`), and the backend.

mod aside;
mod backend;
mod checkpoint;
mod claims;
mod connect;
mod counter;
mod disk;
mod letters;
mod open;
mod openings;
mod owners;
mod places;
mod processes;
mod records;
mod repair;
mod schema;
mod settings;
mod turns;

pub(super) use connect::PATIENCE;
pub(in crate::outbox) use disk::Disk;
pub(in crate::outbox) use settings::FileSettings;
