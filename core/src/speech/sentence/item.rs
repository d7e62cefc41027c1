//! The items passed between the state machines.

/// An item of the text, passed from one state machine to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Char(char),
    /// A character of a name or of code, inside which no sentence ends.
    Glued(char),
    /// The end of a line.
    Break,
}
