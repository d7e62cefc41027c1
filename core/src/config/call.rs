//! The options of single calls, which override those of the client.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Timeouts;
use crate::credentials::Secret;

/// Options of single calls: extra headers and query parameters, other limits, cancellation.
///
/// Pass them to a client's `with`, which returns a client that shares the connections and uses them:
///
/// ```
/// use std::time::Duration;
/// use turnwire::OpenAi;
/// use turnwire::config::CallOptions;
///
/// # fn main() -> turnwire::Result<()> {
/// let llm = OpenAi::builder().base_url("http://127.0.0.1:8080/v1").build()?;
/// let hasty = llm.with(CallOptions::new().header("x-team", "red").timeout(Duration::from_secs(5)));
/// # let _ = hasty;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) headers: Vec<HeaderChange>,
    pub(crate) query: Vec<(String, Secret)>,
    pub(crate) timeouts: Overrides,
    pub(crate) max_retries: Option<u32>,
    pub(crate) retry_timeouts: bool,
    pub(crate) idempotency_key: Option<Secret>,
    pub(crate) cancel: Option<CancellationToken>,
}

/// A header that replaces those of its name; without a value, it removes them.
pub(crate) type HeaderChange = (String, Option<Secret>);

/// The time limits that a call sets, or removes with `None`; unset ones stay the client's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    headers: Option<Option<Duration>>,
    idle: Option<Option<Duration>>,
    content: Option<Option<Duration>>,
    total: Option<Option<Duration>>,
    silence: Option<Option<Duration>>,
}

impl CallOptions {
    /// Options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a header with the call, replacing the client's of that name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// Sends these headers with the call, replacing the client's of their names. A header without a value is not sent,
    /// even if the client sends it with its other calls.
    pub fn headers<N: Into<String>, V: Into<Secret>>(
        mut self,
        headers: impl IntoIterator<Item = (N, Option<V>)>,
    ) -> Self {
        self.headers.extend(header_changes(headers));
        self
    }

    /// Adds a query parameter, replacing the client's of that name.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds these query parameters, replacing the client's of their names.
    pub fn queries<N: Into<String>, V: Into<Secret>>(
        mut self,
        query: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.query.extend(query.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The longest silence of the service, `None` for no limit: one limit for several, like `timeout` in other clients;
    /// see [`Timeouts::of_silence`]. Limits that are set individually take precedence.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeouts.silence = Some(limit.into());
        self
    }

    /// The longest wait for a stream's headers, `None` for no limit; see [`Timeouts::headers`].
    pub fn headers_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeouts.headers = Some(limit.into());
        self
    }

    /// The longest wait for any byte of a stream, `None` for no limit; see [`Timeouts::idle`].
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeouts.idle = Some(limit.into());
        self
    }

    /// The longest wait for content of a stream, `None` for no limit; see [`Timeouts::content`].
    pub fn content_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeouts.content = Some(limit.into());
        self
    }

    /// The time limit of the whole call, streamed or not, `None` for no limit: it replaces [`Timeouts::total`] and
    /// [`Timeouts::stream_total`].
    pub fn total_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeouts.total = Some(limit.into());
        self
    }

    /// The largest number of retries, replacing [`RetryPolicy::max_retries`](crate::config::RetryPolicy::max_retries).
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// Also retries when a time limit ended an attempt before its response began; the limit of a complete reply then
    /// applies to each attempt. The service may still be processing the first attempt, and bill both.
    pub fn retry_timeouts(mut self) -> Self {
        self.retry_timeouts = true;
        self
    }

    /// The `Idempotency-Key` to send; intended for a single call, because a client that keeps the option sends it with
    /// every call. By default each call generates its own, which all its attempts share.
    pub fn idempotency_key(mut self, key: impl Into<Secret>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Ends the call with a `cancelled` error as soon as `token` is cancelled, even in the middle of a stream.
    pub fn cancellation(mut self, token: CancellationToken) -> Self {
        self.cancel = Some(token);
        self
    }

    /// These options, overridden by those that `other` sets.
    pub(crate) fn merged(&self, other: CallOptions) -> Self {
        let Overrides { headers, idle, content, total, silence } = self.timeouts;
        CallOptions {
            headers: [self.headers.clone(), other.headers].concat(),
            query: [self.query.clone(), other.query].concat(),
            timeouts: Overrides {
                headers: other.timeouts.headers.or(headers),
                idle: other.timeouts.idle.or(idle),
                content: other.timeouts.content.or(content),
                total: other.timeouts.total.or(total),
                silence: other.timeouts.silence.or(silence),
            },
            max_retries: other.max_retries.or(self.max_retries),
            retry_timeouts: other.retry_timeouts || self.retry_timeouts,
            idempotency_key: other.idempotency_key.or(self.idempotency_key.clone()),
            cancel: other.cancel.or(self.cancel.clone()),
        }
    }
}

impl Overrides {
    /// The client's limits, overridden by those that are set here.
    pub(crate) fn over(self, client: &Timeouts) -> Timeouts {
        let silent = self.silence.map(|limit| client.within_silence(limit));
        let client = silent.as_ref().unwrap_or(client);
        Timeouts {
            connect: client.connect,
            headers: self.headers.unwrap_or(client.headers),
            idle: self.idle.unwrap_or(client.idle),
            content: self.content.unwrap_or(client.content),
            total: self.total.unwrap_or(client.total),
            stream_total: self.total.unwrap_or(client.stream_total),
        }
    }
}

pub(crate) fn header_changes<N: Into<String>, V: Into<Secret>>(
    headers: impl IntoIterator<Item = (N, Option<V>)>,
) -> impl Iterator<Item = HeaderChange> {
    headers.into_iter().map(|(name, value)| (name.into(), value.map(Into::into)))
}
