//! The items that the machines pass on.

/// An item of the text, from one machine to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Char(char),
    /// A character of a name or a piece of code, in which no sentence ends.
    Glued(char),
    /// The end of a line.
    Break,
}
