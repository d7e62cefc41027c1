//! The head of a response, for a host language.

use ::http::HeaderMap;
use serde::Serialize;

use crate::http;

/// The head of a response: JSON `{"status", "url", "headers"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The responding URL, if known.
    pub url: Option<String>,
    /// The headers as pairs, in order.
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub(super) fn new(status: u16, url: Option<&str>, headers: &HeaderMap) -> Self {
        Head { status, url: url.map(str::to_owned), headers: pairs(headers) }
    }
}

impl From<&http::Head> for Head {
    fn from(head: &http::Head) -> Self {
        Head::new(head.status.as_u16(), head.url(), &head.headers)
    }
}

/// Headers as pairs of text, in order. Each byte of a value becomes the character of its number (Latin-1), as in
/// `fetch` and Python's `http.client`, so that a host can restore the bytes.
pub(super) fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

/// Headers of a response as the `openai` package for Python shows them: all values are UTF-8, or Latin-1 if one of them is
/// no UTF-8.
pub fn headers_in_utf8(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let read = |(name, value): &(String, String)| {
        let bytes =
            value.chars().map(|char| u8::try_from(char).ok()).collect::<Option<Vec<u8>>>()?;
        Some((name.clone(), String::from_utf8(bytes).ok()?))
    };
    headers.iter().map(read).collect::<Option<_>>().unwrap_or(headers)
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    /// The values of `x` as the two peers show them: `fetch`, and the `openai` package for Python.
    #[test]
    fn values_are_decoded_as_each_peer_does() {
        let latin = &b"\xe9"[..];
        let utf8 = "\u{e9}".as_bytes();
        for (values, shown, in_utf8) in [
            (&[utf8][..], &["\u{c3}\u{a9}"][..], &["\u{e9}"][..]),
            (&[latin], &["\u{e9}"], &["\u{e9}"]),
            (&[latin, utf8], &["\u{e9}", "\u{c3}\u{a9}"], &["\u{e9}", "\u{c3}\u{a9}"]),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x", HeaderValue::from_bytes(value).unwrap());
            }
            let text = |pairs: &[(String, String)]| {
                pairs.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>()
            };
            let found = pairs(&headers);
            assert_eq!(text(&found), shown);
            assert_eq!(text(&headers_in_utf8(found)), in_utf8);
        }
    }
}
