//! The bridge from a binding's view: batched pulls, bounds, single wake-ups, cancellation on drop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod chat;
mod host;
mod host_audio;
mod host_json;
mod speech;
mod stored;
mod traces;
mod turns;

use std::time::Duration;

use turnwire::Error;
use turnwire::bridge::{Answer, Call, Items, Pull, Taken, Waiting};

const TICK: Duration = Duration::from_millis(50);

/// Waits for a call's answer, like a host.
fn answer(call: &Call) -> Result<Answer, Error> {
    loop {
        match call.take_answer() {
            Taken::Items(answer) => return Ok(answer),
            Taken::Failed(error) => return Err(error),
            Taken::End => panic!("a call ends with its answer or an error"),
            Taken::Nothing => {
                call.wait(TICK);
            }
        }
    }
}

/// Waits for the next items; `None` at the end.
fn next<I: Items>(pull: &Pull<I>) -> Result<Option<I>, Error> {
    loop {
        match pull.take() {
            Taken::Items(items) => return Ok(Some(items)),
            Taken::Failed(error) => return Err(error),
            Taken::End => return Ok(None),
            Taken::Nothing => {
                pull.wait(TICK);
            }
        }
    }
}
