//! Real NATS servers, processes that publish and deliver, and the comparison of what went in with what a store has.
//!
//! The servers come from two sources: Debian's package, which is old, and a Python package with a recent one. `cargo xtask
//! test nats` provides both, and names them in [`Program`]'s variables.

pub mod broker;
pub mod certificates;
pub mod cluster;
pub mod ledger;
pub mod process;
pub mod records;
pub mod run;
pub mod store;
pub mod wait;

pub use broker::{Broker, Program};
pub use cluster::Cluster;
pub use ledger::{Journal, Verdict};
pub use store::Store;
