//! Inspects an outbox's file: lists pending records and dead letters, and requeues a dead letter.
//!
//! ```sh
//! cargo run --release --example outbox --features outbox -- status --file var/outbox.db
//! ```
//!
//! Python and Node have the same command: `python -m turnwire.outbox`, `npx turnwire outbox`.

use std::process::ExitCode;
use std::{env, io};

use turnwire::bridge::outbox_command;

fn main() -> ExitCode {
    let install = "build it with the feature `nats` of the crate";
    outbox_command(env::args_os().skip(1), install, io::stdout(), io::stderr()).into()
}
