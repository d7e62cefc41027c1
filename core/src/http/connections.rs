//! The connections of one process: the pool and its limits.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connector;
use super::proxy::Proxy;
use super::reuse::ConnectionReuse;
use super::tls;
use crate::error::Result;

/// Flow control of HTTP/2 (RFC 9113, section 5.2): the window of one stream is small, and the connection's is larger
/// than all of them together, so that a stream without a reader cannot block the others.
const STREAM_WINDOW: u32 = 256 * 1024;

const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// The time for which an idle connection is kept. The pool looks for expired ones as often, so that some stay twice as long.
///
/// Their number has no bound of its own: it is never above that of the requests that ran at once, for each of which a service
/// also had its own reader's connection. With a bound, a burst that comes again would open most of its connections anew.
const KEPT: Duration = Duration::from_secs(90);

/// The bytes of an HTTP/1 response that are buffered, which also limits its headers; and the limit of HTTP/2 headers.
const READ_AHEAD: u32 = 128 * 1024;

/// The connection pool of hyper's client.
pub(super) type Connections = legacy::Client<Connector, Full<Bytes>>;

/// The settings of a client's connections.
pub(super) struct ConnectionSettings {
    /// Trusted certificates in PEM, in addition to the system's.
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) proxy: Option<Proxy>,
    /// The time limit for establishing a connection.
    pub(super) limit: Option<Duration>,
}

/// The connections of one process.
pub(super) struct LiveConnections {
    pub(super) pool: Connections,
    pub(super) reuse: ConnectionReuse,
}

impl ConnectionSettings {
    /// The connections of this process. They share nothing with another process, including TLS sessions.
    pub(super) fn connect(&self) -> Result<LiveConnections> {
        let connector = Connector::new(tls::config(&self.roots)?, self.proxy.clone(), self.limit);
        let pool = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .http1_max_buf_size(READ_AHEAD as usize)
            .http2_max_header_list_size(READ_AHEAD)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .build(connector);
        Ok(LiveConnections { pool, reuse: ConnectionReuse::default() })
    }
}
