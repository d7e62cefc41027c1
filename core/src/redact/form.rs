//! The encodings of a secret that must be searched for, because resolving escapes does not lead back to the secret.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::layer::{self, Layer};
use super::policy;

/// An encoding of a secret to search for.
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    /// Matches only as a whole word and in its own case.
    pub(super) is_word: bool,
    /// True if the neighbouring character (before, after) encodes a few bits of the secret too.
    pub(super) before: bool,
    pub(super) after: bool,
}

/// The secret itself, without its own escapes, in Base64 and in hexadecimal.
pub(super) fn forms(secret: &str) -> Vec<Form> {
    let is_word = policy::is_word(secret);
    let plain = |bytes: Vec<u8>| Form { bytes, is_word, before: false, after: false };
    let mut forms = Vec::new();
    for text in policy::cases(secret) {
        forms.push(plain(text.as_bytes().to_vec()));
        // HTML forms and query strings write a space as a plus.
        if text.contains(' ') {
            forms.push(plain(text.replace(' ', "+").into_bytes()));
        }
    }
    // A text whose escapes were resolved has also lost the escapes that belong to the secret itself.
    let mut layer = Layer::of(secret.as_bytes()).resolved();
    for _ in 0..layer::MOST {
        let Some(this) = layer else { break };
        forms.push(plain(this.bytes().to_vec()));
        layer = this.resolved();
    }
    // UTF-8 that was read as Latin-1.
    if !secret.is_ascii() {
        forms.push(plain(secret.bytes().map(char::from).collect::<String>().into_bytes()));
    }
    let hex = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex = hex.filter_map(|digit| char::from_digit(digit.into(), 16)).collect::<String>();
    forms.push(Form { is_word: false, ..plain(hex.into_bytes()) });
    forms.extend((0..3).flat_map(|offset| base64(secret.as_bytes(), offset)));
    forms
}

/// The Base64 characters that depend on the secret alone when `offset` bytes, modulo 3, precede it.
fn base64(secret: &[u8], offset: usize) -> Vec<Form> {
    let padded = [vec![0; offset], secret.to_vec()].concat();
    let (first, last) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    let form = |text: String| Form {
        bytes: text.as_bytes().get(first..last).unwrap_or_default().to_vec(),
        is_word: false,
        before: offset != 0,
        after: padded.len() % 3 != 0,
    };
    let mut forms = vec![form(STANDARD_NO_PAD.encode(&padded))];
    let url_safe = form(URL_SAFE_NO_PAD.encode(&padded));
    if forms.iter().all(|form| form.bytes != url_safe.bytes) {
        forms.push(url_safe);
    }
    forms
}
