//! Times of the store: epoch milliseconds, or ISO 8601 in Java's format.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads a time, as milliseconds since 1970. A date and time without a zone is read as UTC.
pub(crate) fn epoch_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(TimeVisitor)
}

/// Reads a time that may be missing.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    struct OptionalVisitor;
    impl<'de> Visitor<'de> for OptionalVisitor {
        type Value = Option<i64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            TimeVisitor.expecting(f)
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
            epoch_ms(value).map(Some)
        }
    }
    deserializer.deserialize_option(OptionalVisitor)
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in epoch milliseconds or ISO 8601")
    }

    fn visit_i64<E>(self, ms: i64) -> Result<i64, E> {
        Ok(ms)
    }

    fn visit_u64<E: Error>(self, ms: u64) -> Result<i64, E> {
        i64::try_from(ms).map_err(|_| E::custom("the time is out of range"))
    }

    fn visit_f64<E: Error>(self, ms: f64) -> Result<i64, E> {
        // Some writers add a fraction to every number; `as` saturates.
        if ms.is_finite() { Ok(ms as i64) } else { Err(E::custom("the time is not a number")) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        let text = text.trim();
        let local = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>()?);
        let time = text.parse::<Timestamp>().or_else(|_| local());
        time.map(Timestamp::as_millisecond)
            .map_err(|_| E::custom(format_args!("{text:?} is not an ISO 8601 time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<i64> {
        epoch_ms(&mut serde_json::Deserializer::from_str(json)).ok()
    }

    #[test]
    fn times_are_read_in_every_form_that_the_store_takes() {
        for same in [
            "1764660000000",
            "1764660000000.0",
            "\"2025-12-02T07:20:00Z\"",
            "\"2025-12-02T16:20:00+09:00\"",
            "\"2025-12-02T07:20:00\"",
            "\"2025-12-02T07:20:00.000000\"",
        ] {
            assert_eq!(read(same), Some(1_764_660_000_000), "{same}");
        }
        for junk in ["null", "\"\"", "\"soon\"", "[]", "true"] {
            assert_eq!(read(junk), None, "{junk}");
        }
    }
}
