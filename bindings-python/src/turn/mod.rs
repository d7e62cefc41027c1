//! Turns: a message and its reply, with the side stages of both.

mod handle;
mod turns;

pub(crate) use handle::Turn;
pub(crate) use turns::Turns;
