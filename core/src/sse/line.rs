//! The parser of one line of an event stream.

use memchr::{memchr, memchr2};

/// A line by its meaning in the standard; a field has a name and a value.
pub(super) enum Line<'a> {
    Blank,
    Comment(&'a [u8]),
    Data(&'a [u8]),
    Field(&'a [u8], &'a [u8]),
}

/// Parses a line.
pub(super) fn parse_line(line: &[u8]) -> Line<'_> {
    if let Some(value) = line.strip_prefix(b"data:") {
        return Line::Data(value.strip_prefix(b" ").unwrap_or(value));
    }
    if line.is_empty() {
        return Line::Blank;
    }
    let (name, value) = match memchr(b':', line) {
        Some(colon) => {
            let (name, value) = line.split_at(colon);
            let value = value.strip_prefix(b":").unwrap_or(value);
            (name, value.strip_prefix(b" ").unwrap_or(value))
        }
        None => (line, &b""[..]),
    };
    match name {
        b"" => Line::Comment(value),
        b"data" => Line::Data(value),
        _ => Line::Field(name, value),
    }
}

/// Splits off an event of one data line: returns that line's length, its value, and the input after the event. `None` if
/// the input begins in another way, or does not contain all of it.
pub(super) fn split_event(input: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let value = input.strip_prefix(b"data:")?;
    let (value, rest) = value.split_at_checked(memchr2(b'\n', b'\r', value)?)?;
    let rest = rest.strip_prefix(b"\n\n").or_else(|| rest.strip_prefix(b"\r\n\r\n"))?;
    Some((b"data:".len() + value.len(), value.strip_prefix(b" ").unwrap_or(value), rest))
}
