//! Requests and responses: the only room that depends on the HTTP client.
//!
//! [`HttpClient::send`] returns a successful response with its headers, or a typed error: it retries, follows the few
//! redirects that are safe, and enforces the time limits. [`Body`] reads the rest.

mod body;
mod bounds;
mod cause;
mod chain;
mod client;
mod coding;
mod connect;
mod connect_error;
mod connections;
mod context;
mod excerpt;
mod failure;
mod format;
mod handshake;
mod headers;
mod informational;
mod link;
mod names;
mod no_proxy;
mod prepared;
mod proxy;
mod received;
mod redact;
mod redirect;
mod request;
mod retry;
mod retry_after;
mod reuse;
mod settings;
mod setup;
mod source;
mod tls;
mod watch;

pub(crate) use body::Body;
pub(crate) use client::HttpClient;
pub(crate) use context::Context;
pub(crate) use format::BodyFormat;
pub(crate) use names::REQUEST_ID;
pub(crate) use proxy::ProxyChoice;
pub(crate) use received::Received;
pub(crate) use request::{Head, Repeat, Request, Response};
pub(crate) use retry::{Again, next_wait};
pub(crate) use settings::http_settings;
pub(crate) use setup::HttpConfig;
pub(crate) use source::{Piece, PieceSource};
#[cfg(feature = "nats")]
pub(crate) use tls::tls_config;
