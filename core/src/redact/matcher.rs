//! Finds many strings in a text in one pass, regardless of case.

use std::fmt;
use std::ops::Range;

use secrecy::{ExposeSecret, SecretSlice};

use super::form::{Form, forms};
use crate::credentials::Secret;

/// The number of leading bytes that select the candidate positions. No secret is shorter.
const WINDOW: usize = 4;

/// The shortest prefix of a secret that is still treated as the secret, in bytes; less reveals nothing.
const SHORTEST_START: usize = 4;

/// The strings to find.
pub(super) struct Matcher {
    needles: Vec<Needle>,
    /// The first bytes of each string, and its index; sorted.
    windows: Vec<(u32, usize)>,
    /// A bit for each hash of such first bytes.
    filter: Vec<u64>,
}

struct Needle {
    /// In lower case, unless it is a word. Wiped when dropped, as [`Secret`] is.
    bytes: SecretSlice<u8>,
    is_word: bool,
    before: bool,
    after: bool,
}

impl Matcher {
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let mut matcher = Matcher {
            needles: Vec::new(),
            windows: Vec::new(),
            filter: vec![0; (1 << HASH_BITS) / 64],
        };
        for form in secrets.iter().flat_map(|secret| forms(secret.expose())) {
            matcher.add(form);
        }
        matcher.windows.sort_unstable();
        matcher
    }

    fn add(&mut self, form: Form) {
        let Form { mut bytes, is_word, before, after } = form;
        let Some(window) = window(&bytes) else { return };
        if !is_word {
            bytes.make_ascii_lowercase();
        }
        let (word, bit) = place(window);
        if let Some(bits) = self.filter.get_mut(word) {
            *bits |= bit;
        }
        self.windows.push((window, self.needles.len()));
        self.needles.push(Needle { bytes: bytes.into(), is_word, before, after });
    }

    /// Finds the strings, and long prefixes of them, which are quoted as often.
    pub(super) fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        self.each(text, &mut |needle, start| {
            needle.at(text, start).into_iter().for_each(&mut *found);
        });
    }

    /// Finds the strings in a text whose words were joined: only whole strings, and none that is a word itself.
    pub(super) fn find_joined(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        self.each(text, &mut |needle, start| {
            let bytes = needle.bytes.expose_secret();
            let rest = text.get(start..).unwrap_or_default();
            if !needle.is_word && common(bytes, rest) == bytes.len() {
                found(start..start + bytes.len());
            }
        });
    }

    /// Calls `look` for every position where one of the strings may begin.
    fn each(&self, text: &[u8], look: &mut dyn FnMut(&Needle, usize)) {
        if self.needles.is_empty() {
            return;
        }
        let mut rolling = 0u32;
        for (end, byte) in (1..).zip(text) {
            rolling = rolling << 8 | u32::from(byte.to_ascii_lowercase());
            let (word, bit) = place(rolling);
            if end < WINDOW || self.filter.get(word).is_none_or(|bits| bits & bit == 0) {
                continue;
            }
            let first = self.windows.partition_point(|(window, _)| *window < rolling);
            let here = self.windows.get(first..).unwrap_or_default();
            for (_, number) in here.iter().take_while(|(window, _)| *window == rolling) {
                let Some(needle) = self.needles.get(*number) else { continue };
                look(needle, end - WINDOW);
            }
        }
    }

    /// The position at the text's end that may be the start of one of the strings.
    pub(super) fn start_at_end(&self, text: &[u8]) -> Option<usize> {
        let starts = self.needles.iter().filter(|needle| !needle.is_word).filter_map(|needle| {
            let bytes = needle.bytes.expose_secret();
            let longest = bytes.len().min(text.len());
            (SHORTEST_START..=longest).rev().map(|length| text.len() - length).find(|from| {
                let tail = text.get(*from..).unwrap_or_default();
                common(bytes, tail) == tail.len()
            })
        });
        starts.min()
    }
}

impl Needle {
    /// The part of `text` that begins at `start` and matches this string, or enough of it.
    fn at(&self, text: &[u8], start: usize) -> Option<Range<usize>> {
        let bytes = self.bytes.expose_secret();
        let rest = text.get(start..)?;
        if self.is_word {
            let end = start + bytes.len();
            let is_inside = |at: Option<usize>| {
                at.and_then(|at| text.get(at)).is_some_and(|b| b.is_ascii_alphanumeric())
            };
            let is_whole = !is_inside(start.checked_sub(1)) && !is_inside(Some(end));
            return (rest.starts_with(bytes) && is_whole).then_some(start..end);
        }
        let length = common(bytes, rest);
        let end = start + length;
        if length < bytes.len() {
            return (length >= (bytes.len() / 2).max(12)).then_some(start..end);
        }
        let is_base64 = |at: usize| {
            let byte = text.get(at).copied().unwrap_or_default();
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
        };
        let start = match start.checked_sub(1) {
            Some(before) if self.before && is_base64(before) => before,
            _ => start,
        };
        let end = if self.after && is_base64(end) { end + 1 } else { end };
        let padding = text.get(end..).unwrap_or_default().iter().take(2);
        let padding = padding.take_while(|byte| self.after && **byte == b'=').count();
        Some(start..end + padding)
    }
}

/// The length of the common prefix of two texts, in bytes, regardless of case. `lower` is in lower case.
fn common(lower: &[u8], text: &[u8]) -> usize {
    lower.iter().zip(text).take_while(|(a, b)| **a == b.to_ascii_lowercase()).count()
}

fn window(bytes: &[u8]) -> Option<u32> {
    let first = bytes.first_chunk::<WINDOW>()?;
    Some(u32::from_be_bytes(first.map(|byte| byte.to_ascii_lowercase())))
}

const HASH_BITS: u32 = 14;

/// The index of the word and the bit in the filter for these bytes.
fn place(window: u32) -> (usize, u64) {
    let hash = window.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matcher").field("needles", &self.needles.len()).finish_non_exhaustive()
    }
}
