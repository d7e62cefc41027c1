//! Recognises tokens by their form: a service may quote one that this client never had, such as a newly issued one.

use std::ops::Range;

use memchr::memmem;

use super::policy::is_plain;

/// Finds JWTs (RFC 7519), the credentials after the word `Bearer`, and the values of fields named as tokens.
pub(super) fn find(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let mut after = 0;
    for start in memmem::find_iter(text, "eyJ") {
        if start >= after
            && let Some(length) = jwt(text.get(start..).unwrap_or_default())
        {
            after = start + length;
            found(start..after);
        }
    }
    for at in memmem::find_iter(text, "earer").chain(memmem::find_iter(text, "EARER")) {
        let is_bearer =
            at.checked_sub(1).is_some_and(|at| matches!(text.get(at), Some(b'b' | b'B')));
        let rest = text.get(at + 5..).unwrap_or_default();
        let spaces = run(rest, |byte| matches!(byte, b' ' | b'\t' | b'+' | b':'));
        let token = rest.get(spaces..).unwrap_or_default();
        let token = token.get(..run(token, is_of_token)).unwrap_or_default();
        let is_word = std::str::from_utf8(token).is_ok_and(is_plain);
        if is_bearer && spaces > 0 && token.len() >= 8 && !is_word {
            let start = at + 5 + spaces;
            found(start..start + token.len());
        }
    }
    for at in NAMES.iter().flat_map(|name| memmem::find_iter(text, name).map(|at| at + name.len()))
    {
        let rest = text.get(at..).unwrap_or_default();
        let quote = run(rest, |byte| matches!(byte, b'"' | b'\''));
        let rest = rest.get(quote..).unwrap_or_default();
        let mark = run(rest, |byte| matches!(byte, b':' | b'=' | b' '));
        let value = rest.get(mark..).unwrap_or_default();
        let open = run(value, |byte| matches!(byte, b'"' | b'\''));
        let value = value.get(open..).unwrap_or_default();
        let value = value.get(..run(value, is_of_token)).unwrap_or_default();
        let is_assigned =
            rest.get(..mark).is_some_and(|mark| mark.iter().any(|byte| *byte != b' '));
        let is_word = std::str::from_utf8(value).is_ok_and(is_plain);
        if quote <= 1 && is_assigned && value.len() >= 8 && !is_word {
            let start = at + quote + mark + open;
            found(start..start + value.len());
        }
    }
}

/// The endings of the names of fields that contain a token or a key.
const NAMES: &[&str] = &[
    "oken",
    "OKEN",
    "ecret",
    "assword",
    "api_key",
    "apikey",
    "api-key",
    "apiKey",
    "ApiKey",
    "API_KEY",
    "access_key",
];

/// The length of the JWT at the start of the text.
fn jwt(text: &[u8]) -> Option<usize> {
    let is_base64 = |byte| matches!(byte, b'-' | b'_') || u8::is_ascii_alphanumeric(&byte);
    let part = |from: usize| run(text.get(from..).unwrap_or_default(), is_base64);
    let header = part(0);
    if header < 10 || text.get(header) != Some(&b'.') {
        return None;
    }
    let claims = part(header + 1);
    let end = header + 1 + claims;
    if claims < 4 {
        return None;
    }
    Some(if text.get(end) == Some(&b'.') { end + 1 + part(end + 1) } else { end })
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

fn run(text: &[u8], is_in: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| is_in(**byte)).count()
}
