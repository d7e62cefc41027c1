//! The format of a body that was requested as an event stream. It is detected by the first byte, not by the content
//! type: services mislabel both ways.

use super::context::Context;
use crate::error::{ErrorKind, Result};

/// The bytes of a byte order mark.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    Events,
    /// One complete JSON value: a service that does not stream, or an error.
    Json,
}

impl Context {
    /// The format of a body that begins with these bytes; `None` until the first byte that is neither white space nor
    /// part of a byte order mark.
    ///
    /// # Errors
    ///
    /// `unexpected_reply` for an HTML page.
    pub(crate) fn format_of_stream(&self, start: &[u8]) -> Result<Option<BodyFormat>> {
        let is_before = |b: &u8| b.is_ascii_whitespace() || BOM.contains(b);
        match start.iter().find(|b| !is_before(b)) {
            None => Ok(None),
            // No meaningful line of an event stream begins with one of these.
            Some(b'{' | b'[') => Ok(Some(BodyFormat::Json)),
            Some(b'<') => {
                let page = self.excerpt(start);
                let why = format!("expected an event stream, got an HTML page: {page}");
                Err(self.error(ErrorKind::UnexpectedReply, why))
            }
            Some(_) => Ok(Some(BodyFormat::Events)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_decides() {
        let context = Context::foreign("chat.stream");
        let format = |start: &str| context.format_of_stream(start.as_bytes());
        for start in ["", " \r\n", "\u{feff}", "\u{feff}\n "] {
            assert_eq!(format(start).unwrap(), None, "{start:?}");
        }
        for start in ["data: {", ":", "\u{feff}event: a", "\n\nid", "a", "\"{\""] {
            assert_eq!(format(start).unwrap(), Some(BodyFormat::Events), "{start:?}");
        }
        for start in ["{", " [", "\u{feff}{\"reply\"", "\r\n[1]"] {
            assert_eq!(format(start).unwrap(), Some(BodyFormat::Json), "{start:?}");
        }
        let error = format("\u{feff} <html><title>502 Bad Gateway</title>").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedReply);
        let why = "expected an event stream, got an HTML page: 502 Bad Gateway";
        assert_eq!(error.message().replace('\u{feff}', "").replace("  ", " "), why);
    }
}
