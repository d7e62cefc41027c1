//! The services that may answer a turn, in order: the first one, and its fallbacks.

use crate::chat::{ChatRequest, OpenAi};
use crate::error::{Error, ErrorKind};

/// A service that answers where those before it cannot: another client, another model, or both.
///
/// ```
/// use turnwire::turn::Fallback;
/// use turnwire::{OpenAi, Turns};
///
/// # fn main() -> turnwire::Result<()> {
/// let llm = OpenAi::builder().api_key("sk-…").build()?;
/// let local = OpenAi::builder().base_url("http://localhost:11434/v1").build()?;
/// let turns = Turns::builder(llm)
///     .fallback("gpt-4o-mini") // the same service, another model
///     .fallback(Fallback::from(local).model("qwen3:4b"))
///     .build()?;
/// # let _ = turns;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Fallback {
    /// The client, if it is not the first one.
    pub(super) llm: Option<OpenAi>,
    /// The model, if it is not the first one.
    pub(super) model: Option<String>,
}

impl Fallback {
    /// Uses this model.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }
}

impl From<OpenAi> for Fallback {
    fn from(llm: OpenAi) -> Self {
        Fallback { llm: Some(llm), model: None }
    }
}

impl From<&str> for Fallback {
    fn from(model: &str) -> Self {
        Fallback::default().model(model)
    }
}

impl From<String> for Fallback {
    fn from(model: String) -> Self {
        Fallback::default().model(model)
    }
}

/// The service that a request is for, and those after it.
#[derive(Debug, Default)]
pub(super) struct Services {
    /// The number of the service, from 0.
    current: usize,
    /// The model that it is asked for.
    model: Option<String>,
    /// The request, as long as there are services after this one.
    request: Option<ChatRequest>,
}

impl Services {
    /// The first service for this request.
    pub(super) fn first(request: ChatRequest) -> Self {
        Services { current: 0, model: None, request: Some(request) }
    }

    /// The client and the request of the current service; `None` if there is none.
    pub(super) fn ask<'a>(
        &mut self,
        first: &'a OpenAi,
        fallbacks: &'a [Fallback],
    ) -> Option<(&'a OpenAi, ChatRequest)> {
        let fallback = match self.current.checked_sub(1) {
            Some(at) => Some(fallbacks.get(at)?),
            None => None,
        };
        let mut request = match self.current < fallbacks.len() {
            true => self.request.clone()?,
            false => self.request.take()?,
        };
        if let Some(model) = fallback.and_then(|fallback| fallback.model.as_ref()) {
            request.model.clone_from(model);
        }
        self.model = Some(request.model.clone());
        Some((fallback.and_then(|fallback| fallback.llm.as_ref()).unwrap_or(first), request))
    }

    /// The services after the current one, if there are any and one of them should be asked after this error.
    pub(super) fn after(&mut self, error: &Error) -> Option<Self> {
        let request = self.request.take_if(|_| is_of_the_service(error))?;
        Some(Services { current: self.current + 1, model: None, request: Some(request) })
    }

    /// The model of the current service.
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Returns true if the first service was not able to answer.
    pub(super) fn is_fallback(&self) -> bool {
        self.current > 0
    }
}

/// Returns true if the service failed, so that another one may answer, and not the request.
fn is_of_the_service(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Connect
        | ErrorKind::Connection
        | ErrorKind::ConnectTimeout
        | ErrorKind::HeadersTimeout
        | ErrorKind::IdleTimeout
        | ErrorKind::ContentTimeout
        | ErrorKind::TotalTimeout
        | ErrorKind::RateLimited
        | ErrorKind::InsufficientQuota
        | ErrorKind::Server
        | ErrorKind::Garbled
        | ErrorKind::Decode
        | ErrorKind::UnexpectedReply
        | ErrorKind::Truncated => true,
        ErrorKind::Api => error.is_retryable(),
        _ => false,
    }
}
