//! Turns: a message and its reply, with the side stages of both.

mod handle;
mod timeline;
mod turns;

pub(crate) use handle::Turn;
pub(crate) use timeline::{timeline_svg, timeline_text};
pub(crate) use turns::Turns;
