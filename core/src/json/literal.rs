//! Literals of JSON, read where they stand: one pass finds the end of a string and resolves its escapes.

/// No string literal was read: it has no end, an invalid escape, half of a surrogate pair, or a character that needs an
/// escape (RFC 8259, section 7), or it has escapes and is invalid UTF-8.
#[derive(Debug)]
pub(crate) struct NoString;

/// Reads the string literal whose content begins at `start`: the position of its closing quote, and true if it has
/// escapes. The text of a literal with escapes is appended to `decoded`; one without escapes may be invalid UTF-8.
#[inline]
pub(crate) fn string(
    json: &[u8],
    start: usize,
    decoded: &mut String,
) -> Result<(usize, bool), NoString> {
    let at = next_special(json, start);
    match json.get(at) {
        Some(b'"') => Ok((at, false)),
        Some(b'\\') => unescape(json, start, at, decoded).map(|end| (end, true)),
        _ => Err(NoString),
    }
}

/// The position of the closing quote of the string literal whose content begins at `start`.
pub(crate) fn string_end(json: &[u8], mut start: usize) -> Option<usize> {
    loop {
        let at = next_special(json, start);
        match json.get(at)? {
            b'"' => return Some(at),
            b'\\' => start = at + 2,
            _ => return None,
        }
    }
}

/// Reads the number that begins at `start`: the position after it; `None` if it is not a finite number.
#[inline]
pub(crate) fn number(json: &[u8], start: usize) -> Option<usize> {
    let rest = json.get(start..)?;
    let digits = digits_at(rest);
    let is_whole = match digits {
        1 => true,
        2..=MOST_DIGITS => rest.first() != Some(&b'0'),
        _ => false,
    };
    if is_whole && matches!(rest.get(digits), Some(0..=b' ' | b',' | b'}' | b']')) {
        return Some(start + digits);
    }
    any_number(rest).map(|length| start + length)
}

/// The length of the number of any form that the bytes begin with.
#[cold]
fn any_number(bytes: &[u8]) -> Option<usize> {
    let is_of_number = |b: &&u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let length = bytes.iter().take_while(is_of_number).count();
    serde_json::from_slice::<f64>(bytes.get(..length)?).is_ok().then_some(length)
}

/// The number of digits that the bytes begin with.
#[inline]
fn digits_at(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let digits = u64::from_le_bytes(*word) ^ (ONES * b'0' as u64);
        // The lowest marked byte is exact; a carry can only mark a byte above it.
        let others = (digits.wrapping_add(ONES * (0x80 - 10)) | digits) & HIGH;
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// The value of a whole number of at most [`MOST_DIGITS`] digits; `None` for any other.
#[inline]
pub(crate) fn whole(number: &str) -> Option<u64> {
    let digits = Some(number.as_bytes()).filter(|digits| digits.len() <= MOST_DIGITS)?;
    digits.iter().try_fold(0, |value: u64, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + u64::from(digit))
    })
}

/// The value of the whole number that the bytes begin with, and the bytes after the character that ends it; `None` for a
/// number of any other form.
#[inline]
pub(crate) fn next_whole(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || at == MOST_DIGITS {
            let is_end = at > 0 && !matches!(byte, b'.' | b'e' | b'E' | b'0'..=b'9');
            return is_end.then_some((value, bytes.get(at + 1..)?));
        }
        value = value * 10 + u64::from(digit);
    }
    None
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// The digits of a whole number that fits into 64 bits, whatever the digits are.
const MOST_DIGITS: usize = 19;

/// The position of the first quote, backslash or control character from `at` on, or the end.
#[inline]
pub(super) fn next_special(bytes: &[u8], mut at: usize) -> usize {
    // The lowest marked byte of a word is exact; a borrow can only mark a byte above it.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*word);
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found =
            controls | zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20));
    at + length.unwrap_or(rest.len())
}

/// Resolves the escapes of a string literal from its first one, at `at`, and returns the position of the closing quote.
fn unescape(
    json: &[u8],
    mut start: usize,
    mut at: usize,
    decoded: &mut String,
) -> Result<usize, NoString> {
    loop {
        // Text that is not ASCII may be nothing but escapes.
        if start < at {
            let run = json.get(start..at).and_then(|run| str::from_utf8(run).ok());
            decoded.push_str(run.ok_or(NoString)?);
        }
        match json.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => {}
            _ => return Err(NoString),
        }
        while json.get(at) == Some(&b'\\') {
            at = escape(json, at, decoded)?;
        }
        start = at;
        at = next_special(json, at);
    }
}

/// Resolves the escape at `at`, and returns the position after it.
#[inline]
fn escape(bytes: &[u8], at: usize, decoded: &mut String) -> Result<usize, NoString> {
    let resolved = match bytes.get(at + 1) {
        Some(b'u') => {
            let unit = unit(bytes, at + 2).ok_or(NoString)?;
            if let Some(char) = char::from_u32(unit) {
                decoded.push(char);
                return Ok(at + 6);
            }
            let second = match bytes.get(at + 6..at + 8) {
                Some(b"\\u") => unit_of_pair(bytes, at + 8, 0xDC00),
                _ => None,
            };
            let (Some(first), Some(second)) = (unit_of_pair(bytes, at + 2, 0xD800), second) else {
                return Err(NoString);
            };
            let char = char::from_u32(0x1_0000 + (first << 10) + second);
            decoded.push(char.ok_or(NoString)?);
            return Ok(at + 12);
        }
        Some(same @ (b'"' | b'\\' | b'/')) => char::from(*same),
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        _ => return Err(NoString),
    };
    decoded.push(resolved);
    Ok(at + 2)
}

/// The code unit that four hexadecimal digits spell.
#[inline]
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits: &[u8; 4] = bytes.get(at..)?.first_chunk()?;
    let mut unit = 0;
    for digit in digits {
        unit = unit << 4 | char::from(*digit).to_digit(16)?;
    }
    Some(unit)
}

/// The ten bits of a pair that the half at `at` stands for; `first` is the first of such halves.
fn unit_of_pair(bytes: &[u8], at: usize, first: u32) -> Option<u32> {
    unit(bytes, at)?.checked_sub(first).filter(|bits| *bits < 0x400)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The text of a literal and its length; `None` if it is not one.
    fn read(literal: &str) -> Option<(String, usize)> {
        let mut decoded = String::new();
        let (end, escaped) = string(literal.as_bytes(), 1, &mut decoded).ok()?;
        Some((if escaped { decoded } else { literal[1..end].to_owned() }, end + 1))
    }

    /// Pieces of string literals, valid and invalid, that meet at any position of a word.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z안😀]{0,9}",
            "\\\\[\"\\\\/bfnrtuxN0]",
            "\\\\u[0-9a-fA-Fg]{3,4}",
            "\\\\u[dD][89a-fA-F][0-9a-f]{2}",
            "[\"\\\\\u{0}\u{1f}\u{20}\u{7f}]",
        ]
    }

    proptest! {
        /// The reference: serde_json, on the same literal.
        #[test]
        fn a_string_reads_as_serde_json_reads_it(pieces in prop::collection::vec(piece(), 0..8)) {
            let text = format!("\"{}\" ", pieces.concat());
            let mut reader = serde_json::Deserializer::from_str(&text).into_iter::<String>();
            let expected = reader.next().and_then(Result::ok).map(|read| (read, reader.byte_offset()));
            prop_assert_eq!(read(&text), expected);
        }

        #[test]
        fn a_number_reads_as_serde_json_reads_it(
            text in "-?(0|[1-9][0-9]{0,2}|[0-9]{1,25})(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,3})?"
        ) {
            let text = format!("{text},");
            let expected = serde_json::from_str::<Value>(&text[..text.len() - 1]).is_ok();
            prop_assert_eq!(number(text.as_bytes(), 0) == Some(text.len() - 1), expected, "{}", text);
            let value = text.trim_end_matches(',');
            let is_short = value.len() <= MOST_DIGITS && !value.contains(['-', '.', 'e', 'E', '+']);
            let value = value.parse().ok().filter(|_| is_short);
            prop_assert_eq!(whole(text.trim_end_matches(',')), value);
            prop_assert_eq!(next_whole(text.as_bytes()), value.map(|value| (value, &b""[..])));
        }
    }
}
