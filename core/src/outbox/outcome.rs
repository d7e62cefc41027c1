//! The outcome of a delivery.

use std::time::Duration;

use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind};
use crate::redact::Redactor;

/// The outcome of one delivery, as a [`Sink`](super::Sink) reports it.
///
/// ```
/// use std::time::Duration;
/// use turnwire::outbox::Outcome;
///
/// let busy = Outcome::unavailable("HTTP 429: slow down").after(Duration::from_secs(30));
/// assert!(matches!(busy, Outcome::Unavailable { after: Some(_), .. }));
/// assert!(matches!(Outcome::retry("HTTP 500: broken"), Outcome::Retry { after: None, .. }));
/// assert!(matches!(Outcome::dead("HTTP 400: empty"), Outcome::Dead { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The service has the record.
    Delivered,
    /// The service received the request and failed (as with status 500): the cause may be transient, or lie in this
    /// record. A record that keeps failing like this while others are delivered is poison, and becomes a dead letter.
    Retry {
        /// The wait that the service requested, at most
        /// [`Delivery::max_retry_after`](super::Delivery::max_retry_after).
        after: Option<Duration>,
        /// The service's message, without secrets.
        reason: String,
    },
    /// The service was not reached, or rejects every request for now (no connection, a broken one, a time limit, status
    /// 408, 425, 429, 502, 503, 504): this says little about the record.
    Unavailable {
        /// The wait that the service requested, at most
        /// [`Delivery::max_retry_after`](super::Delivery::max_retry_after).
        after: Option<Duration>,
        /// The cause, without secrets.
        reason: String,
    },
    /// The record's tokens are not accepted and no others are available: the record waits for new ones.
    NeedsToken,
    /// The service will never accept the record: it becomes a dead letter, which a person can see and requeue.
    Dead {
        /// The service's message, without secrets.
        reason: String,
    },
}

impl Outcome {
    /// The outcome as one word, without its reason.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Outcome::Delivered => "delivered",
            Outcome::Retry { .. } => "retry",
            Outcome::Unavailable { .. } => "unavailable",
            Outcome::NeedsToken => "needs_token",
            Outcome::Dead { .. } => "dead",
        }
    }

    /// [`Retry`](Self::Retry) with a wait that the outbox chooses.
    pub fn retry(reason: impl Into<String>) -> Self {
        Outcome::Retry { after: None, reason: reason.into() }
    }

    /// [`Unavailable`](Self::Unavailable) with a wait that the outbox chooses.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Outcome::Unavailable { after: None, reason: reason.into() }
    }

    /// [`Dead`](Self::Dead) with this reason.
    pub fn dead(reason: impl Into<String>) -> Self {
        Outcome::Dead { reason: reason.into() }
    }

    /// Sets the wait that the service requested. Outcomes that are not retried stay unchanged.
    #[must_use]
    pub fn after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        if let Outcome::Retry { after, .. } | Outcome::Unavailable { after, .. } = &mut self {
            *after = wait.into();
        }
        self
    }

    /// The outcome with a reason that is safe to store: no token reaches the file, whatever the sink reports.
    pub(crate) fn scrubbed(mut self, tokens: Option<&Tokens>) -> Self {
        if let Outcome::Retry { reason, .. }
        | Outcome::Unavailable { reason, .. }
        | Outcome::Dead { reason } = &mut self
        {
            let mut redactor = Redactor::default();
            tokens.into_iter().for_each(|tokens| redactor.add_tokens(tokens));
            *reason = redactor.scrub(reason);
        }
        self
    }
}

/// The outcome of a delivery that failed with this error of a client of this crate.
///
/// Status 401 waits for new tokens. 408, 425, 429, 502, 503, 504 and an unreachable service are
/// [`Unavailable`](Outcome::Unavailable). Other statuses from 500 are retried, and other rejections are final. The
/// service's `Retry-After` is kept.
impl From<&Error> for Outcome {
    fn from(error: &Error) -> Self {
        // The service's own message if it sends one; otherwise its status.
        let message = || match error.status().filter(|_| error.api().is_none()) {
            Some(status) => format!("HTTP {status}: {}", error.message()),
            None => error.message().to_owned(),
        };
        let outcome = match error.status() {
            Some(401) => Outcome::NeedsToken,
            Some(408 | 425 | 429 | 502..=504) => Outcome::unavailable(message()),
            Some(500..) => Outcome::retry(message()),
            Some(400..) => Outcome::dead(message()),
            _ => match error.kind() {
                ErrorKind::Authentication => Outcome::NeedsToken,
                ErrorKind::InvalidRequest | ErrorKind::PermissionDenied => Outcome::dead(message()),
                // The service has accepted the request, and its success response is a rejection or unreadable.
                ErrorKind::Api | ErrorKind::Decode => Outcome::retry(message()),
                _ => Outcome::unavailable(error.to_string()),
            },
        };
        outcome.after(error.retry_after())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_client_becomes_the_outcome_that_its_status_asks_for() {
        let error = |kind| Error::new(kind, "store.save", "no");
        let outcome = |status| {
            let status = http::StatusCode::from_u16(status).unwrap();
            Outcome::from(&error(ErrorKind::Api).with_status(status))
        };
        assert_eq!(outcome(401), Outcome::NeedsToken);
        for status in [408, 425, 429, 502, 503, 504] {
            let reason = format!("HTTP {status}: no");
            assert_eq!(outcome(status), Outcome::unavailable(reason), "{status}");
        }
        assert_eq!(outcome(500), Outcome::retry("HTTP 500: no"));
        for status in [400, 403, 404, 409, 422] {
            assert_eq!(outcome(status), Outcome::dead(format!("HTTP {status}: no")), "{status}");
        }
        let api = serde_json::from_str(r#"{"message": "too long"}"#).unwrap();
        let api = crate::error::ApiError::from_json(&api).unwrap();
        let explained = error(ErrorKind::Api).with_status(http::StatusCode::BAD_REQUEST);
        assert_eq!(Outcome::from(&explained.with_api(api)), Outcome::dead("no"));
        let unanswered = |kind| Outcome::from(&error(kind));
        assert_eq!(unanswered(ErrorKind::Authentication), Outcome::NeedsToken);
        assert_eq!(unanswered(ErrorKind::InvalidRequest), Outcome::dead("no"));
        assert_eq!(unanswered(ErrorKind::PermissionDenied), Outcome::dead("no"));
        assert_eq!(unanswered(ErrorKind::Decode), Outcome::retry("no"));
        let refused = unanswered(ErrorKind::Connect);
        assert!(
            matches!(&refused, Outcome::Unavailable { after: None, reason } if reason.contains("store.save")),
            "{refused:?}"
        );
    }

    #[test]
    fn only_an_outcome_that_is_tried_again_has_a_wait() {
        let wait = Duration::from_secs(7);
        let outcome = Outcome::retry("HTTP 500").after(wait);
        assert_eq!(outcome, Outcome::Retry { after: Some(wait), reason: "HTTP 500".into() });
        assert_eq!(Outcome::dead("HTTP 400").after(wait), Outcome::dead("HTTP 400"));
        assert_eq!(Outcome::Delivered.after(wait), Outcome::Delivered);
    }
}
