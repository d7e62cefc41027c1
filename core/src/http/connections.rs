//! The connections of one process: their pool, TLS, proxy and windows.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connector;
use super::proxy::Proxy;
use super::tls;
use crate::error::Result;

/// Flow control of HTTP/2 (RFC 9113, section 5.2): one stream's window is small, and the connection's is larger than all
/// of them together, so a stream that nobody reads cannot use up what its neighbours need.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// The time for which an unused connection is kept.
const KEPT: Duration = Duration::from_secs(90);

/// The part of an HTTP/1 response that is read ahead, which also limits its headers; and those of HTTP/2.
const READ_AHEAD: u32 = 128 * 1024;

/// The client of the connections.
pub(super) type Connections = legacy::Client<Connector, Full<Bytes>>;

/// The material of connections.
pub(super) struct Route {
    /// Certificates in PEM that are trusted besides the system's.
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) proxy: Option<Proxy>,
    pub(super) limit: Option<Duration>,
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
