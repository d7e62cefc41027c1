//! Keeps secrets out of whatever is shown: URLs, messages, bodies of errors.

use std::iter;

use serde_json::Value;
use url::Url;

use crate::Secret;

/// Values shorter than this are not looked for: they would blot out innocent text, and guard nothing.
const SHORTEST: usize = 6;

/// Removes the secrets of a client and a call from text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Takes note of a secret, and of each word in it: a service may echo `Bearer abc` as `abc`, or one of a
    /// cookie's values.
    pub(super) fn add(&mut self, secret: &str) {
        let is_border = |c: char| c.is_whitespace() || matches!(c, '=' | ';' | ',' | ':');
        for part in iter::once(secret).chain(secret.split(is_border)) {
            let known = self.secrets.iter().any(|s| s.expose() == part);
            if part.len() >= SHORTEST && !known {
                self.secrets.push(part.into());
            }
        }
        // The longest first: one secret may be a part of another.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    /// The length of the longest secret, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.secrets.first().map_or(0, |secret| secret.expose().len())
    }

    /// The text without the secrets in it.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), "[redacted]");
            }
        }
        text
    }

    /// The body without the secrets in it, also where they are escaped in its JSON.
    pub(super) fn scrub_body(&self, body: &str) -> String {
        let body = self.scrub(body);
        let Ok(mut value) = serde_json::from_str::<Value>(&body) else { return body };
        let before = value.clone();
        self.scrub_value(&mut value);
        if value == before { body } else { value.to_string() }
    }

    /// The JSON without the secrets in its strings.
    pub(super) fn scrub_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.scrub(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_value(item)),
            Value::Object(object) => object.values_mut().for_each(|item| self.scrub_value(item)),
            _ => {}
        }
    }
}

/// A URL as it may be shown: without user, password, fragment and the values of its query.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
    for (i, (name, _)) in url.query_pairs().enumerate() {
        shown.push(if i == 0 { '?' } else { '&' });
        shown.push_str(&name);
        shown.push_str("=…");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_credentials() {
        let url = "https://me:hunter22@api.example.com/v1/chat?api-version=3&key=sk-1#f".parse();
        assert_eq!(shown(&url.unwrap()), "https://api.example.com/v1/chat?api-version=…&key=…");
    }

    #[test]
    fn secrets_are_scrubbed_whole_in_part_and_escaped() {
        let mut redactor = Redactor::default();
        redactor.add("Bearer sk-abc/def");
        redactor.add("session=0123456789; theme=dark");
        let text = redactor.scrub("key sk-abc/def, Bearer sk-abc/def, 0123456789, dark");
        assert_eq!(text, "key [redacted], [redacted], [redacted], dark");
        let body =
            redactor.scrub_body(r#"{"error":{"message":"no sk-abc\/def and sk\u002dabc/def"}}"#);
        assert_eq!(body, r#"{"error":{"message":"no [redacted] and [redacted]"}}"#);
        assert_eq!(redactor.scrub_body(r#"{"a": 1}"#), r#"{"a": 1}"#, "untouched where it may be");
    }
}
