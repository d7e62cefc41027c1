//! The client of a chat service.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::json;
use tokio::time::Instant;

use super::answer::{read_nothing, read_speech};
use super::failure::{after, explained, is_untaken, not_stopped};
use super::request::{Reply, body};
use super::settings::{ServicePaths, Wire};
use super::stream::TurnStream;
use crate::config::CallOptions;
use crate::credentials::{GuardedProvider, Tokens};
use crate::error::{Error, ErrorKind, Result};
use crate::event::ChatAnswer;
use crate::http::{Head, HttpClient, PieceSource, Repeat, Request, Response};
use crate::turn_request::TurnRequest;

/// A client of a chat service: it requests turns and reads their events.
///
/// Clones are cheap and share connections. It needs a Tokio runtime; programs without one have
/// [`turnwire::blocking::ChatService`](crate::blocking::ChatService).
///
/// ```no_run
/// use futures::StreamExt;
/// use turnwire::{ChatService, TurnEvent, TurnRequest};
///
/// # async fn run() -> turnwire::Result<()> {
/// let service = ChatService::builder("http://localhost:5000").tokens("access", "refresh").build()?;
/// let mut turn = service.stream(TurnRequest::new("안녕").workspace("ws-1")).await?;
/// while let Some(event) = turn.next().await {
///     if let TurnEvent::Content { content } = event? {
///         print!("{content}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ChatService {
    pub(super) shared: Arc<Shared>,
    pub(super) options: Arc<CallOptions>,
}

/// The state that all clones share.
pub(super) struct Shared {
    pub(super) http: HttpClient,
    pub(super) paths: ServicePaths,
    pub(super) wire: Wire,
    pub(super) fallback: bool,
    /// The client's own tokens, or the latest from the provider that replaced them.
    pub(super) tokens: ArcSwapOption<Tokens>,
    pub(super) provider: Option<GuardedProvider>,
}

/// One call, before it has tokens.
struct Call<'a> {
    operation: &'static str,
    path: &'a str,
    json: Bytes,
    streamed: bool,
    repeat: Repeat,
}

impl ChatService {
    /// This client with these options for its calls, which override its own.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        ChatService { options: Arc::new(self.options.merged(options)), ..self.clone() }
    }

    /// Requests a turn as a stream.
    ///
    /// It returns as soon as the service has accepted the message; dropping the stream closes its connection. If the
    /// service does not stream, the turn is requested as a whole reply, provided that the first request was certainly not
    /// accepted ([`ChatServiceBuilder::fallback`](crate::service::ChatServiceBuilder::fallback)): then all its events arrive
    /// at once.
    ///
    /// # Errors
    ///
    /// `invalid_request`, before anything is sent, when the message or an id is empty, or the request has what a stream
    /// cannot honour: [speech](TurnRequest::speech), a [history](TurnRequest::history), a [user](TurnRequest::user_id)
    /// without a token provider. Otherwise any [`ErrorKind`]. If both ways fail, the error is
    /// that of the whole reply, and its message includes the failure of the stream. Once the stream has begun, nothing is
    /// sent again.
    pub async fn stream(&self, request: TurnRequest) -> Result<TurnStream> {
        const OPERATION: &str = "service.stream";
        let started = Instant::now();
        let call = Call {
            operation: OPERATION,
            path: &self.shared.paths.stream,
            json: self.body(&request, Reply::Streamed, OPERATION)?,
            streamed: true,
            repeat: Repeat::WhileUntaken,
        };
        let limits = self.shared.http.limits().clone();
        let error = match self.send_call(&call, &request).await {
            Ok(response) => {
                let source = self.source(response).await?;
                return Ok(TurnStream::new(source, self.shared.wire, limits, started));
            }
            Err(error) => error,
        };
        if !self.shared.fallback || !is_untaken(&error) {
            return Err(error);
        }
        tracing::debug!(
            error.code = error.code(),
            "the service does not stream; the turn is asked for whole"
        );
        let call = Call {
            path: &self.shared.paths.chat,
            json: self.body(&request, Reply::Whole, OPERATION)?,
            streamed: false,
            ..call
        };
        // The retries for an unreachable service are already used up.
        let once = error.is_connect().then(|| self.with(CallOptions::new().max_retries(0)));
        let whole = once.as_ref().unwrap_or(self).whole(&call, &request).await;
        let (response, context) = whole.map_err(|second| after(&error, second))?;
        let answer = ChatAnswer::read(&context, &response.body)?;
        let source =
            PieceSource::read(Head { headers: response.headers, ..Head::default() }, context);
        Ok(TurnStream::of_answer(source, answer, limits, started))
    }

    /// Requests a turn and waits for its whole reply.
    ///
    /// # Errors
    ///
    /// `invalid_request`, before anything is sent, when the message or an id is empty, or the request has a
    /// [history](TurnRequest::history), or a [user](TurnRequest::user_id) without a token provider; otherwise any
    /// [`ErrorKind`] except those of streams.
    pub async fn send(&self, request: TurnRequest) -> Result<ChatAnswer> {
        const OPERATION: &str = "service.send";
        let call = Call {
            operation: OPERATION,
            path: &self.shared.paths.chat,
            json: self.body(&request, Reply::Whole, OPERATION)?,
            streamed: false,
            repeat: Repeat::WhileUntaken,
        };
        let (response, context) = self.whole(&call, &request).await?;
        ChatAnswer::read(&context, &response.body)
    }

    /// Requests the speech of a text, as MP3.
    ///
    /// # Errors
    ///
    /// `invalid_request` when the text is empty; otherwise any [`ErrorKind`] except those of streams.
    pub async fn speak(&self, text: impl Into<String>) -> Result<Bytes> {
        const OPERATION: &str = "service.speak";
        let text = text.into();
        if text.trim().is_empty() {
            let why = "there is no text to speak";
            return Err(Error::new(ErrorKind::InvalidRequest, OPERATION, why));
        }
        let call = Call {
            operation: OPERATION,
            path: &self.shared.paths.speech,
            json: json!({"text": text}).to_string().into(),
            streamed: false,
            repeat: Repeat::ByPolicy,
        };
        let (response, context) = self.whole(&call, &TurnRequest::new("")).await?;
        read_speech(&context, &response.body)
    }

    /// Stops a running turn: the reply ends with the text so far, which is kept.
    ///
    /// The id is that of [`TurnEvent::Turn`](crate::event::TurnEvent::Turn). A turn that has ended already is not an
    /// error.
    ///
    /// # Errors
    ///
    /// `invalid_request` when the id is empty; `not_found` when the turn is another user's; otherwise any [`ErrorKind`]
    /// except those of streams.
    pub async fn stop(&self, turn_id: impl Into<String>) -> Result<()> {
        const OPERATION: &str = "service.stop";
        let turn_id = turn_id.into();
        if turn_id.trim().is_empty() {
            let why = "the turn's id is empty: use the `turnId` of the event `turn`";
            return Err(Error::new(ErrorKind::InvalidRequest, OPERATION, why));
        }
        let call = Call {
            operation: OPERATION,
            path: &self.shared.paths.stop,
            json: json!({"turnId": turn_id}).to_string().into(),
            streamed: false,
            repeat: Repeat::ByPolicy,
        };
        let whole = self.whole(&call, &TurnRequest::new("")).await;
        let (response, context) = whole.map_err(not_stopped)?;
        read_nothing(&context, &response.body)
    }
}

/// A response that was read whole.
struct Whole {
    headers: http::HeaderMap,
    body: Bytes,
}

impl ChatService {
    async fn whole(
        &self,
        call: &Call<'_>,
        request: &TurnRequest,
    ) -> Result<(Whole, crate::http::Context)> {
        let Response { headers, body, .. } = self.send_call(call, request).await?;
        let context = body.context().clone();
        let body = body.collect(self.shared.http.limits().reply).await?;
        Ok((Whole { headers, body }, context))
    }

    /// Sends a call until a good response begins; repeats it once with fresh tokens if the service refuses the current ones.
    async fn send_call(&self, call: &Call<'_>, request: &TurnRequest) -> Result<Response> {
        let shared = &*self.shared;
        let user = request.user_id.as_deref();
        let own = request.tokens.clone();
        let mut tokens = own.clone().or_else(|| shared.tokens.load().as_deref().cloned());
        if tokens.is_none()
            && let Some(provider) = &shared.provider
        {
            tokens = provider.tokens(call.operation, user, None).await?;
        }
        let refused = match self.attempt(call, tokens.as_ref(), &[]).await {
            Err(error) if error.kind() == ErrorKind::Authentication => error,
            settled => return settled,
        };
        // Another call may have received fresh ones meanwhile.
        let current = shared.tokens.load().as_deref().cloned().filter(|_| own.is_none());
        let newer = |current: &Tokens| tokens.as_ref().is_some_and(|t| !t.same_as(current));
        let fresh = match (current.filter(newer), &shared.provider) {
            (Some(current), _) => Some(current),
            (None, Some(provider)) => {
                provider.tokens(call.operation, user, tokens.as_ref()).await?
            }
            (None, None) => None,
        };
        let Some(fresh) = fresh else { return Err(refused) };
        let known: Vec<_> = tokens.iter().collect();
        let response = self.attempt(call, Some(&fresh), &known).await;
        // The client's own tokens belong to one user; tokens of other calls must not replace them.
        if response.is_ok() && own.is_none() && shared.tokens.load().is_some() {
            shared.tokens.store(Some(Arc::new(fresh)));
        }
        response
    }

    async fn attempt(
        &self,
        call: &Call<'_>,
        tokens: Option<&Tokens>,
        known: &[&Tokens],
    ) -> Result<Response> {
        let mut options = CallOptions::new();
        for (name, value) in tokens.into_iter().flat_map(Tokens::headers) {
            options = options.header(name, value);
        }
        let options = self.options.merged(options);
        let accept = match (call.streamed, self.shared.wire) {
            (false, _) => "application/json",
            (true, Wire::Events) => "text/event-stream",
            (true, Wire::Text) => "text/plain, text/event-stream;q=0.9",
        };
        let request = Request {
            accept,
            body: Some(call.json.clone()),
            streamed: call.streamed,
            repeat: call.repeat,
            known,
            ..Request::new(call.operation, Method::POST, call.path, &options)
        };
        self.shared.http.send(request).await.map_err(explained)
    }

    /// The JSON of a request; fields that this client cannot honour are errors.
    fn body(&self, request: &TurnRequest, reply: Reply, operation: &'static str) -> Result<Bytes> {
        body(request, reply, self.shared.provider.is_some(), operation)
    }

    /// The body of a response that may be a stream.
    async fn source(&self, response: Response) -> Result<PieceSource> {
        let Response { status, url, headers, body } = response;
        let label = headers.get(CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or_default();
        let is_page = label.trim_start().to_ascii_lowercase().starts_with("text/html");
        // Bare text is often sent with a framework's default content type, which is HTML.
        if !is_page || self.shared.wire == Wire::Text {
            return Ok(PieceSource::response(Head { status, url: Some(url), headers }, body));
        }
        let context = body.context().clone();
        let some = body.collect_some(self.shared.http.limits().error_body).await;
        let why = format!("expected an event stream, got an HTML page: {}", context.excerpt(&some));
        Err(context.error(ErrorKind::UnexpectedReply, why).with_status(status))
    }
}

impl fmt::Debug for ChatService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatService")
            .field("http", &self.shared.http)
            .field("paths", &self.shared.paths)
            .field("wire", &self.shared.wire)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
