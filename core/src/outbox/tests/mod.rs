//! The outbox as a whole, with a clock that the tests control, and the suite that every backend passes.

mod backends;
mod conformance;
mod delivery;
mod doubted;
mod faults;
mod file;
mod guarded;
mod model;
mod opening;
mod place;
mod processes;
mod reference;
mod settings;
mod sinks;
mod stage;
mod turns;
