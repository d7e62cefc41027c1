//! The client of an OpenAI-compatible service.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::reply::ChatReply;
use super::request::ChatRequest;
use super::stream::{ChatStream, Setup};
use super::telemetry;
use crate::config::CallOptions;
use crate::error::{ErrorKind, Result};
use crate::http::{Head, HttpClient, PieceSource, Request, Response};

/// A client for OpenAI, or for any service with the same chat completions API.
///
/// Clones are cheap and share connections. It needs a Tokio runtime; programs without one have
/// [`turnwire::blocking::OpenAi`](crate::blocking::OpenAi).
///
/// ```no_run
/// use futures::StreamExt;
/// use turnwire::{ChatRequest, OpenAi};
///
/// # async fn run() -> turnwire::Result<()> {
/// let llm = OpenAi::from_env()?;
/// let mut stream = llm.chat_stream(ChatRequest::new("gpt-4o-mini").user("안녕하세요")).await?;
/// while let Some(chunk) = stream.next().await {
///     print!("{}", chunk?.text());
/// }
/// let reply = stream.into_reply()?;
/// println!("\n{:?} {:?}", reply.finish_reason, reply.usage);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OpenAi {
    pub(super) http: HttpClient,
    pub(super) options: Arc<CallOptions>,
}

impl OpenAi {
    /// A copy of this client whose options are overridden by `options`.
    pub fn with(&self, options: CallOptions) -> Self {
        OpenAi { http: self.http.clone(), options: Arc::new(self.options.merged(options)) }
    }

    /// The connection and options of this client, for other clients of the same service.
    pub(crate) fn connection(&self) -> (HttpClient, Arc<CallOptions>) {
        (self.http.clone(), self.options.clone())
    }

    /// Requests a complete reply. The request is passed by value or by reference.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams. Transient failures are retried first.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with I/O and time enabled.
    pub async fn chat(&self, request: impl Borrow<ChatRequest>) -> Result<ChatReply> {
        let request = request.borrow();
        let span = telemetry::chat_span(&self.http, request, false);
        let reply = self.fetch(request, &span).instrument(span.clone()).await;
        if let Err(error) = &reply {
            telemetry::record_error(&span, error);
        }
        reply
    }

    async fn fetch(&self, request: &ChatRequest, span: &Span) -> Result<ChatReply> {
        let Response { status, url, headers, body } = self.send(request, "chat", false).await?;
        let context = body.context().clone();
        let json = body.collect(self.http.limits().reply).await?;
        let text = String::from_utf8_lossy(&json);
        let text = text.trim_start_matches('\u{feff}'); // some services begin JSON with a byte order mark
        if text.trim_start().starts_with('<') {
            let why = format!("expected a reply, got an HTML page: {}", context.excerpt(&json));
            return Err(context.error(ErrorKind::UnexpectedReply, why));
        }
        let reply = ChatReply::from_json(text);
        let reply = reply.map_err(|e| e.into_error(&context, "reply", text))?;
        telemetry::record_reply(span, &context, &reply, None);
        Ok(reply.with_head(Head { status, url: Some(url), headers }))
    }

    /// Requests a reply as a stream. The request is passed by value or by reference.
    ///
    /// It returns as soon as the service has accepted the request; dropping the stream cancels the request.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`]. Transient failures are retried first; once the stream has begun, nothing is retried.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with I/O and time enabled.
    pub async fn chat_stream(&self, request: impl Borrow<ChatRequest>) -> Result<ChatStream> {
        let request = request.borrow();
        let span = telemetry::chat_span(&self.http, request, true);
        // After the span's beginning, so that the times of its chunks add up to its duration at most.
        let started = Instant::now();
        // On the heap, so that the caller's future does not have room for the call for as long as it reads the stream.
        let opening = Box::pin(self.open(request).instrument(span.clone()));
        match opening.await {
            Ok(source) => {
                let asked = request.asked();
                let limits = self.http.limits().clone();
                Ok(ChatStream::new(source, Setup { asked, limits, started, span }))
            }
            Err(error) => {
                telemetry::record_error(&span, &error);
                Err(error)
            }
        }
    }

    async fn open(&self, request: &ChatRequest) -> Result<PieceSource> {
        let Response { status, url, headers, body } =
            self.send(request, "chat.stream", true).await?;
        let media_type =
            headers.get(CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or_default();
        let media_type =
            media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // Some services label a stream wrongly or not at all; the first bytes distinguish it from JSON. An HTML page
        // from an intermediary is neither.
        let may_be_stream = matches!(
            media_type.as_str(),
            "" | "text/event-stream"
                | "text/plain"
                | "application/json"
                | "application/octet-stream"
        );
        if status == StatusCode::OK && may_be_stream {
            return Ok(PieceSource::response(Head { status, url: Some(url), headers }, body));
        }
        let context = body.context().clone();
        let some = body.collect_some(self.http.limits().error_body).await;
        let page = context.excerpt(&some);
        let why = match media_type.as_str() {
            "text/html" => format!("expected an event stream, got an HTML page: {page}"),
            _ => format!("expected an event stream, got a body of type {media_type:?}: {page}"),
        };
        Err(context.error(ErrorKind::UnexpectedReply, why).with_status(status))
    }

    async fn send(
        &self,
        request: &ChatRequest,
        operation: &'static str,
        streamed: bool,
    ) -> Result<Response> {
        let path = "chat/completions";
        let request = Request {
            accept: if streamed { "text/event-stream" } else { "application/json" },
            body: Some(request.body(streamed, operation)?),
            streamed,
            ..Request::new(operation, Method::POST, path, &self.options)
        };
        self.http.send(request).await
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("http", &self.http).field("options", &self.options).finish()
    }
}
