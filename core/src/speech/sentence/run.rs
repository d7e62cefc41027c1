//! Runs of marks inside a line: emphasis, code, or literal text.

/// A run of the same mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) mark: char,
    pub(super) length: usize,
    /// The character before it; a blank at the start of the line.
    before: char,
}

/// The meaning of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Emphasis, which is not spoken.
    Emphasis,
    /// The delimiter of a code span.
    Code,
    /// The literal marks, this many of them.
    Itself(usize),
}

impl Run {
    pub(super) fn begun_by(c: char, before: char) -> Option<Self> {
        matches!(c, '*' | '_' | '~' | '`').then_some(Run { mark: c, length: 1, before })
    }

    /// The meaning of the run, given the character after it.
    pub(super) fn meaning(self, next: char) -> Meaning {
        let is_between = |is: fn(char) -> bool| is(self.before) && is(next);
        let is_itself = match self.mark {
            '`' => return Meaning::Code,
            // 2 * 3, and a*b; but **bold**.
            '*' => {
                self.length == 1
                    && (is_between(char::is_whitespace)
                        || is_between(|c| c.is_ascii_alphanumeric()))
            }
            // snake_case
            '_' => is_between(char::is_alphanumeric),
            // 1~2, and a friendly ending.
            _ => self.length == 1,
        };
        // Bounds the literal marks of a very long run.
        if is_itself { Meaning::Itself(self.length.min(8)) } else { Meaning::Emphasis }
    }
}
