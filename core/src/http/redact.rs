//! Keeps secrets out of whatever is shown: URLs, messages, bodies of errors.

use reqwest::Url;

use crate::Secret;

/// Values shorter than this are not looked for: they would blot out innocent text, and guard nothing.
const SHORTEST: usize = 6;

/// Removes the secrets of a client and a call from text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Takes note of a secret.
    pub(super) fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.secrets.push(secret.into());
        }
    }

    /// Takes note of a header's or a parameter's value if its name tells that it is secret.
    pub(super) fn add_named(&mut self, name: &str, value: &str) {
        const SECRET_NAMES: [&str; 7] =
            ["auth", "key", "token", "secret", "cookie", "password", "signature"];
        let name = name.to_ascii_lowercase();
        if SECRET_NAMES.iter().any(|part| name.contains(part)) {
            // The scheme is no secret, and the service may echo the credentials without it.
            self.add(value.strip_prefix("Bearer ").unwrap_or(value));
        }
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
    fn named_secrets_are_scrubbed_and_others_stay() {
        let mut redactor = Redactor::default();
        redactor.add_named("Authorization", "Bearer sk-abcdef");
        redactor.add_named("x-team", "redteam");
        let text = redactor.scrub("key sk-abcdef of redteam");
        assert_eq!(text, "key [redacted] of redteam");
    }
}
