//! Connections: directly to the service or through a proxy, with TLS if the URL requires it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::yield_now;
use tokio::time::timeout;
use tower_service::Service;

use super::connect_error::{BoxError, LimitStruck, ViaProxy};
use super::handshake::{self, Host};
use super::link::Link;
use super::proxy::{Protocol, Proxy};

/// The idle time of a connection after which the system probes it.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// The interval between probes, and the number of unanswered ones after which the connection is closed.
const PROBE_EVERY: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;
/// The time that sent data may stay without an acknowledgement.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// The bytes that are read from a connection before it yields to other tasks. hyper reads as long as there are bytes: a
/// flood that never becomes a response, such as 1xx responses, would block the thread.
const TURN: usize = 64 * 1024;

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// A connection to the service, or to the proxy in front of it.
type Io = Link<TokioIo<TcpStream>>;

/// Opens a client's connections, each within its time limit.
#[derive(Clone)]
pub(super) struct Connector {
    route: HttpsConnector<Route>,
    via: Option<Uri>,
    limit: Option<Duration>,
}

impl Connector {
    pub(super) fn new(tls: ClientConfig, proxy: Option<Proxy>, limit: Option<Duration>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(PROBE_EVERY));
        tcp.set_keepalive_retries(Some(PROBES));
        #[cfg(any(target_os = "android", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        // Divided among the addresses of a name, so that an unresponsive one does not use up the time of the others.
        tcp.set_connect_timeout(limit);
        // HTTP/2 is negotiated with the service, not with a proxy.
        let mut to_proxy = tls.clone();
        to_proxy.alpn_protocols.clear();
        let to_proxy = HttpsConnector::from((tcp.clone(), to_proxy));
        let via = proxy.as_ref().map(|proxy| proxy.uri.clone());
        let route = Route { tcp, to_proxy, proxy: proxy.map(Arc::new) };
        Connector { route: HttpsConnector::from((route, tls)), via, limit }
    }
}

impl Service<Uri> for Connector {
    type Response = Link<Line>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.route.call(to);
        let limit = self.limit;
        let via = self.via.clone();
        Box::pin(async move {
            let Some(limit) = limit else { return connecting.await.map(Link::from) };
            let connected = timeout(limit, connecting).await.unwrap_or_else(|_| {
                Err(match via {
                    None => LimitStruck.into(),
                    Some(proxy) => ViaProxy { proxy, why: LimitStruck.into() }.into(),
                })
            });
            connected.map(Link::from)
        })
    }
}

/// The route to the service, before TLS.
#[derive(Clone)]
struct Route {
    tcp: HttpConnector,
    to_proxy: HttpsConnector<HttpConnector>,
    proxy: Option<Arc<Proxy>>,
}

impl Service<Uri> for Route {
    type Response = Line;
    type Error = BoxError;
    type Future = Connecting<Line>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let Route { mut tcp, to_proxy, proxy } = self.clone();
        Box::pin(async move {
            let Some(proxy) = proxy else {
                return Ok(Line::new(Link::Plain(tcp.call(to).await?), false));
            };
            let host = host(&to, proxy.protocol).await?;
            let line = through(tcp, to_proxy, &proxy, &to, &host).await;
            line.map_err(|why| ViaProxy { proxy: proxy.uri.clone(), why }.into())
        })
    }
}

/// A connection through the proxy to the service at `to`, by the name `host` that the proxy resolves.
async fn through(
    mut tcp: HttpConnector,
    mut to_proxy: HttpsConnector<HttpConnector>,
    proxy: &Proxy,
    to: &Uri,
    host: &Host,
) -> Result<Line, BoxError> {
    let via = proxy.uri.clone();
    let io: Io = match proxy.protocol {
        Protocol::Http => to_proxy.call(via).await?.into(),
        Protocol::Socks4 { .. } | Protocol::Socks5 { .. } => Link::Plain(tcp.call(via).await?),
    };
    // An HTTP proxy forwards plain requests, and opens a tunnel for TLS.
    if proxy.protocol == Protocol::Http && to.scheme() == Some(&Scheme::HTTP) {
        return Ok(Line::new(io, true));
    }
    let mut line = TokioIo::new(io);
    let port = port(to);
    let login = proxy.user.as_ref().map(|(user, password)| (user.expose(), password.expose()));
    match proxy.protocol {
        Protocol::Http => {
            let authorization = proxy.authorization();
            let host = to.host().unwrap_or_default();
            handshake::tunnel(&mut line, host, port, authorization.as_ref()).await?;
        }
        Protocol::Socks4 { .. } => {
            let user = login.map_or("", |(user, _)| user);
            handshake::socks4(&mut line, host, port, user).await?;
        }
        Protocol::Socks5 { .. } => handshake::socks5(&mut line, host, port, login).await?,
    }
    Ok(Line::new(line.into_inner(), false))
}

/// The service's host in the form that the proxy needs: resolved here if the proxy does not resolve names.
async fn host(to: &Uri, protocol: Protocol) -> Result<Host, BoxError> {
    let name = to.host().unwrap_or_default();
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(Host::Address(address.to_canonical()));
    }
    let is_version_4 = match protocol {
        Protocol::Socks4 { looks_up: false } => true,
        Protocol::Socks5 { looks_up: false } => false,
        _ => return Ok(Host::Name(name.to_owned())),
    };
    let mut addresses = lookup_host((name, port(to))).await?.map(|address| address.ip());
    let address = addresses.find(|address| address.is_ipv4() || !is_version_4);
    let none = "the host has no address of a kind that the proxy accepts";
    address.map(Host::Address).ok_or_else(|| none.into())
}

fn port(to: &Uri) -> u16 {
    let is_https = to.scheme() == Some(&Scheme::HTTPS);
    to.port_u16().unwrap_or(if is_https { 443 } else { 80 })
}

/// A connection that yields to other tasks while it is read.
pub(super) struct Line {
    io: Io,
    /// True if requests go to a proxy that forwards them.
    is_forwarded: bool,
    /// The bytes read since the connection was last pending.
    asked: usize,
}

impl Line {
    fn new(io: Io, is_forwarded: bool) -> Self {
        Line { io, is_forwarded, asked: 0 }
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.is_forwarded)
    }
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.asked >= TURN {
            self.asked = 0;
            // Yields once: the task wakes after the others.
            ready!(pin!(yield_now()).poll(task));
        }
        let room = buffer.remaining();
        let read = Pin::new(&mut self.io).poll_read(task, buffer);
        self.asked = if read.is_ready() { self.asked.saturating_add(room) } else { 0 };
        read
    }
}

impl Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(task)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(task, slices)
    }
}
