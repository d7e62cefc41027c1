//! Turns: a message and its reply, with the side stages of both.

mod answer;
mod handle;
mod sentiment;
mod turns;

pub(crate) use answer::Answer;
pub(crate) use handle::Turn;
pub(crate) use turns::Turns;
