//! Builds a client: checks its base URL, credentials, TLS and proxy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use percent_encoding::percent_decode_str;
use url::Url;

use super::client::HttpClient;
use super::connections::ConnectionSettings;
use super::headers::{change_headers, insert_header};
use super::names::BUILD;
use super::prepared::Defaults;
use super::proxy::{Protocol, Proxy, ProxyChoice};
use super::redact::shown;
use crate::config::{HeaderChange, Limits, RetryPolicy, Timeouts};
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::redact::Redactor;

/// The settings of an [`HttpClient`].
#[derive(Clone, Debug, Default)]
pub(crate) struct HttpConfig {
    pub(crate) base_url: Option<Secret>,
    pub(crate) bearer: Option<Secret>,
    /// The value of `User-Agent`; the library's name and version by default.
    pub(crate) user_agent: Option<&'static str>,
    pub(crate) headers: Vec<HeaderChange>,
    pub(crate) query: Vec<(String, Secret)>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) proxy: ProxyChoice,
    /// Trusted certificates in PEM, in addition to the system's.
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
        // A forwarding proxy receives credentials in each request's headers; a tunnelling one in its handshake.
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
        let unusable = match (&self.retry, &self.limits) {
            (retry, _) if !(0.0..=1.0).contains(&retry.jitter) => {
                Some(format!("the retries' jitter is {}: set a number from 0 to 1", retry.jitter))
            }
            (_, limits) if limits.event.min(limits.reply) == 0 => {
                let name = if limits.event == 0 { "event" } else { "reply" };
                Some(format!("the limit `{name}` is 0: no reply could be received"))
            }
            _ => None,
        };
        if let Some(why) = unusable {
            return Err(Error::new(ErrorKind::Config, BUILD, why));
        }
        let removed = self.headers.iter().filter(|(_, value)| value.is_none());
        let removed = removed.map(|(name, _)| name.clone()).collect();
        let defaults =
            Defaults { base: base.clone(), headers, removed, query: self.query, redactor };
        let (roots, limit) = (self.root_certificates, self.timeouts.connect);
        let connections = ConnectionSettings { roots, proxy, limit };
        let settings = (self.timeouts, self.retry, self.limits);
        HttpClient::new(defaults, settings, connections).map_err(of_base)
    }
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
    // This fails only for a URL without a host, which `base_url` has rejected.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Some(format!("Basic {basic}").into())
}

fn base_url(text: &str) -> Result<Url> {
    let refuse = |why: &str| Error::new(ErrorKind::Config, BUILD, format!("base URL: {why}"));
    let url = Url::parse(text.trim())
        .map_err(|e| refuse(&format!("{e}; expected a URL such as https://api.openai.com/v1")))?;
    if !matches!(url.scheme(), "http" | "https") {
        // The scheme is not repeated: in a URL without one it is the first part, which may be a user or a key.
        return Err(refuse("its scheme is neither http nor https"));
    }
    if url.fragment().is_some() {
        return Err(refuse("it has a fragment (#…), which is never sent"));
    }
    Ok(url)
}
