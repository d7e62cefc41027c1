//! The JSON of a request.

use super::refusal::Refusal;
use crate::json::{self, Fields};
use crate::turn_request::{TurnRequest, is_uuid};

/// The fields of the routes' requests.
const FIELDS: [&str; 10] = [
    "message",
    "messages",
    "trigger",
    "createWorkspace",
    "workspaceId",
    "includeTts",
    "messageId",
    "replyId",
    "text",
    "turnId",
];

/// The text of a body.
pub(super) fn text(body: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(body).map_err(|_| Refusal::bad_request("The request is not UTF-8."))
}

/// The object in a body. A field that is not known is ignored, as the protocol grows by them; one that is null is absent.
pub(super) struct Body<'a>(Fields<'a, 'static, { FIELDS.len() }>);

impl<'a> Body<'a> {
    pub(super) fn read(json: &'a str) -> Result<Self, Refusal> {
        let read = Fields::read(json, FIELDS);
        read.map(Body).map_err(|_| Refusal::bad_request("The request is not a JSON object."))
    }

    /// A field's text; `None` if it is missing.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.value(name, "a string")
    }

    /// A field's text, which is not blank.
    pub(super) fn filled(&self, name: &str) -> Result<String, Refusal> {
        let text = self.text(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| Refusal::bad_request(format!("`{name}` is missing or empty.")))
    }

    /// A field's JSON.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.raw(name)
    }

    /// A field's id of a message.
    fn id(&self, name: &str) -> Result<Option<String>, Refusal> {
        let refused = || Refusal::bad_request(format!("`{name}` must be a UUID in lower case."));
        match self.text(name)? {
            Some(id) if !is_uuid(&id) => Err(refused()),
            id => Ok(id),
        }
    }

    /// A field's truth; a missing one is false.
    pub(super) fn is_set(&self, name: &str) -> Result<bool, Refusal> {
        Ok(self.value(name, "true or false")?.unwrap_or_default())
    }

    fn value<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        kind: &str,
    ) -> Result<Option<T>, Refusal> {
        let Some(json) = self.0.raw(name) else { return Ok(None) };
        let read = json::from_str(json);
        read.map(Some).map_err(|_| Refusal::bad_request(format!("`{name}` must be {kind}.")))
    }
}

/// The workspace that a request names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Workspace {
    New,
    Of(String),
    /// That of the user's message with this id, or a new one if it is not known.
    OfMessage(String),
    /// That in which the store has this message itself, with this id, or a new one.
    OfItself(String),
    /// None is named.
    Unnamed,
}

/// A message, as far as the turn's request says it.
pub(super) struct Message {
    pub(super) request: TurnRequest,
    pub(super) workspace: Workspace,
}

impl Message {
    /// The message in a body of the routes `chat` and `stream`.
    pub(super) fn read(body: &Body<'_>) -> Result<Self, Refusal> {
        let mut request = TurnRequest::new(body.filled("message")?);
        let (message_id, reply_id) = (body.id("messageId")?, body.id("replyId")?);
        if message_id.is_some() && message_id == reply_id {
            return Err(Refusal::bad_request("`messageId` and `replyId` are the same."));
        }
        if let Some(id) = message_id {
            request = request.message_id(id);
        }
        if let Some(id) = reply_id {
            request = request.reply_id(id);
        }
        let id = body.text("workspaceId")?.filter(|id| !id.trim().is_empty());
        let workspace = match (body.is_set("createWorkspace")?, id) {
            (true, _) => Workspace::New,
            (false, Some(id)) => Workspace::Of(id),
            (false, None) => Workspace::Unnamed,
        };
        Ok(Message { request, workspace })
    }
}
