//! The client: sends a request, and returns a successful response with its headers, or a typed error.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Version;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use tokio::time::{Instant, sleep};

use super::body::Body;
use super::bounds::{Bounds, until};
use super::coding::Decoder;
use super::connections::{ConnectionSettings, LiveConnections};
use super::context::Context;
use super::headers::detach_headers;
use super::prepared::{Defaults, Prepared};
use super::redact::shown;
use super::redirect::{Redirect, redirect};
use super::request::{Repeat, Request, Response};
use super::retry::{Again, is_untaken, next_wait};
use super::watch::Watch;
use super::{failure, informational};
use crate::config::{CallOptions, Limits, RetryPolicy, Timeouts};
use crate::error::{ErrorKind, Result};
use crate::process::PerProcess;

/// A client for one base URL; clones share its connections.
///
/// It keeps working in a forked child, with connections of the child's own; everything else is plain configuration.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    inner: Arc<Inner>,
}

struct Inner {
    defaults: Defaults,
    timeouts: Timeouts,
    retry: RetryPolicy,
    limits: Limits,
    connections: ConnectionSettings,
    live: PerProcess<Arc<LiveConnections>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("base", &shown(&self.defaults.base))
            .field("headers", &self.defaults.headers)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn live(&self) -> Result<Arc<LiveConnections>> {
        self.live.get_or_try_make(|| self.connections.connect().map(Arc::new))
    }
}

impl HttpClient {
    /// A client with these settings, which have been checked.
    ///
    /// # Errors
    ///
    /// `config` if connections cannot be created with them, rather than at the first call.
    pub(super) fn new(
        defaults: Defaults,
        (timeouts, retry, limits): (Timeouts, RetryPolicy, Limits),
        connections: ConnectionSettings,
    ) -> Result<Self> {
        let live = PerProcess::new();
        let inner = Inner { defaults, timeouts, retry, limits, connections, live };
        let client = HttpClient { inner: Arc::new(inner) };
        client.inner.live()?;
        Ok(client)
    }

    /// The host and port of the service.
    pub(crate) fn server(&self) -> (&str, Option<u16>) {
        let base = &self.inner.defaults.base;
        (base.host_str().unwrap_or_default(), base.port_or_known_default())
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The time limit of a complete reply, in a call with these options.
    pub(crate) fn total(&self, options: &CallOptions) -> Option<Duration> {
        options.timeouts.over(&self.inner.timeouts).total
    }

    /// Sends `request`, with retries, until a response with status 2xx begins.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Response> {
        let prepared = self.inner.defaults.prepare(&request)?;
        let live = self.inner.live()?;
        let timeouts = request.options.timeouts.over(&self.inner.timeouts);
        let total = if request.streamed { timeouts.stream_total } else { timeouts.total };
        let deadline = || total.and_then(|limit| Instant::now().checked_add(limit));
        let mut bounds = Bounds { deadline: deadline(), cancel: request.options.cancel.clone() };
        let again = Again {
            max_retries: request.options.max_retries.unwrap_or(self.inner.retry.max_retries),
            after_timeouts: request.options.retry_timeouts,
        };
        // Each attempt then has the limit of a complete reply, or there would be no time left for another.
        let is_limit_renewed = again.after_timeouts && !request.streamed;
        let mut context = self.context(&prepared, request.operation);
        loop {
            context.attempts += 1;
            context.request_id = None;
            let error = match self.attempt(&live, &prepared, &timeouts, &bounds, &mut context).await
            {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if is_limit_renewed {
                bounds.deadline = None;
            }
            let retries = context.attempts - 1;
            let wait = next_wait(&self.inner.retry, again, retries, &error, fastrand::f64())
                .filter(|wait| bounds.allows(*wait))
                .filter(|_| request.repeat == Repeat::ByPolicy || is_untaken(&error));
            let Some(wait) = wait else {
                return Err(error);
            };
            tracing::debug!(
                error.code = error.code(),
                attempt = context.attempts,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "{} failed and is tried again",
                request.operation,
            );
            bounds
                .run(sleep(wait))
                .await
                .map_err(|kind| context.error(kind, "while waiting to try again"))?;
            if is_limit_renewed {
                bounds.deadline = deadline();
            }
        }
    }

    /// One attempt, redirects included.
    async fn attempt(
        &self,
        live: &LiveConnections,
        prepared: &Prepared,
        timeouts: &Timeouts,
        bounds: &Bounds,
        context: &mut Context,
    ) -> Result<Response> {
        let mut url = prepared.url.clone();
        for hops in 0.. {
            live.reuse.wait().await;
            let mut request = http::Request::new(prepared.body.clone().unwrap_or_default().into());
            *request.method_mut() = prepared.method.clone();
            *request.uri_mut() = url.as_str().parse().map_err(|e| {
                context.error(ErrorKind::InvalidRequest, format!("the URL cannot be sent: {e}"))
            })?;
            *request.headers_mut() = prepared.headers.clone();
            let bounded = informational::bound(&mut request);
            let headers_deadline = match (prepared.streamed, timeouts.headers) {
                (true, Some(limit)) => Instant::now().checked_add(limit),
                _ => None,
            };
            let response = bounded.run(live.pool.request(request));
            let (head, incoming) = match bounds.run(until(headers_deadline, response)).await {
                Ok(Some(Some(Ok(response)))) => response.into_parts(),
                Ok(Some(Some(Err(error)))) => return Err(failure::from_send(context, error)),
                Ok(Some(None)) => {
                    let message = "the service sent one informational response (1xx) after another";
                    return Err(context.error(ErrorKind::UnexpectedReply, message));
                }
                Ok(None) => {
                    let message = "no response began within the headers limit";
                    return Err(context.error(ErrorKind::HeadersTimeout, message));
                }
                Err(kind) => return Err(context.error(kind, "before a response began")),
            };
            let (status, mut headers) = (head.status, head.headers);
            detach_headers(&mut headers);
            let is_http2 = head.version == Version::HTTP_2;
            context.record_headers(&mut headers);
            let (idle, content) = match prepared.streamed {
                true => (timeouts.idle, timeouts.content),
                false => (None, None),
            };
            let watch = Watch::new(idle, content, bounds.deadline, bounds.cancel.clone());
            let reuse = live.reuse.clone();
            let (decoder, unreadable) = match Decoder::of(&headers) {
                Ok(decoder) => (decoder, None),
                Err(coding) => (None, Some(unreadable(&coding))),
            };
            if decoder.is_some() {
                // They describe the encoded body.
                headers.remove(CONTENT_ENCODING);
                headers.remove(CONTENT_LENGTH);
            }
            let mut body = Body::new(incoming, is_http2, watch, context.clone(), reuse);
            body.decode(decoder);
            match redirect(&url, &prepared.method, hops, status, &headers) {
                Some(Redirect::Follow(to)) => {
                    url = to;
                    continue;
                }
                Some(Redirect::Refuse(why)) => {
                    return Err(context.error(ErrorKind::Redirect, why).with_status(status));
                }
                None if status.is_success() => match unreadable {
                    None => return Ok(Response { status, url, headers, body }),
                    Some(why) => return Err(context.error(ErrorKind::UnexpectedReply, why)),
                },
                None => {}
            }
            let most = self.inner.limits.error_body;
            let body = match unreadable {
                None => body.collect_some(most).await,
                Some(why) => why.into(),
            };
            return Err(failure::from_response(context, status, &headers, &body));
        }
        Err(context.error(ErrorKind::Redirect, "too many redirects"))
    }

    fn context(&self, prepared: &Prepared, operation: &'static str) -> Context {
        Context {
            operation,
            target: Some(format!("{} {}", prepared.method, shown(&prepared.url)).into()),
            request_id: None,
            attempts: 0,
            redactor: prepared.redactor.clone(),
        }
    }
}

/// The message for an unsupported content coding.
fn unreadable(coding: &str) -> String {
    format!(
        "the response is coded as {coding:?}, which was not asked for and cannot be read; turn off this compression \
         in the service, or in the proxy before it"
    )
}
