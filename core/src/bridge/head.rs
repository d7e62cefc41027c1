//! The head of a response, as a host language reads it.

use http::HeaderMap;
use serde::Serialize;

/// The head of a response: JSON `{"status", "url", "headers"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The URL that answered, if it is known.
    pub url: Option<String>,
    /// The headers as pairs, in their order.
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub(super) fn new(status: u16, url: Option<&str>, headers: &HeaderMap) -> Self {
        Head { status, url: url.map(str::to_owned), headers: pairs(headers) }
    }
}

/// Headers as pairs of text, in their order. A value is bytes; each becomes the character of its number (Latin-1), as in
/// `fetch` and Python's `http.client`, so that nothing is lost: a host can turn them into bytes again.
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
