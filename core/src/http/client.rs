//! The client: attempts, retries and redirects of a request, up to the headers of a good response.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue,
};
use http::{HeaderMap, Method, Version};
use tokio::time::{Instant, sleep};
use url::Url;

use super::body::Body;
use super::bounds::{Bounds, until};
use super::coding::Decoder;
use super::connections::{Connections, Route};
use super::context::Context;
use super::headers::{change_headers, insert_header};
use super::names::IDEMPOTENCY_KEY;
use super::redact::shown;
use super::redirect::{Redirect, redirect};
use super::request::{Repeat, Request, Response};
use super::retry::{self, Again, next_wait};
use super::returning::Returning;
use super::watch::Watch;
use super::{failure, informational};
use crate::config::{CallOptions, Limits, RetryPolicy, Timeouts};
use crate::credentials::Secret;
use crate::error::{ErrorKind, Result};
use crate::process::{PerProcess, new_id};
use crate::redact::Redactor;

/// A client of one base URL; clones share its connections.
///
/// It works on in a forked child, with connections of the child's own: all but those is plain configuration.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) base: Url,
    pub(super) headers: HeaderMap,
    pub(super) query: Vec<(String, Secret)>,
    pub(super) timeouts: Timeouts,
    pub(super) retry: RetryPolicy,
    pub(super) limits: Limits,
    pub(super) redactor: Redactor,
    pub(super) route: Route,
    pub(super) live: PerProcess<Arc<Live>>,
}

/// The state that belongs to one process.
pub(super) struct Live {
    connections: Connections,
    returning: Returning,
}

impl Inner {
    pub(super) fn live(&self) -> Result<Arc<Live>> {
        self.live.get_or_try_make(|| {
            let connections = self.route.connections()?;
            Ok(Arc::new(Live { connections, returning: Returning::default() }))
        })
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("base", &shown(&self.base))
            .field("headers", &self.headers)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// The host that the client talks to, and its port.
    pub(crate) fn server(&self) -> (&str, Option<u16>) {
        let base = &self.inner.base;
        (base.host_str().unwrap_or_default(), base.port_or_known_default())
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The time limit of a whole reply, in a call with these options.
    pub(crate) fn total(&self, options: &CallOptions) -> Option<Duration> {
        options.timeouts.over(&self.inner.timeouts).total
    }

    /// Sends `request` until a response of status 2xx begins.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Response> {
        let prepared = self.prepare(&request)?;
        let live = self.inner.live()?;
        let timeouts = request.options.timeouts.over(&self.inner.timeouts);
        let total = if request.streamed { timeouts.stream_total } else { timeouts.total };
        let deadline = || total.and_then(|limit| Instant::now().checked_add(limit));
        let mut bounds = Bounds { deadline: deadline(), cancel: request.options.cancel.clone() };
        let again = Again {
            max_retries: request.options.max_retries.unwrap_or(self.inner.retry.max_retries),
            after_timeouts: request.options.retry_timeouts,
        };
        // Then the limit of a whole reply is each attempt's, or there would be no time left for another.
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
                .filter(|_| request.repeat == Repeat::ByPolicy || retry::is_untaken(&error));
            let Some(wait) = wait else {
                return Err(error);
            };
            tracing::debug!(
                error.code = error.code(),
                attempt = context.attempts,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "{} failed in passing and is tried again",
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

    /// One attempt, with the redirects that it is led through.
    async fn attempt(
        &self,
        live: &Live,
        prepared: &Prepared,
        timeouts: &Timeouts,
        bounds: &Bounds,
        context: &mut Context,
    ) -> Result<Response> {
        let mut url = prepared.url.clone();
        for hops in 0.. {
            live.returning.wait().await;
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
            let response = bounded.run(live.connections.request(request));
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
            let is_http2 = head.version == Version::HTTP_2;
            context.take_in(&mut headers);
            let (idle, content) = match prepared.streamed {
                true => (timeouts.idle, timeouts.content),
                false => (None, None),
            };
            let watch = Watch::new(idle, content, bounds.deadline, bounds.cancel.clone());
            let returning = live.returning.clone();
            let (decoder, unreadable) = match Decoder::of(&headers) {
                Ok(decoder) => (decoder, None),
                Err(coding) => (None, Some(unreadable(&coding))),
            };
            if decoder.is_some() {
                // They are no longer true of what is read.
                headers.remove(CONTENT_ENCODING);
                headers.remove(CONTENT_LENGTH);
            }
            let mut body = Body::new(incoming, is_http2, watch, context.clone(), returning);
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

    /// The part of a request that all its attempts share.
    fn prepare(&self, request: &Request<'_>) -> Result<Prepared> {
        let inner = &*self.inner;
        let mut redactor = inner.redactor.clone();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(request.accept));
        // Without this header any coding is allowed (RFC 9110, section 12.5.3).
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in request.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if request.keyed {
            let key = new_id().to_string();
            insert_header(&mut headers, IDEMPOTENCY_KEY, &key.into(), request.operation)?;
        }
        // The client's and then the call's own headers take the place of these.
        for (name, value) in &inner.headers {
            headers.insert(name, value.clone());
        }
        if let Some(key) = &request.options.idempotency_key {
            insert_header(&mut headers, IDEMPOTENCY_KEY, key, request.operation)?;
        }
        change_headers(&mut headers, &request.options.headers, &mut redactor, request.operation)?;
        for (name, value) in &request.options.query {
            redactor.add_value(name, value.expose());
        }
        request.known.iter().for_each(|tokens| redactor.add_tokens(tokens));
        let mut url = inner.base.clone();
        let path = request.path.trim_start_matches('/');
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        add_query(&mut url, &inner.query);
        add_query(&mut url, &request.options.query);
        Ok(Prepared {
            method: request.method.clone(),
            url,
            headers,
            body: request.body.clone(),
            streamed: request.streamed,
            redactor,
        })
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

struct Prepared {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    streamed: bool,
    redactor: Redactor,
}

/// Adds parameters to a query, in place of those of their names that stood before.
fn add_query(url: &mut Url, parameters: &[(String, Secret)]) {
    if parameters.is_empty() {
        return;
    }
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    query.retain(|(name, _)| parameters.iter().all(|(new, _)| new != name));
    query.extend(parameters.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
    url.query_pairs_mut().clear().extend_pairs(query);
}

/// The words for a content coding that cannot be read.
fn unreadable(coding: &str) -> String {
    format!(
        "the response is coded as {coding:?}, which was not asked for and cannot be read; turn off this compression \
         in the service, or in the proxy before it"
    )
}
