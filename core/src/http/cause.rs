//! The cause of an error whose text contains a secret: the same chain of causes, as scrubbed text.

use std::error::Error as StdError;
use std::fmt;

use crate::redact::Redactor;

/// The text of one cause, and of its own causes.
#[derive(Clone, thiserror::Error)]
#[error("{text}")]
pub(super) struct Cause {
    text: String,
    source: Option<Box<Cause>>,
}

impl Cause {
    /// The chain of `error` as text; `None` if it contains no secret, and may be kept unchanged.
    pub(super) fn unless_clean(
        error: &(dyn StdError + 'static),
        redactor: &Redactor,
    ) -> Option<Self> {
        // `Debug` prints fields that `Display` omits, usually those of the whole chain.
        let mut is_clean = redactor.is_clean(format!("{error:?}").as_bytes());
        let mut texts = Vec::new();
        let mut cause = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            is_clean &= redactor.is_clean(text.as_bytes());
            texts.push(redactor.scrub(&text));
            cause = error.source();
        }
        let wrap = |source: Option<Cause>, text| Some(Cause { text, source: source.map(Box::new) });
        if is_clean { None } else { texts.into_iter().rev().fold(None, wrap) }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)?;
        self.source.iter().try_for_each(|source| write!(f, ": {source:?}"))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_cause_is_kept_unless_it_shows_a_secret() {
        let mut redactor = Redactor::default();
        redactor.add("sk-0123456789");
        let of = |error: io::Error| Cause::unless_clean(&error, &redactor);
        assert!(of(io::Error::other("nothing")).is_none());
        let inner = io::Error::new(io::ErrorKind::InvalidData, "sk%2D0123456789");
        let cause = of(io::Error::other(inner)).unwrap();
        assert_eq!(cause.to_string(), "[redacted]");
        assert!(!format!("{cause:?}").contains("0123456789"));
        assert!(StdError::source(&cause).is_none_or(|inner| inner.to_string() == "[redacted]"));
    }
}
