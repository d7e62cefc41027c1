//! Requests that are refused: status and text.

use std::borrow::Cow;

use serde_json::json;

use super::reply::Reply;
use super::routes::Route;
use crate::error::{Error, ErrorKind};

/// A request that is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    /// A sentence for the user, without details.
    text: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(status: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Refusal { status, text: text.into() }
    }

    pub(super) fn bad_request(text: impl Into<Cow<'static, str>>) -> Self {
        Refusal::new(400, text)
    }

    /// A failure that is not the request's. The log has the details.
    pub(super) fn failed(error: &Error) -> Self {
        tracing::warn!(error.code = error.code(), "a chat request failed: {error}");
        Refusal::new(500, error.kind().user_message())
    }

    /// The refusal of a turn that has not begun.
    pub(super) fn not_begun(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidRequest => Refusal::bad_request(sentence(error.message())),
            _ => Refusal::failed(error),
        }
    }

    /// The refusal of speech: a text may be without any word.
    pub(super) fn not_spoken(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidRequest => {
                tracing::info!(error.code = error.code(), "a text was not spoken: {error}");
                Refusal::bad_request("`text` has nothing to speak.")
            }
            _ => Refusal::failed(error),
        }
    }

    #[cfg(test)]
    pub(super) fn sentence(&self) -> &str {
        &self.text
    }

    /// The reply in the form of this route: the AI SDK shows a body to people as it is.
    pub(super) fn reply(self, route: Option<Route>) -> Reply {
        let Refusal { status, text } = self;
        match route {
            Some(Route::Ui | Route::Text | Route::Resume) => Reply::text(status, text.into_owned()),
            _ if status == 401 => Reply::json(status, &json!({ "message": text })),
            _ => Reply::json(status, &json!({ "error": text })),
        }
    }
}

/// A message of an error as a sentence for a user.
fn sentence(message: &str) -> String {
    let mut rest = message.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest).chain(['.']).collect()
}
