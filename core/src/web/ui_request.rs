//! The request of a page on the AI SDK: `{id, messages, trigger, messageId?}`, with the whole conversation as the page shows it.
//!
//! The last message is the user's, and is answered. The store has those before it; without a store they are the history.
//!
//! The model is told the stored messages that the page shows, in the order of the page: after an edit, or a reply that is generated
//! again, the page has removed those that followed. They stay in the store: a chat store has no call that deletes them, and a page may
//! have left them out for another reason. A page that sends its last message alone
//! (`prepareSendMessagesRequest`) does not tell which it shows: the history is the store's.
//!
//! # Ids
//!
//! A page's ids are 16 characters unless it has a `generateId` of its own; a store's are UUIDs. A UUID in lower case is taken as
//! it is. Of any other id, and for the reply, a UUID is derived: the same one for the same user and message. So a message that is
//! sent twice, edited or answered again has its one place in the store, and so has its reply.
//!
//! # The workspace
//!
//! The first of these that is there:
//!
//! 1. the `workspaceId` of the body, unless the body has `createWorkspace`;
//! 2. `createWorkspace` or `workspaceId` in the metadata of the last message;
//! 3. the `workspaceId` in the metadata of an earlier message, which the stream told with its reply;
//! 4. the workspace of the first message of the user, which is the one that is answered where it is edited or answered again: as
//!    the store knows it ([`Conversations::conversation_of`](crate::conversation::Conversations::conversation_of)), or while the
//!    engine remembers it ([`Delivery::remembered`](crate::outbox::Delivery::remembered)). A
//!    [`ChatStore`](crate::ChatStore) has no such call: with it, a page without such metadata continues in a new workspace after
//!    a restart of the service;
//! 5. a new one.
//!
//! So a transport may have `createWorkspace` in a constant `body`: only the first message of a chat begins a workspace. A later one
//! does so with `createWorkspace` in its own metadata.

use serde_json::value::RawValue;
use uuid::Uuid;

use super::refusal::Refusal;
use super::request::{Body, Message, Workspace};
use crate::chat;
use crate::json::Fields;
use crate::turn_request::{TurnRequest, is_uuid};

/// The namespace of derived ids.
const NAMESPACE: Uuid = Uuid::from_u128(0xb1d9_5a3c_6a3e_4e0f_9c55_6d1f_7e27_04c8);

/// The fields of a message.
const FIELDS: [&str; 4] = ["id", "role", "parts", "metadata"];

/// Reads the request of this user; the messages before the last are its history if nothing else keeps them.
pub(super) fn read(json: &str, user_id: &str, is_kept: bool) -> Result<Message, Refusal> {
    let body = Body::read(json)?;
    let mut messages = messages(&body)?;
    let Some(last) = messages.pop().filter(UiMessage::is_of_user) else {
        return Err(Refusal::bad_request("The last message is not the user's."));
    };
    let text = last.text();
    if text.trim().is_empty() {
        return Err(Refusal::bad_request("The message is empty."));
    }
    let mut request = TurnRequest::new(text);
    let message_id = last.id.as_deref().map(|id| stored_id(id, user_id));
    if let Some(message_id) = &message_id {
        let replaced = replaced(&body, message_id)?;
        let reply_id = replaced.unwrap_or_else(|| derived("reply", user_id, message_id));
        request = request.message_id(message_id.as_str()).reply_id(reply_id);
    }
    if is_kept {
        let shown = shown(&messages, user_id);
        if !shown.is_empty() {
            request = request.history_ids(shown);
        }
    } else {
        request = request.history(messages.iter().filter_map(UiMessage::of_chat));
    }
    let workspace = workspace(&body, &last, &messages, user_id)?;
    Ok(Message { request, workspace })
}

/// A message of the page.
struct UiMessage<'a> {
    id: Option<String>,
    role: Option<String>,
    parts: Option<&'a str>,
    metadata: Option<&'a str>,
}

impl<'a> UiMessage<'a> {
    fn read(json: &'a str) -> Option<Self> {
        let fields = Fields::read(json, FIELDS).ok()?;
        let id = fields.text("id").filter(|id| !id.is_empty());
        let (parts, metadata) = (fields.raw("parts"), fields.raw("metadata"));
        Some(UiMessage { id, role: fields.text("role"), parts, metadata })
    }

    fn is_of_user(&self) -> bool {
        self.role.as_deref() == Some("user")
    }

    /// The text: all text parts together.
    fn text(&self) -> String {
        let parts: Vec<&RawValue> = self.parts.map_or_else(Vec::new, list);
        let texts = parts.iter().filter_map(|part| {
            let part = Fields::read(part.get(), ["type", "text"]).ok()?;
            part.text("text").filter(|_| part.text("type").as_deref() == Some("text"))
        });
        texts.collect()
    }

    /// The message for the model; `None` for one without text, and for instructions, which are not the page's.
    fn of_chat(&self) -> Option<chat::Message> {
        let text = Some(self.text()).filter(|text| !text.trim().is_empty())?;
        match self.role.as_deref()? {
            "user" => Some(chat::Message::user(text)),
            "assistant" => Some(chat::Message::assistant(text)),
            _ => None,
        }
    }

    /// The metadata that concern the workspace, whatever else is there.
    fn workspace(&self) -> Option<Workspace> {
        let metadata = Fields::read(self.metadata?, ["workspaceId", "createWorkspace"]).ok()?;
        match metadata.raw("createWorkspace") {
            Some("true") => Some(Workspace::New),
            _ => metadata.text("workspaceId").filter(|id| !id.trim().is_empty()).map(Workspace::Of),
        }
    }
}

/// The page's messages: all of them, or the one that a page with `prepareSendMessagesRequest` sends.
fn messages<'a>(body: &Body<'a>) -> Result<Vec<UiMessage<'a>>, Refusal> {
    let read = match (body.raw("messages"), body.raw("message")) {
        (Some(all), _) => list(all).iter().map(|json| UiMessage::read(json.get())).collect(),
        (None, Some(one)) => UiMessage::read(one).map(|one| vec![one]),
        (None, None) => None,
    };
    let refused = || Refusal::bad_request("`messages` must be a list of messages.");
    read.filter(|messages: &Vec<_>| !messages.is_empty()).ok_or_else(refused)
}

/// The items of a list; none if it is none.
fn list(json: &str) -> Vec<&RawValue> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The ids in the store of a page's messages. A reply has the one that its stream told, or, after a stream that tells none, the one
/// that is derived from the message before it.
fn shown(messages: &[UiMessage<'_>], user_id: &str) -> Vec<String> {
    let (mut ids, mut asked) = (Vec::new(), None);
    for message in messages {
        if message.is_of_user() {
            asked = message.id.as_deref().map(|id| stored_id(id, user_id));
            ids.extend(asked.clone());
        } else if message.role.as_deref() == Some("assistant") {
            ids.extend(message.id.clone().filter(|id| is_uuid(id)));
            ids.extend(asked.as_deref().map(|asked| derived("reply", user_id, asked)));
        }
    }
    ids
}

/// The id of the reply that is generated again, if the page names one that may be in the store.
fn replaced(body: &Body<'_>, message_id: &str) -> Result<Option<String>, Refusal> {
    let is_again = body.text("trigger")?.as_deref() == Some("regenerate-message");
    let named = body.text("messageId")?.filter(|id| is_again && is_uuid(id) && id != message_id);
    Ok(named)
}

fn workspace(
    body: &Body<'_>,
    last: &UiMessage<'_>,
    before: &[UiMessage<'_>],
    user_id: &str,
) -> Result<Workspace, Refusal> {
    let begins = body.is_set("createWorkspace")?;
    let id = body.text("workspaceId")?.filter(|id| !id.trim().is_empty());
    if let Some(id) = id.filter(|_| !begins) {
        return Ok(Workspace::Of(id));
    }
    if let Some(named) = last.workspace() {
        return Ok(named);
    }
    let told = before.iter().rev().find_map(|message| match message.workspace()? {
        Workspace::Of(id) => Some(Workspace::Of(id)),
        _ => None,
    });
    let opened = || match before.iter().find(|message| message.is_of_user()) {
        Some(first) => Some(Workspace::OfMessage(stored_id(first.id.as_deref()?, user_id))),
        None => Some(Workspace::OfItself(stored_id(last.id.as_deref()?, user_id))),
    };
    Ok(told.or_else(opened).unwrap_or(Workspace::New))
}

/// The id in the store of a page's message.
fn stored_id(id: &str, user_id: &str) -> String {
    if is_uuid(id) { id.to_owned() } else { derived("message", user_id, id) }
}

/// A UUID for an id, the same one each time. It depends on the user, so that no page can name another user's message.
fn derived(kind: &str, user_id: &str, id: &str) -> String {
    // With the length, so that no two triples have the same name.
    let name = format!("{kind}:{}:{user_id}:{id}", user_id.len());
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests;
