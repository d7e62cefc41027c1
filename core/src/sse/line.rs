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

/// The length of the line that the input begins with; `None` if its end is not there.
pub(crate) fn line_end(input: &[u8]) -> Option<usize> {
    memchr2(b'\n', b'\r', input)
}

/// Splits off an event of one data line, whose value `length_of` measures: returns that line's length, its value, and the
/// input after the event. `None` if the input begins in another way, or does not contain all of it.
pub(super) fn split_event<'a>(
    input: &'a [u8],
    length_of: impl FnOnce(&'a [u8]) -> Option<usize>,
) -> Option<(usize, &'a [u8], &'a [u8])> {
    let value = input.strip_prefix(b"data:")?;
    let value = value.strip_prefix(b" ").unwrap_or(value);
    let (value, end) = value.split_at_checked(length_of(value)?)?;
    let rest = end.strip_prefix(b"\n\n").or_else(|| end.strip_prefix(b"\r\n\r\n"))?;
    Some((input.len() - end.len(), value, rest))
}
