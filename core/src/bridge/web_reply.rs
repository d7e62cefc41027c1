//! The reply to a request of a page.

use std::fmt;

use bytes::Bytes;

use super::turn::Turn;
use crate::caller;
use crate::event::Wire;
use crate::web;

/// The reply to a request, which the host sends as it is.
pub struct WebReply {
    /// The status.
    pub status: u16,
    /// The headers, without `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: WebBody,
}

/// The body of a reply.
pub enum WebBody {
    /// Empty.
    Nothing,
    /// Complete bytes, in UTF-8.
    Whole(Bytes),
    /// A turn, to be read as the bytes of this wire.
    Turn(Box<Turn>, Wire),
}

impl WebReply {
    pub(super) fn weight(&self) -> usize {
        match &self.body {
            WebBody::Whole(bytes) => bytes.len(),
            WebBody::Nothing | WebBody::Turn(..) => 0,
        }
    }
}

/// A turn in it belongs to the current context.
impl From<web::Reply> for WebReply {
    fn from(reply: web::Reply) -> Self {
        let web::Reply { status, headers, body } = reply;
        let body = match body {
            web::ReplyBody::Nothing => WebBody::Nothing,
            web::ReplyBody::Whole(bytes) => WebBody::Whole(bytes),
            web::ReplyBody::Turn(turn, wire) => {
                WebBody::Turn(Box::new(Turn::new(*turn, caller::current())), wire)
            }
        };
        WebReply { status, headers, body }
    }
}

impl fmt::Debug for WebReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers may be tokens, and the body is the user's.
        f.debug_struct("WebReply").field("status", &self.status).finish_non_exhaustive()
    }
}
