//! Text of a host, whose strings may hold half of a surrogate pair: each half without the other becomes U+FFFD.

use std::borrow::Cow;

/// A text of a host, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostText<'a> {
    /// Text without halves of surrogate pairs.
    Utf8(Cow<'a, str>),
    /// Text that may have such halves, such as any of a host whose strings are UTF-16.
    Utf16(Vec<u16>),
}

impl<'a> HostText<'a> {
    /// The text, as one that no other piece follows.
    pub fn whole(self) -> Cow<'a, str> {
        match self {
            HostText::Utf8(text) => text,
            HostText::Utf16(units) => Cow::Owned(String::from_utf16_lossy(&units)),
        }
    }
}

impl<'a> From<&'a str> for HostText<'a> {
    fn from(text: &'a str) -> Self {
        HostText::Utf8(Cow::Borrowed(text))
    }
}

/// The characters of a text whose pieces may end within one.
#[derive(Debug, Default)]
pub(super) struct WholeCharacters {
    /// The first half of a surrogate pair, at the end of the pieces so far.
    half: Option<u16>,
}

impl WholeCharacters {
    /// The characters that the piece completes.
    pub(super) fn push<'a>(&mut self, piece: HostText<'a>) -> Cow<'a, str> {
        match piece {
            HostText::Utf8(text) if text.is_empty() => text,
            HostText::Utf8(text) => match self.finish() {
                Some(lone) => Cow::Owned(format!("{lone}{text}")),
                None => text,
            },
            HostText::Utf16(piece) => {
                let mut units: Vec<u16> = self.half.take().into_iter().chain(piece).collect();
                self.half = units.pop_if(|last| (0xd800..0xdc00).contains(last));
                Cow::Owned(String::from_utf16_lossy(&units))
            }
        }
    }

    /// Ends the text; returns the character for a half that is left.
    pub(super) fn finish(&mut self) -> Option<char> {
        self.half.take().map(|_| char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of these pieces, each with one read at a time and all that can be said early.
    fn joined(pieces: &[HostText<'_>]) -> (Vec<String>, Option<char>) {
        let mut characters = WholeCharacters::default();
        let texts = pieces.iter().map(|piece| characters.push(piece.clone()).into_owned());
        (texts.collect(), characters.finish())
    }

    #[test]
    fn a_pair_over_two_pieces_is_one_character_and_each_other_half_is_lost_alone() {
        let utf16 = |units: &[u16]| HostText::Utf16(units.to_vec());
        let lone = char::REPLACEMENT_CHARACTER;
        for (pieces, texts, rest) in [
            (vec![utf16(&[0x61, 0xd83d]), utf16(&[0xde00, 0x62])], vec!["a", "😀b"], None),
            (vec![utf16(&[0xd83d]), "".into(), utf16(&[0xde00])], vec!["", "", "😀"], None),
            (vec![utf16(&[0xd83d]), "b".into()], vec!["", "\u{fffd}b"], None),
            (vec![utf16(&[0xd83d]), utf16(&[0xd83d, 0xde00])], vec!["", "\u{fffd}😀"], None),
            (vec![utf16(&[0xde00, 0x61])], vec!["\u{fffd}a"], None),
            (vec!["a".into(), utf16(&[0xd83d])], vec!["a", ""], Some(lone)),
        ] {
            let expected = (texts.into_iter().map(str::to_owned).collect(), rest);
            assert_eq!(joined(&pieces), expected, "{pieces:?}");
        }
        assert_eq!(utf16(&[0x61, 0xd83d]).whole(), "a\u{fffd}");
    }
}
