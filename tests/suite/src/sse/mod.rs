//! Server-sent events: the shared cases, a reference decoder, and the invariants of `turnwire::sse`.

mod cases;
mod checks;
mod decoded;
mod model;

pub use cases::{Case, Expected, cases};
pub use checks::{assert_linear, assert_reencodes, assert_same_for_any_split};
pub use decoded::{Decoded, cut, decode};
pub use model::reference;
