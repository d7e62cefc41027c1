//! URLs and headers in a form that is safe to show.

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::redact::{Redactor, is_credential_header};

/// The replacement of a hidden value.
const REDACTED: HeaderValue = HeaderValue::from_static("[redacted]");

/// A URL that is safe to show: without user, password, fragment and the values of its query.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
    for (i, (name, _)) in url.query_pairs().enumerate() {
        shown.push(if i == 0 { '?' } else { '&' });
        shown.push_str(&name);
        shown.push_str("=…");
    }
    shown
}

/// The headers of a response as an error keeps them: without the secrets of the call, the credentials that the service
/// grants, and the values of its cookies.
pub(super) fn shown_headers(redactor: &Redactor, headers: &HeaderMap) -> HeaderMap {
    let is_clean = |name: &str| redactor.is_clean(name.as_bytes());
    let headers = headers.iter().filter(|(name, _)| is_clean(name.as_str()));
    let headers = headers.map(|(name, value)| {
        let value = match name {
            name if is_credential_header(name.as_str()) => REDACTED,
            name if *name == SET_COOKIE => shown_cookie(redactor, value),
            _ if redactor.is_clean(value.as_bytes()) => value.clone(),
            _ => {
                let text = redactor.scrub(&String::from_utf8_lossy(value.as_bytes()));
                HeaderValue::from_bytes(text.as_bytes()).unwrap_or(REDACTED)
            }
        };
        (name.clone(), value)
    });
    headers.collect()
}

/// A cookie's name and attributes.
fn shown_cookie(redactor: &Redactor, value: &HeaderValue) -> HeaderValue {
    let text = String::from_utf8_lossy(value.as_bytes());
    let (pair, attributes) = text.split_once(';').unwrap_or((&text, ""));
    let name = pair.split_once('=').map_or("", |(name, _)| name.trim());
    let rest = if attributes.is_empty() { "" } else { ";" };
    let shown = redactor.scrub(&format!("{name}=[redacted]{rest}{attributes}"));
    HeaderValue::from_bytes(shown.as_bytes()).unwrap_or(REDACTED)
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
    fn an_errors_headers_have_no_credentials() {
        let mut redactor = Redactor::default();
        redactor.add("sk-0123456789");
        let cases = [
            ("authorization", "Bearer fresh", "[redacted]"),
            ("refreshtoken", "Bearer fresh", "[redacted]"),
            ("set-cookie", "sid=abc; Path=/; HttpOnly", "sid=[redacted]; Path=/; HttpOnly"),
            ("set-cookie", "sid=abc", "sid=[redacted]"),
            ("set-cookie", "sk-0123456789=; Path=/", "[redacted]=[redacted]; Path=/"),
            ("set-cookie", "sid=1; Path=/sk-0123456789", "sid=[redacted]; Path=/[redacted]"),
            ("x-echo", "key sk-0123456789", "key [redacted]"),
            ("x-ratelimit-remaining-tokens", "149984", "149984"),
            ("token-expired", "AccessToken", "AccessToken"),
            ("x-request-id", "req_0123456789abcdef", "req_0123456789abcdef"),
        ];
        for (name, value, expected) in cases {
            let name = http::HeaderName::from_static(name);
            let headers = HeaderMap::from_iter([(name.clone(), value.parse().unwrap())]);
            assert_eq!(shown_headers(&redactor, &headers)[&name], expected, "{name}: {value}");
        }
        let echo = http::HeaderName::from_static("sk-0123456789");
        let headers = HeaderMap::from_iter([(echo, "1".parse().unwrap())]);
        assert!(shown_headers(&redactor, &headers).is_empty());
    }

    #[test]
    fn the_cost_grows_with_the_text_alone() {
        let mut redactor = Redactor::default();
        for i in 0..20 {
            redactor.add(&format!("sk-{i}-{}", "0123456789abcdef".repeat(3)));
        }
        let line = r#"{"message":"no sk-1-0123456789 \"a\\\"b\" %41 &amp; \u0041 Bearer eyJ","n":[1,2,3]},"#;
        let body = line.repeat((1 << 17) / line.len());
        let time = |text: &str| {
            let began = std::time::Instant::now();
            redactor.scrub(text);
            began.elapsed()
        };
        time("");
        // The minimum of several runs is the real cost; the rest is noise of the machine.
        let least = |text: &str| (0..5).map(|_| time(text)).min().unwrap_or_default();
        let (whole, part) = (least(&body), least(&body[..body.len() / 8]));
        assert!(whole < part * 24, "{part:?} for an eighth, {whole:?} for the whole");
    }
}
