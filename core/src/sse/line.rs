//! The parser of one line of an event stream.

use memchr::memchr;

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
