//! The reasons for a failure to connect.

use std::error::Error as StdError;

use http::{StatusCode, Uri};

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// The connection was not established within the connect limit.
#[derive(Debug, thiserror::Error)]
#[error("no connection was established within the connect limit")]
pub(super) struct LimitStruck;

/// A connection through a proxy that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("through the proxy {proxy}")]
pub(super) struct ViaProxy {
    pub(super) proxy: Uri,
    #[source]
    pub(super) why: BoxError,
}

/// A proxy answered, and refused to connect.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The status of its answer to `CONNECT`.
    #[error("it answered {}", answer(.0))]
    Status(StatusCode),
    /// The login was rejected or is missing.
    #[error("{0}")]
    Login(&'static str),
    /// The meaning of its SOCKS reply code.
    #[error("{0}")]
    Code(&'static str),
}

/// The description of a proxy's answer to `CONNECT`.
fn answer(status: &StatusCode) -> String {
    match *status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            "407 to CONNECT: give its user and password in its URL".to_owned()
        }
        status => format!("{status} to CONNECT"),
    }
}

impl Refusal {
    /// Returns true if the same request may succeed later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Refusal::Status(status) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
                    )
            }
            Refusal::Login(_) => false,
            Refusal::Code(_) => true,
        }
    }
}
