//! The policy that separates secrets from words that a message may need.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

/// The shortest secret that is searched for, in bytes: a shorter one protects nothing, and removing it would blot out
/// innocent text.
const SHORTEST: usize = 6;

/// The shortest value under an unsuspicious name that is treated as a secret, in bytes.
const SHORTEST_UNNAMED: usize = 8;

/// Placeholder keys that documentation recommends where none is needed, and passwords that are just such a word: all of
/// them also occur as words of error messages.
const PLACEHOLDERS: &[&str] = &[
    "api-key",
    "api_key",
    "apikey",
    "anything",
    "changeme",
    "default",
    "dummy",
    "example",
    "lm-studio",
    "no-key",
    "no-key-required",
    "none",
    "not-needed",
    "ollama",
    "password",
    "placeholder",
    "secret",
    "sk-no-key-required",
    "token",
    "undefined",
    "unused",
    "username",
    "your-api-key",
    "your_api_key",
];

/// Parts of names whose values are secret.
const CREDENTIALS: &[&str] = &[
    "auth",
    "bearer",
    "cookie",
    "credential",
    "csrf",
    "jwt",
    "key",
    "pass",
    "secret",
    "session",
    "sig",
    "token",
];

/// Names whose values are never secret, whatever their form: error messages need them.
const HARMLESS: &[&str] = &[
    "anthropic-beta",
    "anthropic-version",
    "api-version",
    "author",
    "date",
    "extendlogin",
    "from",
    "host",
    "http-referer",
    "idempotency-key",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "origin",
    "referer",
    "request-id",
    "traceparent",
    "tracestate",
    "user-agent",
    "via",
    "x-correlation-id",
    "x-request-id",
    "x-title",
];
const HARMLESS_PREFIXES: &[&str] = &["accept", "content-", "if-", "sec-", "x-stainless-"];

/// The prefixes of keys of well-known services.
const KEY_PREFIXES: &[&str] =
    &["sk-", "sk_", "pk_", "rk_", "ghp_", "gho_", "xox", "eyJ", "AKIA", "AIza", "hf_"];

/// Authentication schemes (RFC 9110, section 11), and words that are used as such.
const SCHEMES: &[&str] = &["apikey", "basic", "bearer", "digest", "key", "negotiate", "token"];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Response headers that carry credentials.
pub(crate) const CREDENTIAL_HEADERS: &[&str] = &[
    "access-token",
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "refresh-token",
    "refreshtoken",
    "x-access-token",
    "x-api-key",
    "x-auth-token",
    "x-refresh-token",
];

pub(crate) fn is_credential_header(name: &str) -> bool {
    CREDENTIAL_HEADERS.contains(&name)
}

/// Returns true if this secret is long and unusual enough to search for.
pub(super) fn is_worth_guarding(secret: &str) -> bool {
    secret.len() >= SHORTEST && !PLACEHOLDERS.iter().any(|p| p.eq_ignore_ascii_case(secret))
}

/// A secret and those parts of it that are secret on their own: those of a JWT.
pub(super) fn parts(secret: &str) -> impl Iterator<Item = &str> {
    let secret = secret.trim();
    let is_jwt = secret.starts_with("eyJ") && secret.split('.').count() == 3;
    let parts = if is_jwt { secret } else { "" };
    std::iter::once(secret).chain(parts.split('.').filter(|part| part.len() >= 16))
}

/// Adds the secrets in the value of a header or of a query parameter.
pub(super) fn secrets_of(name: &str, value: &str, add: &mut dyn FnMut(&str)) {
    let name = name.to_ascii_lowercase();
    let value = value.trim();
    let is_harmless = HARMLESS.contains(&name.as_str())
        || HARMLESS_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_harmless {
        return;
    }
    if name.contains("cookie") {
        for pair in value.split(';') {
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            named(name, value.trim().trim_matches('"'), add);
        }
        return;
    }
    match value.split_once(char::is_whitespace) {
        Some((scheme, rest)) if is_scheme(scheme) => credentials(scheme, rest.trim(), add),
        _ => named(&name, value, add),
    }
}

/// Adds the credentials after an authentication scheme.
fn credentials(scheme: &str, value: &str, add: &mut dyn FnMut(&str)) {
    add(value);
    if scheme.eq_ignore_ascii_case("basic")
        && let Ok(login) = BASE64.decode(value)
        && let Some((user, password)) = String::from_utf8_lossy(&login).split_once(':')
    {
        secrets_of_login(user, password, add);
    }
    unnamed_parts(value, add);
}

/// Adds the secrets of a user and a password: a key is often sent as the user, with or without a password.
pub(super) fn secrets_of_login(user: &str, password: &str, add: &mut dyn FnMut(&str)) {
    add(password);
    if password.is_empty() || (user.len() >= SHORTEST_UNNAMED && !is_plain(user)) {
        add(user);
    }
    if !password.is_empty() {
        add(&format!("{user}:{password}"));
    }
}

fn named(name: &str, value: &str, add: &mut dyn FnMut(&str)) {
    let name = name.trim().to_ascii_lowercase();
    let is_credential =
        CREDENTIALS.iter().any(|part| name.contains(part)) || name == "sid" || name == "code";
    if is_credential {
        add(value);
        unnamed_parts(value, add);
    } else if value.len() >= SHORTEST_UNNAMED && !is_plain(value) {
        add(value);
    }
}

/// Adds the parts of a structured value that look secret.
fn unnamed_parts(value: &str, add: &mut dyn FnMut(&str)) {
    let is_border = |c: char| c.is_whitespace() || matches!(c, '=' | ';' | ',' | ':' | '"');
    let parts = value.split(is_border).filter(|part| part.len() >= SHORTEST_UNNAMED);
    parts.filter(|part| !is_plain(part)).for_each(add);
}

fn is_scheme(word: &str) -> bool {
    SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word))
}

/// Returns true if a text consists of words, small numbers and versions, as names, media types and dates do, and keys
/// do not.
pub(super) fn is_plain(text: &str) -> bool {
    if KEY_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
        return false;
    }
    let segments = text.split(|c: char| !c.is_alphanumeric());
    segments.filter(|segment| !segment.is_empty()).all(is_plain_segment)
}

fn is_plain_segment(segment: &str) -> bool {
    let length = segment.chars().count();
    if length <= 3 {
        return true;
    }
    let word = segment.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = length - word.chars().count();
    if word.is_empty() {
        return digits <= 4;
    }
    // Camel case has few humps, and long ones.
    let humps = word.chars().skip(1).filter(|c| c.is_uppercase()).count();
    let is_word = word.chars().all(char::is_alphabetic)
        && (humps == 0 || humps + 1 == word.chars().count() || humps * 4 <= length);
    is_word && digits <= 2 && length <= 24
}

/// Returns true if a secret is a mere word, which is matched only as a whole word and in its own case.
pub(super) fn is_word(secret: &str) -> bool {
    secret.len() < 12 && secret.chars().all(char::is_alphabetic)
}

/// The secret in upper and in lower case, where these differ by more than ASCII case.
pub(super) fn cases(secret: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let others = (!secret.is_ascii()).then(|| [secret.to_lowercase(), secret.to_uppercase()]);
    let others = others.into_iter().flatten().filter(move |other| other != secret).map(Cow::Owned);
    std::iter::once(Cow::Borrowed(secret)).chain(others)
}
