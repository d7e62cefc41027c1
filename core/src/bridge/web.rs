//! The routes of a chat service, for a host's web framework.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::sleep;

use super::answer::{self, Answer, Body, IntoAnswer};
use super::trace::Trace;
use super::traced;
use super::web_reply::{WebBody, WebReply};
use crate::caller::{self, Context};
use crate::error::Result;
use crate::web;

/// Answers a request of this user on the library's runtime; its answer is [`Body::Web`]. Functions of the host that run for
/// its turn get `context` with each question, and the turn continues `trace`. Cancelling the call means that the reader has gone.
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn answer(
    call: web::Call,
    user_id: String,
    body: Bytes,
    context: Option<Context>,
    trace: Option<Arc<Trace>>,
) -> Result<answer::Call> {
    let answered = async move {
        let reply = WebReply::from(call.answer(&user_id, body).await);
        if !matches!(reply.body, WebBody::Turn(..)) {
            traced::refused(&reply.status.to_string());
            traced::limit(sleep(traced::PATIENCE));
        }
        Ok(reply)
    };
    traced::starting(trace, |trace| {
        let answered = traced::continued(trace, answered);
        caller::scope(context.as_ref(), || answer::call(answered))
    })
}

impl IntoAnswer for WebReply {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::new(None, Body::Web(self)))
    }
}
