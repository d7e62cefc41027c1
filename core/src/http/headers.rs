//! Headers: those that a caller may set, and those of a response that is kept.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::HeaderChange;
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::redact::Redactor;

/// The headers that frame a message (RFC 9110 and 9112): a wrong one makes two requests of one (request smuggling).
pub(super) const FRAMING: [&str; 8] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Sets headers, and removes those without a value; their values are secret.
pub(super) fn change_headers(
    headers: &mut HeaderMap,
    changes: &[HeaderChange],
    redactor: &mut Redactor,
    operation: &'static str,
) -> Result<()> {
    for (name, value) in changes {
        match value {
            Some(value) => {
                redactor.add_value(name, value.expose());
                insert_header(headers, name, value, operation)?;
            }
            None => {
                headers.remove(name);
            }
        }
    }
    Ok(())
}

/// Sets a header; its value never shows in `Debug`.
pub(super) fn insert_header(
    headers: &mut HeaderMap,
    name: &str,
    value: &Secret,
    operation: &'static str,
) -> Result<()> {
    let refuse = |what: &str| {
        // A rejected value may contain a key, and so may the name, if it is a whole header line.
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let end = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
        let rest = if end < name.len() { "…" } else { "" };
        let name = name.get(..end).unwrap_or_default();
        Error::new(ErrorKind::Config, operation, format!("header \"{name}{rest}\": {what}"))
    };
    let key = HeaderName::try_from(name).map_err(|_| refuse("this is not a header name"))?;
    if FRAMING.contains(&key.as_str()) {
        return Err(refuse("it frames the request, which only the client does: leave it out"));
    }
    let mut value = HeaderValue::from_str(value.expose())
        .map_err(|_| refuse("its value has characters that a header cannot carry"))?;
    value.set_sensitive(true);
    headers.insert(key, value);
    Ok(())
}

/// Copies the values of a response's headers. As received they are slices of the connection's first buffer, which would
/// be kept for as long as they are: some kilobytes for each stream.
pub(super) fn detach_headers(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        // A copy of a value is as valid as the value.
        if let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.set_sensitive(value.is_sensitive());
            *value = copy;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;

    /// The buffer of a connection.
    struct Buffer(Arc<[u8]>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    #[test]
    fn detached_headers_are_the_same_without_their_buffer() {
        let buffer: Arc<[u8]> = b"plain\xFFsecret".as_slice().into();
        let bytes = Bytes::from_owner(Buffer(buffer.clone()));
        let value = |part: Bytes| HeaderValue::from_maybe_shared(part).unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x", value(bytes.slice(..6)));
        let mut secret = value(bytes.slice(6..));
        secret.set_sensitive(true);
        headers.append("x", secret);
        drop(bytes);
        let before: Vec<_> =
            headers.values().map(HeaderValue::as_bytes).map(<[u8]>::to_vec).collect();
        assert_eq!(Arc::strong_count(&buffer), 2);
        detach_headers(&mut headers);
        assert_eq!(Arc::strong_count(&buffer), 1);
        let after: Vec<_> = headers.values().map(HeaderValue::as_bytes).collect();
        assert_eq!(after, before);
        let sensitive: Vec<_> = headers.values().map(HeaderValue::is_sensitive).collect();
        assert_eq!(sensitive, [false, true]);
    }
}
