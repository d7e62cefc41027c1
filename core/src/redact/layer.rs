//! A text with one layer of escapes resolved, of any kind, and the source position of each byte.
//!
//! A secret may be escaped in several ways at once, and in part: `\u002d` in JSON inside JSON, `%2D`, `&#45;`. So the
//! text is decoded rather than compared with each spelling of a secret.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr3;

/// The number of layers that are searched, the text itself included.
pub(super) const MOST: usize = 5;

/// A layer of a text.
pub(super) struct Layer<'t> {
    bytes: Cow<'t, [u8]>,
    /// The start of each byte in the original text, and the end of the last one; `None` for the original text itself.
    places: Option<Vec<u32>>,
}

impl<'t> Layer<'t> {
    /// The original text as the first layer. A text larger than 4 GiB is searched only up to that size.
    pub(super) fn of(text: &'t [u8]) -> Self {
        let most = usize::try_from(u32::MAX).unwrap_or(usize::MAX).min(text.len());
        Layer { bytes: Cow::Borrowed(text.get(..most).unwrap_or_default()), places: None }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The range in the original text that a part of the layer came from.
    pub(super) fn place(&self, part: Range<usize>) -> Range<usize> {
        self.place_of(part.start)..self.place_of(part.end)
    }

    fn place_of(&self, at: usize) -> usize {
        match &self.places {
            None => at,
            Some(places) => places.get(at).or(places.last()).map_or(0, |place| *place as usize),
        }
    }

    /// Returns true if the text ends in a truncated escape.
    pub(super) fn has_cut_escape(&self) -> bool {
        self.whole() < self.bytes.len()
    }

    /// Removes a truncated escape at the end.
    pub(super) fn drop_cut_escape(&mut self) {
        let length = self.whole();
        match &mut self.bytes {
            Cow::Borrowed(bytes) => *bytes = bytes.get(..length).unwrap_or_default(),
            Cow::Owned(bytes) => bytes.truncate(length),
        }
        if let Some(places) = &mut self.places {
            places.truncate(length + 1);
        }
    }

    /// The length without a truncated escape at the end.
    fn whole(&self) -> usize {
        const LONGEST: usize = 12;
        let from = self.bytes.len().saturating_sub(LONGEST);
        let tail = self.bytes.get(from..).unwrap_or_default();
        let is_cut = |at: &usize| escaped(tail.get(*at..).unwrap_or_default()).is_none();
        let escape = tail.iter().rposition(|byte| matches!(byte, b'%' | b'\\' | b'&'));
        escape.filter(is_cut).map_or(self.bytes.len(), |at| from + at)
    }

    /// The layer with its gaps (white space, tags, invisible characters) removed; `None` if it has none.
    pub(super) fn joined(&self) -> Option<Joined> {
        let bytes = self.bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut places = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let gap = gap(rest);
            if gap == 0 {
                out.extend(rest.first());
                // `of` limits the text to positions that fit.
                places.push(u32::try_from(at).unwrap_or(u32::MAX));
            }
            at += gap.max(1);
        }
        (out.len() < bytes.len()).then_some(Joined { bytes: out, places })
    }

    /// The next layer, with the escapes of this one resolved; `None` if it has none.
    pub(super) fn resolved(&self) -> Option<Layer<'static>> {
        let bytes = self.bytes();
        let first = memchr3(b'%', b'\\', b'&', bytes)?;
        let mut out = Vec::with_capacity(bytes.len());
        let mut places = Vec::with_capacity(bytes.len() + 1);
        let mut is_changed = false;
        let mut at = 0;
        let mut next = first;
        while at < bytes.len() {
            // Text before the next escape is copied unchanged.
            out.extend_from_slice(bytes.get(at..next).unwrap_or_default());
            places.extend((at..next).map(|at| self.short_place(at)));
            at = next;
            let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { break };
            let place = self.short_place(at);
            match escaped(rest) {
                Some((c, length)) => {
                    let before = out.len();
                    match c {
                        Escaped::Byte(byte) => out.push(byte),
                        Escaped::Char(c) => {
                            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                    }
                    places.extend((before..out.len()).map(|_| place));
                    at += length;
                    is_changed = true;
                }
                None => {
                    out.extend(rest.first());
                    places.push(place);
                    at += 1;
                }
            }
            let after = bytes.get(at..).unwrap_or_default();
            next = memchr3(b'%', b'\\', b'&', after).map_or(bytes.len(), |found| at + found);
        }
        places.push(self.short_place(bytes.len()));
        is_changed.then_some(Layer { bytes: Cow::Owned(out), places: Some(places) })
    }

    fn short_place(&self, at: usize) -> u32 {
        // `of` limits the text to positions that fit.
        u32::try_from(self.place_of(at)).unwrap_or(u32::MAX)
    }
}

/// A layer without the characters that may interrupt a word: white space, tags, and invisible characters.
pub(super) struct Joined {
    pub(super) bytes: Vec<u8>,
    /// The position of each byte in the layer.
    places: Vec<u32>,
}

impl Joined {
    /// The range in the layer that a part of the joined text came from.
    pub(super) fn place(&self, part: Range<usize>) -> Range<usize> {
        let place = |at: usize| self.places.get(at).map_or(0, |place| *place as usize);
        // It ends with its last byte, not after the gap that follows.
        place(part.start)..place(part.end.saturating_sub(1)) + 1
    }
}

/// The length of the gap at the start of `text`: white space, a tag or an invisible character.
fn gap(text: &[u8]) -> usize {
    /// The longest tag that is recognised, in bytes.
    const TAG: usize = 64;
    match text {
        [b' ' | b'\t' | b'\r' | b'\n' | 0, ..] => 1,
        // No-break space and soft hyphen.
        [0xC2, 0xA0 | 0xAD, ..] => 2,
        // Zero-width characters: space, joiner, non-joiner, direction marks, word joiner, byte order mark.
        [0xE2, 0x80, 0x8B..=0x8F, ..] | [0xE2, 0x81, 0xA0, ..] | [0xEF, 0xBB, 0xBF, ..] => 3,
        // A terminal escape sequence.
        [0x1B, b'[', rest @ ..] => rest
            .iter()
            .take(TAG)
            .position(|byte| matches!(byte, b'@'..=b'~'))
            .map_or(0, |end| end + 3),
        [b'<', rest @ ..] => rest
            .iter()
            .take(TAG)
            .take_while(|byte| **byte != b'<')
            .position(|byte| *byte == b'>')
            .map_or(0, |end| end + 2),
        _ => 0,
    }
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// Decodes the escape at the start of `text`; returns its meaning and length, or `None` if it is not an escape or is
/// truncated.
fn escaped(text: &[u8]) -> Option<(Escaped, usize)> {
    match text {
        [b'%', b'u' | b'U', rest @ ..] => unit(rest).and_then(|(c, n)| Some((char(c)?, n + 2))),
        [b'%', rest @ ..] => Some((Escaped::Byte(byte(rest)?), 3)),
        [b'\\', b'x' | b'X', rest @ ..] => Some((Escaped::Byte(byte(rest)?), 4)),
        [b'\\', b'u' | b'U', b'{', rest @ ..] => {
            let end = rest.iter().take(8).position(|byte| *byte == b'}')?;
            Some((char(number(rest.get(..end)?, 16)?)?, end + 4))
        }
        [b'\\', b'u' | b'U', rest @ ..] => pair(rest),
        [b'\\', high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', ..] => {
            let number = (high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0');
            Some((Escaped::Byte(number), 4))
        }
        [b'\\', short, ..] => {
            let c = match short {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'f' => 12,
                b'"' | b'\'' | b'/' | b'\\' => *short,
                _ => return None,
            };
            Some((Escaped::Byte(c), 2))
        }
        [b'&', rest @ ..] => entity(rest),
        _ => None,
    }
}

/// `XXXX` after `\u`, or two of them for one character beyond the first 65,536 (a surrogate pair).
fn pair(text: &[u8]) -> Option<(Escaped, usize)> {
    let (high, _) = unit(text)?;
    if let 0xD800..0xDC00 = high
        && let Some([b'\\', b'u' | b'U', rest @ ..]) = text.get(4..)
        && let Some((low @ 0xDC00..0xE000, _)) = unit(rest)
    {
        let c = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        return Some((char(c)?, 12));
    }
    Some((char(high)?, 6))
}

fn unit(text: &[u8]) -> Option<(u32, usize)> {
    Some((number(text.get(..4)?, 16)?, 4))
}

fn byte(text: &[u8]) -> Option<u8> {
    number(text.get(..2)?, 16).and_then(|number| u8::try_from(number).ok())
}

/// An HTML or XML entity, after its `&`.
fn entity(text: &[u8]) -> Option<(Escaped, usize)> {
    let end = text.iter().take(10).position(|byte| *byte == b';')?;
    let c = match text.get(..end)? {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"sol" => '/',
        b"equals" => '=',
        b"plus" => '+',
        b"colon" => ':',
        b"commat" => '@',
        b"percnt" => '%',
        b"bsol" => '\\',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((Escaped::Char(c), end + 2))
}

fn char(number: u32) -> Option<Escaped> {
    char::from_u32(number).map(Escaped::Char)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| is_digit(&b)))?;
    u32::from_str_radix(digits, radix).ok()
}
