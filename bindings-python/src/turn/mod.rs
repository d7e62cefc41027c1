//! Turns: a message and its reply, with the side stages of both.

mod answer;
mod sentiment;
mod settings;
mod turn;
mod turns;

pub(crate) use answer::Answer;
pub(crate) use turn::Turn;
pub(crate) use turns::Turns;
