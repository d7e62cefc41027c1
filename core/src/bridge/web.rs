//! The routes of a chat service, for a host's web framework.

use bytes::Bytes;

use super::answer::{self, Answer, Body, IntoAnswer};
use super::turn::Turn;
use crate::caller::{self, Context};
use crate::error::Result;
use crate::event::Wire;
use crate::web;

/// The reply to a request, which the host sends as it is.
#[derive(Debug)]
pub struct WebReply {
    /// The status.
    pub status: u16,
    /// The headers, without `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: WebBody,
}

/// The body of a reply.
#[derive(Debug)]
pub enum WebBody {
    /// Empty.
    Nothing,
    /// Complete bytes, in UTF-8.
    Whole(Bytes),
    /// A turn, to be read as the bytes of this wire.
    Turn(Box<Turn>, Wire),
}

/// Answers a request of this user on the library's runtime; its answer is [`Body::Web`]. Functions of the host that run for
/// its turn get `context` with each question. Cancelling the call means that the reader has gone.
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn answer(
    call: web::Call,
    user_id: String,
    body: Bytes,
    context: Option<Context>,
) -> Result<answer::Call> {
    let answered = async move { Ok(WebReply::from(call.answer(&user_id, body).await)) };
    caller::scope(context.as_ref(), || answer::call(answered))
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

impl IntoAnswer for WebReply {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::new(None, Body::Web(self)))
    }
}
