//! One line of an event stream, taken apart.

use memchr::memchr;

/// A line by what the standard does with it: a field is its name and its value.
pub(super) enum Line<'a> {
    Blank,
    Comment(&'a [u8]),
    Data(&'a [u8]),
    Field(&'a [u8], &'a [u8]),
}

/// Takes a line apart.
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
