//! A turn's request as the service's JSON.

use bytes::Bytes;
use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::turn_request::Place;
use crate::turn_request::TurnRequest;

/// The requested form of the reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Whole,
    Streamed,
}

/// The JSON of a request.
///
/// # Errors
///
/// `invalid_request` when the request has a field that is not sent to a service.
pub(super) fn body(
    request: &TurnRequest,
    reply: Reply,
    has_provider: bool,
    operation: &'static str,
) -> Result<Bytes> {
    request.check(operation)?;
    let refuse = |why: &str| Err(Error::new(ErrorKind::InvalidRequest, operation, why));
    if request.history.is_some() {
        let why = "the request has a history, but a chat service keeps its own: leave it out";
        return refuse(why);
    }
    if request.user_id.is_some() && !has_provider {
        let why = "the request has a user's id, but a chat service knows the user by the tokens: \
                   leave it out, or set a token provider, which is asked for this user";
        return refuse(why);
    }
    if request.speech && reply == Reply::Streamed {
        let why = "the request asks for speech, which comes with whole replies alone: use \
                   `ChatService::send`, or `ChatService::speak` after the stream";
        return refuse(why);
    }
    if matches!(request.place, Place::Of(_) | Place::OfOrNew(_)) {
        let why = "the request names a message in place of its workspace, but a chat service knows only \
                   workspaces: wait for the event that tells its id";
        return refuse(why);
    }
    let body = Body {
        message: &request.message,
        create_workspace: request.place == Place::New,
        workspace_id: match &request.place {
            Place::Workspace(id) => Some(id),
            Place::Unnamed | Place::New | Place::Of(_) | Place::OfOrNew(_) => None,
        },
        message_id: request.message_id.as_deref(),
        reply_id: request.reply_id.as_deref(),
        include_tts: (reply == Reply::Whole).then_some(request.speech),
    };
    let json = serde_json::to_vec(&body).map_err(|e| {
        let why = format!("the message cannot be written as JSON: {e}");
        Error::new(ErrorKind::InvalidRequest, operation, why)
    })?;
    Ok(json.into())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    message: &'a str,
    create_workspace: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_tts: Option<bool>,
}
