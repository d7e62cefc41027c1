//! The reply to a request.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use crate::event::Wire;
use crate::turn::Turn;

/// The reply to a request, which the host sends as it is. `Debug` shows neither the values of its headers, which may be tokens, nor
/// its text.
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, without `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: ReplyBody,
}

/// The body of a reply.
pub enum ReplyBody {
    /// Empty.
    Nothing,
    /// Complete bytes.
    Whole(Bytes),
    /// A turn, which is sent on this wire as it runs ([`Turn::bytes`]).
    Turn(Box<Turn>, Wire),
}

impl Reply {
    pub(super) fn nothing(status: u16) -> Self {
        Reply { status, headers: Vec::new(), body: ReplyBody::Nothing }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string())
    }

    pub(super) fn text(status: u16, body: String) -> Self {
        Self::whole(status, "text/plain; charset=utf-8", body)
    }

    fn whole(status: u16, kind: &str, body: String) -> Self {
        let headers =
            vec![("Content-Type", kind.to_owned()), ("Cache-Control", "no-store".to_owned())];
        Reply { status, headers, body: ReplyBody::Whole(body.into()) }
    }

    pub(super) fn turn(turn: Turn, wire: Wire) -> Self {
        let headers = wire.headers().iter().map(|(name, value)| (*name, (*value).to_owned()));
        Reply {
            status: 200,
            headers: headers.collect(),
            body: ReplyBody::Turn(Box::new(turn), wire),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &names)
            .field("body", &self.body)
            .finish()
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplyBody::Nothing => f.write_str("Nothing"),
            ReplyBody::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            ReplyBody::Turn(turn, wire) => f.debug_tuple("Turn").field(turn).field(wire).finish(),
        }
    }
}
