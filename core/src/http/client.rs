//! A client's set-up: base URL, credentials, TLS, connection pool, proxies.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT,
};
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::percent_decode_str;
use url::Url;

use super::connect::Connector;
use super::proxy::{Protocol, Proxy, ProxyChoice};
use super::redact::shown;
use super::{BUILD, HttpClient, Inner, tls};
use crate::config::{HeaderChange, Limits, RetryPolicy, Timeouts};
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::process::PerProcess;
use crate::redact::Redactor;

/// Headers that tell how a message is framed (RFC 9110 and 9112): a wrong one makes two requests of one.
const FRAMING: [&str; 8] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Flow control of HTTP/2 (RFC 9113, section 5.2): one stream's window is small, and the connection's is larger than all
/// of them together, so a stream that nobody reads cannot use up what its neighbours need.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// How long a connection that nobody uses is kept.
const KEPT: Duration = Duration::from_secs(90);

/// How much of an HTTP/1 response is read ahead, which is also how long its headers may be; and those of HTTP/2.
const READ_AHEAD: u32 = 128 * 1024;

/// The client of the connections.
pub(super) type Connections = legacy::Client<Connector, Full<Bytes>>;

/// The settings of an [`HttpClient`].
#[derive(Clone, Debug, Default)]
pub(crate) struct HttpConfig {
    pub(crate) base_url: Option<Secret>,
    pub(crate) bearer: Option<Secret>,
    /// What the client calls itself; its own name and version if not set.
    pub(crate) user_agent: Option<&'static str>,
    pub(crate) headers: Vec<HeaderChange>,
    pub(crate) query: Vec<(String, Secret)>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) proxy: ProxyChoice,
    /// Certificates in PEM that are trusted besides the system's.
    pub(crate) root_certificates: Vec<Vec<u8>>,
}

impl HttpConfig {
    pub(crate) fn build(self) -> Result<HttpClient> {
        let mut redactor = Redactor::default();
        let mut base = base_url(self.base_url.as_ref().map(Secret::expose).unwrap_or_default())?;
        for (name, value) in base.query_pairs() {
            redactor.add_value(&name, &value);
        }
        let mut headers = HeaderMap::new();
        if let Some(credentials) = take_credentials(&mut base, &mut redactor) {
            insert_header(&mut headers, AUTHORIZATION.as_str(), &credentials, BUILD)?;
        }
        let agent = self.user_agent.unwrap_or(concat!("turnwire/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let of_base = |e: Error| e.with_target(Some(shown(&base).into()));
        let proxy = self.proxy.resolve(&base).map_err(of_base)?;
        if let Some((user, password)) = proxy.as_ref().and_then(|proxy| proxy.user.as_ref()) {
            redactor.add_login(user.expose(), password.expose());
        }
        // A proxy that forwards reads the request's headers; one that makes a tunnel is told while it makes it.
        let forwards = |proxy: &&Proxy| proxy.protocol == Protocol::Http && base.scheme() == "http";
        let authorization = proxy.as_ref().filter(forwards).and_then(Proxy::authorization);
        headers.extend(authorization.map(|value| (PROXY_AUTHORIZATION, value)));
        let key = self.bearer.as_ref().map(|key| key.expose().trim()).filter(|key| !key.is_empty());
        if let Some(key) = key {
            redactor.add(key);
            let value = Secret::from(format!("Bearer {key}"));
            insert_header(&mut headers, AUTHORIZATION.as_str(), &value, BUILD)?;
        }
        change_headers(&mut headers, &self.headers, &mut redactor, BUILD)?;
        for (name, value) in &self.query {
            redactor.add_value(name, value.expose());
        }
        if !(0.0..=1.0).contains(&self.retry.jitter) {
            let why = format!("the retries' jitter is {}, not a part of one", self.retry.jitter);
            return Err(Error::new(ErrorKind::Config, BUILD, why));
        }
        let (roots, limit) = (self.root_certificates, self.timeouts.connect);
        let route = Route { roots, proxy, limit };
        let client = HttpClient {
            inner: Arc::new(Inner {
                base: base.clone(),
                headers,
                query: self.query,
                timeouts: self.timeouts,
                retry: self.retry,
                limits: self.limits,
                redactor,
                route,
                live: PerProcess::new(),
            }),
        };
        // What is wrong with the route is an error here, and not of the first call.
        client.inner.live().map_err(of_base)?;
        Ok(client)
    }
}

/// What connections are made from.
pub(super) struct Route {
    /// Certificates in PEM that are trusted besides the system's.
    roots: Vec<Vec<u8>>,
    proxy: Option<Proxy>,
    limit: Option<Duration>,
}

impl Route {
    /// Connections of this process. Nothing of them is shared with another, TLS sessions included.
    pub(super) fn connections(&self) -> Result<Connections> {
        let connector = Connector::new(tls::config(&self.roots)?, self.proxy.clone(), self.limit);
        let connections = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .http1_max_buf_size(READ_AHEAD as usize)
            .http2_max_header_list_size(READ_AHEAD)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .build(connector);
        Ok(connections)
    }
}

/// Puts headers in place of those of their names, and takes away those without a value; what they carry is secret.
pub(super) fn change_headers(
    headers: &mut HeaderMap,
    changes: &[HeaderChange],
    redactor: &mut Redactor,
    operation: &'static str,
) -> Result<()> {
    for (name, value) in changes {
        match value {
            Some(value) => {
                redactor.add_value(name, value.expose());
                insert_header(headers, name, value, operation)?;
            }
            None => {
                headers.remove(name);
            }
        }
    }
    Ok(())
}

/// Puts a header in place of those of the same name; its value never shows in `Debug`.
pub(super) fn insert_header(
    headers: &mut HeaderMap,
    name: &str,
    value: &Secret,
    operation: &'static str,
) -> Result<()> {
    let refuse = |what: &str| {
        // A value that was refused may hold a key, and so may what is taken for a name: a whole line of a header.
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let end = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
        let rest = if end < name.len() { "…" } else { "" };
        let name = name.get(..end).unwrap_or_default();
        Error::new(ErrorKind::Config, operation, format!("header \"{name}{rest}\": {what}"))
    };
    let key = HeaderName::try_from(name).map_err(|_| refuse("this is no header name"))?;
    if FRAMING.contains(&key.as_str()) {
        return Err(refuse("it tells how the request is framed, which is the client's own matter"));
    }
    let mut value = HeaderValue::from_str(value.expose())
        .map_err(|_| refuse("its value has characters that a header cannot carry"))?;
    value.set_sensitive(true);
    headers.insert(key, value);
    Ok(())
}

/// Moves the user and password of a URL (`https://user:password@host`) into the value of an `Authorization`
/// header (RFC 7617).
fn take_credentials(url: &mut Url, redactor: &mut Redactor) -> Option<Secret> {
    let encoded = [url.username(), url.password().unwrap_or_default()].map(str::to_owned);
    if encoded.iter().all(String::is_empty) {
        return None;
    }
    let [user, password] = encoded.each_ref().map(|e| percent_decode_str(e).decode_utf8_lossy());
    redactor.add_login(&user, &password);
    let basic = BASE64.encode(format!("{user}:{password}"));
    redactor.add(&basic);
    // Only a URL without a host refuses this, and `base_url` has seen to that.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Some(format!("Basic {basic}").into())
}

fn base_url(text: &str) -> Result<Url> {
    let refuse = |why: &str| Error::new(ErrorKind::Config, BUILD, format!("base URL: {why}"));
    let url = Url::parse(text.trim())
        .map_err(|e| refuse(&format!("{e}; it is given like https://api.openai.com/v1")))?;
    if !matches!(url.scheme(), "http" | "https") {
        // Not repeated: of a URL without a scheme it is the start, which may be a user or a key.
        return Err(refuse("its scheme is neither http nor https"));
    }
    if url.fragment().is_some() {
        return Err(refuse("it has a fragment (#…), which is never sent"));
    }
    Ok(url)
}
