//! The reply to a request.

use napi_derive::napi;
use turnwire::bridge::{self, WebBody};

use crate::call::Call;
use crate::turn::Turn;

/// The reply to a request.
#[napi]
pub struct WebReply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    turn: Option<(bridge::Turn, &'static str)>,
}

#[napi]
impl WebReply {
    /// The reply of a call that is answered with one; once.
    #[napi]
    pub fn of(call: &Call) -> Option<WebReply> {
        call.take_reply().map(WebReply::new)
    }

    /// The status.
    #[napi(getter)]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Pairs, without `Content-Length`.
    #[napi(getter)]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        self.headers.clone()
    }

    /// The whole body; `null` for an empty one, and for a turn.
    #[napi(getter)]
    pub fn body(&self) -> Option<String> {
        self.body.clone()
    }

    /// `sse`, `ui` or `text`, if the body is a turn.
    #[napi(getter)]
    pub fn wire(&self) -> Option<&'static str> {
        self.turn.as_ref().map(|(_, wire)| *wire)
    }

    /// The turn that is the body, to be sent on `wire`; once.
    #[napi]
    pub fn turn(&mut self) -> Option<Turn> {
        self.turn.take().map(|(turn, _)| Turn::new(turn))
    }
}

impl WebReply {
    pub(crate) fn new(reply: bridge::WebReply) -> Self {
        let bridge::WebReply { status, headers, body } = reply;
        let (body, turn) = match body {
            WebBody::Nothing => (None, None),
            WebBody::Whole(bytes) => (Some(String::from_utf8_lossy(&bytes).into_owned()), None),
            WebBody::Turn(turn, wire) => (None, Some((*turn, wire.name()))),
        };
        WebReply { status, headers, body, turn }
    }
}
