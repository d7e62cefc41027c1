//! The models that a service offers.

use http::Method;
use serde::{Deserialize, Serialize};

use super::unreadable::reported_error;
use super::{OpenAi, budget, lenient};
use crate::error::{ErrorKind, Result};
use crate::http::{Head, REQUEST_ID, Request, Response};
use crate::json::repaired;

/// A list of models.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelList {
    /// The models.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub data: Vec<Model>,
    #[serde(skip)]
    raw: Box<str>,
    #[serde(skip)]
    pub(super) head: Head,
}

/// A model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Model {
    /// The name to use in requests.
    #[serde(default, deserialize_with = "lenient::string")]
    pub id: String,
    /// The creation time, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub created: u64,
    /// The owner.
    #[serde(default, deserialize_with = "lenient::string")]
    pub owned_by: String,
}

impl ModelList {
    /// The JSON as received.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The service's request id (`x-request-id`), for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.head.headers.get(REQUEST_ID)?.to_str().ok()
    }
}

impl OpenAi {
    /// Requests the list of models that the service offers.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams. Transient failures are retried first.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with I/O and time enabled.
    pub async fn models(&self) -> Result<ModelList> {
        let request = Request::new("models", Method::GET, "models", &self.options);
        let Response { status, url, headers, body } = self.http.send(request).await?;
        let context = body.context().clone();
        let json = body.collect(self.http.limits().reply).await?;
        let text = String::from_utf8_lossy(&json);
        let text = repaired(text.trim_start_matches('\u{feff}'));
        if let Some(reported) = reported_error(&text) {
            return Err(context.api_error(&reported));
        }
        let read = budget::within(text.len(), || serde_json::from_str(&text));
        let mut list: ModelList = read.map_err(|e| {
            let why = format!("expected a list of models, got {}: {e}", context.excerpt(&json));
            context.error(ErrorKind::Decode, why)
        })?;
        list.raw = text.into();
        list.head = Head { status, url: Some(url), headers };
        Ok(list)
    }
}
