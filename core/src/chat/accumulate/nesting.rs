//! The nesting depth of JSON that arrives in pieces, tracked without reading it again.

/// Tracks the braces of an object or the brackets of a list.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
    closed: bool,
}

impl Nesting {
    pub(super) fn add(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed = true;
                }
                _ => {}
            }
        }
    }

    /// Returns true if an object or a list has been opened and closed again.
    pub(super) fn is_whole(&self) -> bool {
        self.closed && self.depth == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_whole_when_all_is_closed() {
        let is_whole = |pieces: &[&str]| {
            let mut nesting = Nesting::default();
            pieces.iter().for_each(|piece| nesting.add(piece));
            nesting.is_whole()
        };
        for whole in [&["{}"][..], &["{\"a", "\":1", "}"], &["[{\"a\": \"}\\\"{\"}]", " \n"]] {
            assert!(is_whole(whole), "{whole:?}");
        }
        for open in [&[""][..], &[" "], &["{\"a"], &["{\"a\": \"}"], &["{\"a\\", "\"}"], &["{{}"]] {
            assert!(!is_whole(open), "{open:?}");
        }
    }
}
