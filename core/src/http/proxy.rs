//! Proxies: the one configured for a client, or the one that the environment specifies for its service.

use std::env;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use url::Url;

use super::names::BUILD;
use super::no_proxy::NoProxy;
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, Result};

/// The default port of SOCKS (RFC 1928, section 3).
const SOCKS_PORT: u16 = 1080;

/// The proxy of a client.
#[derive(Clone, Debug, Default)]
pub(crate) enum ProxyChoice {
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, or the system's settings.
    #[default]
    Environment,
    None,
    Url(Secret),
}

/// A usable proxy.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) protocol: Protocol,
    /// Without credentials and path.
    pub(super) uri: Uri,
    /// The user and password, decoded.
    pub(super) user: Option<(Secret, Secret)>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP, with or without TLS.
    Http,
    /// SOCKS 4 or 5; names are resolved here or by the proxy.
    Socks4 {
        looks_up: bool,
    },
    Socks5 {
        looks_up: bool,
    },
}

impl ProxyChoice {
    /// The proxy between a client and the service at `base`. The environment is read now, and not again.
    ///
    /// # Errors
    ///
    /// `config` if the proxy is unusable. The message never contains its URL, which may contain a password.
    pub(super) fn resolve(&self, base: &Url) -> Result<Option<Proxy>> {
        match self {
            ProxyChoice::None => Ok(None),
            ProxyChoice::Url(url) => match Proxy::parse(url.expose()) {
                Ok(proxy) => Ok(Some(proxy)),
                Err(why) => Err(refuse(format!("the proxy URL cannot be used: {why}"))),
            },
            ProxyChoice::Environment => from_environment(base),
        }
    }
}

/// The proxy that the environment specifies for `base`. As in curl, the lower-case name comes first. An empty or blank
/// variable counts as unset.
fn from_environment(base: &Url) -> Result<Option<Proxy>> {
    let exceptions = match variable(&["no_proxy", "NO_PROXY"])? {
        Some((_, list)) => NoProxy::parse(&list),
        None => NoProxy::default(),
    };
    if exceptions.covers(base) {
        return Ok(None);
    }
    // A CGI program receives the client's header `Proxy` as `HTTP_PROXY`: any client could set it.
    let is_cgi = env::var_os("REQUEST_METHOD").is_some();
    let names: &[&'static str] = match base.scheme() {
        "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ if is_cgi => &["http_proxy", "all_proxy", "ALL_PROXY"],
        _ => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
    };
    match variable(names)? {
        Some((name, url)) => Proxy::parse(&url).map(Some).map_err(|why| {
            refuse(format!("the proxy in the environment's {name} cannot be used: {why}"))
        }),
        None => Ok(from_system(base)),
    }
}

/// The first of these variables that is set, with its name.
fn variable(names: &[&'static str]) -> Result<Option<(&'static str, String)>> {
    for name in names {
        let Some(value) = env::var_os(name) else { continue };
        let value = value
            .into_string()
            .map_err(|_| refuse(format!("the environment's {name} is not valid UTF-8")))?;
        if !value.trim().is_empty() {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// The proxy in the system's settings; an unusable one is ignored.
#[cfg(any(target_os = "macos", windows))]
fn from_system(base: &Url) -> Option<Proxy> {
    use hyper_util::client::proxy::matcher::Matcher;
    let found = Matcher::from_system().intercept(&base.as_str().parse().ok()?)?;
    Proxy::parse(&found.uri().to_string()).ok()
}

#[cfg(not(any(target_os = "macos", windows)))]
fn from_system(_: &Url) -> Option<Proxy> {
    None
}

impl Proxy {
    /// Parses a proxy's URL; without a scheme it is `http`. The error repeats nothing of it except its scheme.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err(
                "it is empty; set a URL such as http://127.0.0.1:8080, or use no proxy".into()
            );
        }
        // A URL parser would drop or encode these, and so change the URL.
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("it has white space inside".into());
        }
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        };
        let url = url.map_err(|e| format!("{e}; expected a URL such as http://127.0.0.1:8080"))?;
        let (protocol, default_port) = match url.scheme() {
            "http" => (Protocol::Http, 80),
            "https" => (Protocol::Http, 443),
            "socks4" => (Protocol::Socks4 { looks_up: false }, SOCKS_PORT),
            "socks4a" => (Protocol::Socks4 { looks_up: true }, SOCKS_PORT),
            "socks5" => (Protocol::Socks5 { looks_up: false }, SOCKS_PORT),
            // GNOME writes `socks`, and means SOCKS 5.
            "socks5h" | "socks" => (Protocol::Socks5 { looks_up: true }, SOCKS_PORT),
            other => {
                return Err(format!(
                    "its scheme {other:?} is none of http, https, socks4, socks4a, socks5 and socks5h"
                ));
            }
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it has no host")?;
        let port = url.port().unwrap_or(default_port);
        if port == 0 {
            return Err("its port is 0".into());
        }
        let uri = format!("{}://{host}:{port}/", url.scheme());
        let uri = uri.parse().map_err(|_| "its host is neither a name nor an address")?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().as_ref().into();
        let [name, password] = [url.username(), url.password().unwrap_or_default()];
        let user =
            (!(name.is_empty() && password.is_empty())).then(|| (decoded(name), decoded(password)));
        Ok(Proxy { protocol, uri, user })
    }

    /// The value of `Proxy-Authorization` (RFC 9110, section 11.7.2), if there are credentials.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.user.as_ref()?;
        let basic = BASE64.encode(format!("{}:{}", user.expose(), password.expose()));
        let mut value = HeaderValue::try_from(format!("Basic {basic}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("uri", &self.uri).finish_non_exhaustive()
    }
}

fn refuse(why: String) -> Error {
    Error::new(ErrorKind::Config, BUILD, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_with_their_ports_and_credentials() {
        for (text, protocol, uri) in [
            ("http://127.0.0.1:8080", Protocol::Http, "http://127.0.0.1:8080/"),
            (" http://proxy/path?a#b\n", Protocol::Http, "http://proxy:80/"),
            ("HTTPS://Proxy.example", Protocol::Http, "https://proxy.example:443/"),
            ("proxy:3128", Protocol::Http, "http://proxy:3128/"),
            ("[::1]:3128", Protocol::Http, "http://[::1]:3128/"),
            ("socks4://10.0.0.1", Protocol::Socks4 { looks_up: false }, "socks4://10.0.0.1:1080/"),
            ("socks4a://p:1", Protocol::Socks4 { looks_up: true }, "socks4a://p:1/"),
            ("socks5://[::1]", Protocol::Socks5 { looks_up: false }, "socks5://[::1]:1080/"),
            ("socks5h://p", Protocol::Socks5 { looks_up: true }, "socks5h://p:1080/"),
            ("socks://p:9/", Protocol::Socks5 { looks_up: true }, "socks://p:9/"),
        ] {
            let proxy = Proxy::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!((proxy.protocol, proxy.uri.to_string().as_str()), (protocol, uri), "{text}");
            assert!(proxy.authorization().is_none(), "{text}");
        }
        let proxy = Proxy::parse("http://me:p%40ss@proxy:1").unwrap();
        assert_eq!(proxy.uri, "http://proxy:1/");
        assert_eq!(proxy.authorization().unwrap(), "Basic bWU6cEBzcw==");
        assert!(!format!("{proxy:?}").contains("p@ss"));
    }

    #[test]
    fn whatever_is_no_proxy_is_refused_without_repeating_it() {
        for text in [
            "",
            " \t",
            "htp://127.0.0.1:9",
            "ftp://proxy:21",
            "nonsense://proxy",
            "file:///etc/passwd",
            "http://",
            "http://:8080",
            "socks5://",
            "socks5://:1080",
            "http://proxy:0",
            "http://proxy:70000",
            "http://proxy:port",
            "http://pro xy:1",
            "http://proxy\t:1",
            "http://me:hunter22@[",
            "http://me:hunter22@:1",
            "socks5://me:hunter22@pro<xy",
            "socks5:proxy:1080",
        ] {
            let why = Proxy::parse(text).map(|proxy| proxy.uri).expect_err(text);
            assert!(!why.contains("hunter22"), "{why}");
        }
    }
}
