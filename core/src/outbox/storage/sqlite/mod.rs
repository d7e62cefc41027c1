//! Records in a SQLite file that several processes share: the only room that depends on rusqlite.
//!
//! From the bottom up: the file and its owners (`identity`, `locks`, `private`, `owners`, `fork`), the schema and the
//! statements (`schema`, `counter`, `openings`, `records`, `claims`, `processes`, `letters`), the connection
//! (`connect`, `disk`), the path and its repair (`place`, `aside`, `repair`, `open`), and the backend.

mod aside;
mod backend;
mod checkpoint;
mod claims;
mod connect;
mod counter;
mod disk;
mod faults;
mod fork;
mod identity;
mod letters;
mod locks;
mod open;
mod openings;
mod owners;
mod place;
mod private;
mod processes;
mod records;
mod repair;
mod schema;
mod settings;

pub(super) use connect::PATIENCE;
pub(in crate::outbox) use disk::Disk;
pub(super) use faults::OpenFault;
pub(in crate::outbox) use open::OPENING_PATIENCE;
pub(in crate::outbox) use place::real_path;
pub(in crate::outbox) use settings::FileSettings;
