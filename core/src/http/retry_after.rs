//! The headers that control retries. Pure: the time is an argument.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The wait that the service requests: `retry-after-ms` (used by OpenAI), then `Retry-After` in seconds or as an HTTP
/// date (RFC 9110, section 10.2.3). An invalid value is ignored.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(wait) = text("retry-after-ms").and_then(|ms| counted(ms, 1000.0)) {
        return Some(wait);
    }
    let text = text(RETRY_AFTER.as_str())?;
    let until =
        || Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default());
    counted(text, 1.0).or_else(until)
}

/// Parses a duration in units of 1/`in_second` seconds: digits and at most one point. Signs, exponents and words such
/// as `inf`, which Rust parses as numbers, are rejected, and so are values that overflow.
fn counted(text: &str, in_second: f64) -> Option<Duration> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = text.parse().ok().filter(|_| is_plain)?;
    Duration::try_from_secs_f64(number / in_second).ok()
}

/// The service's own statement about a retry (`x-should-retry`, used by OpenAI).
pub(super) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn retry_after_reads_milliseconds_seconds_and_dates() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777 - 30); // 30 s before the date below
        let read = |name, value| retry_after(&headers(name, value), now);
        assert_eq!(read("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(read("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(read("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(
            read("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            read("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT"),
            Some(Duration::ZERO),
            "past"
        );
        assert_eq!(read("retry-after", " 7\t"), Some(Duration::from_secs(7)));
        assert_eq!(read("retry-after", "31536000000"), Some(Duration::from_secs(31_536_000_000)));
    }

    #[test]
    fn a_value_that_is_no_number_asks_for_nothing() {
        for junk in [
            "",
            " ",
            "soon",
            "-1",
            "+1",
            "-0",
            "NaN",
            "nan",
            "inf",
            "Inf",
            "infinity",
            "-inf",
            "1e2",
            "1e400",
            "0x10",
            "1,5",
            "1.2.3",
            ".",
            "1 2",
            "2s",
            "99999999999999999999999",
        ] {
            for name in ["retry-after", "retry-after-ms"] {
                assert_eq!(retry_after(&headers(name, junk), UNIX_EPOCH), None, "{name}: {junk}");
            }
        }
    }

    #[test]
    fn junk_in_milliseconds_does_not_hide_the_seconds() {
        for junk in ["-1", "inf", ""] {
            let mut both = headers("retry-after-ms", junk);
            both.extend(headers("retry-after", "9"));
            assert_eq!(retry_after(&both, UNIX_EPOCH), Some(Duration::from_secs(9)), "{junk}");
        }
    }

    #[test]
    fn milliseconds_win_over_seconds() {
        let mut both = headers("retry-after-ms", "100");
        both.extend(headers("retry-after", "9"));
        assert_eq!(retry_after(&both, UNIX_EPOCH), Some(Duration::from_millis(100)));
    }
}
