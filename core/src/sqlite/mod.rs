//! SQLite files that several processes share: paths, locks, forks, connections, and the faults of all these.
//!
//! The outbox and the embedded store keep their tables on top of it. From the bottom up: the names of a file's parts
//! and its identity (`parts`, `identity`), locks and permissions (`locks`, `private`), forks (`gate`, `fork`), the
//! path and a log without its file (`place`, `log`), the form of a file (`form`), the time that was waited for others
//! (`waited`), and the connection (`connect`, `transaction`).

#[cfg(feature = "sqlite")]
mod connect;
mod fault;
#[cfg(feature = "sqlite")]
mod faults;
#[cfg(feature = "sqlite")]
mod fork;
#[cfg(feature = "sqlite")]
mod form;
#[cfg(feature = "sqlite")]
mod gate;
#[cfg(feature = "sqlite")]
mod identity;
#[cfg(feature = "sqlite")]
mod locks;
#[cfg(feature = "sqlite")]
mod log;
#[cfg(feature = "sqlite")]
mod parts;
#[cfg(feature = "sqlite")]
mod place;
#[cfg(feature = "sqlite")]
mod private;
#[cfg(feature = "sqlite")]
mod transaction;
#[cfg(feature = "sqlite")]
mod waited;

pub(crate) use fault::{Fault, Refused};
#[cfg(feature = "bridge")]
pub(crate) use fork::{after as after_fork, before as before_fork};

#[cfg(feature = "sqlite")]
pub(crate) use self::{
    connect::{Connecting, FLAGS, OPENING_PATIENCE, connect, wait_for_others},
    faults::{OpenFault, fault, forked, not_now},
    fork::call,
    form::{Form, OUTBOX_ID, STORE_ID},
    identity::{Identity, identity},
    locks::{WHOLE, is_locked, lock},
    log::{free_name, set_log_aside},
    parts::{PARTS, beside},
    place::{prepare, real_path},
    private::{private, private_directory, tighten},
    transaction::{read, snapshot, write},
    waited::Waited,
};
