//! JSON as the libraries of different services write it: the same values in different bytes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// The library whose way of writing is imitated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writer {
    /// No spaces; characters beyond ASCII as they are. So write pydantic, nlohmann's library and `JSON.stringify`.
    Compact,
    /// Go's `encoding/json`: the same, but `<`, `>` and `&` as `\u003c`, so that it can stand in a page.
    Go,
    /// Python's `json.dumps` with `ensure_ascii=False`: a space after each colon and comma.
    Python,
    /// Python's `json.dumps` as it comes: also every character beyond ASCII as `\uXXXX`, of UTF-16.
    PythonAscii,
}

impl Writer {
    pub(super) fn write(self, value: &Value, out: &mut Vec<u8>) {
        let done = match self {
            Writer::Compact => value.serialize(&mut Serializer::new(out)),
            Writer::Go => value.serialize(&mut Serializer::with_formatter(out, Go)),
            Writer::Python => {
                value.serialize(&mut Serializer::with_formatter(out, Python { ascii: false }))
            }
            Writer::PythonAscii => {
                value.serialize(&mut Serializer::with_formatter(out, Python { ascii: true }))
            }
        };
        debug_assert!(done.is_ok(), "a value with keys of text is always written to memory");
    }
}

struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for part in fragment.split_inclusive(['<', '>', '&']) {
            let (text, last) = match part.char_indices().next_back() {
                Some((at, c @ ('<' | '>' | '&'))) => (part.get(..at).unwrap_or_default(), Some(c)),
                _ => (part, None),
            };
            writer.write_all(text.as_bytes())?;
            if let Some(c) = last {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
        }
        Ok(())
    }
}

struct Python {
    ascii: bool,
}

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !self.ascii {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        for c in fragment.chars() {
            if c.is_ascii() {
                writer.write_all(&[c as u8])?;
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_library_writes_in_its_own_way() {
        let value = json!({"a": ["안<🙂", "\"\n"], "b": null});
        let written = |writer: Writer| {
            let mut out = Vec::new();
            writer.write(&value, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(Writer::Compact), r#"{"a":["안<🙂","\"\n"],"b":null}"#);
        assert_eq!(written(Writer::Go), r#"{"a":["안\u003c🙂","\"\n"],"b":null}"#);
        assert_eq!(written(Writer::Python), r#"{"a": ["안<🙂", "\"\n"], "b": null}"#);
        let ascii = r#"{"a": ["\uc548<\ud83d\ude42", "\"\n"], "b": null}"#;
        assert_eq!(written(Writer::PythonAscii), ascii);
    }
}
