//! Parses a turn's request from the JSON of a host language.

use serde_json::{Map, Value};

use super::settings::Names;
use crate::chat::Message;
use crate::error::{Error, ErrorKind, Result};
use crate::json::with_whole_pairs;
use crate::turn::TurnRequest;

const OPERATION: &str = "turn.start";

/// The fields of a turn's request. In JSON they have the names of the host language.
///
/// | field | value |
/// | --- | --- |
/// | `message` | text; required |
/// | `workspace_id` | text: the workspace to continue |
/// | `create_workspace` | `true` creates a new one |
/// | `user_id` | text |
/// | `access_token`, `refresh_token` | texts, both or none |
/// | `history` | a list of messages, in the format of a model's service |
/// | `message_id`, `reply_id` | the ids of the message and its reply in the store, UUIDs |
/// | `speech` | `true` requests the speech of a whole reply from a chat service |
///
/// A null field counts as absent.
pub const TURN_REQUEST_FIELDS: &[&str] = &[
    "message",
    "workspace_id",
    "create_workspace",
    "user_id",
    "access_token",
    "refresh_token",
    "history",
    "message_id",
    "reply_id",
    "speech",
];

/// Reads a turn's request with the names of a host language. Halves of surrogate pairs in it become U+FFFD. Errors never
/// quote a value, which may be a token or a user's text.
///
/// # Errors
///
/// `invalid_request` when it is not an object, or a field is unknown or has the wrong type.
pub fn turn_request(json: &str, names: Names) -> Result<TurnRequest> {
    let Ok(Value::Object(given)) = serde_json::from_str(&with_whole_pairs(json)) else {
        return Err(refused("a turn's request is a JSON object"));
    };
    let mut fields = Fields::read(given, names)?;
    let Some(message) = fields.text("message")? else {
        return Err(refused("the request has no message"));
    };
    let mut request = TurnRequest::new(message);
    match (fields.flag("create_workspace")?, fields.text("workspace_id")?) {
        (true, Some(_)) => {
            let why = "the request names a workspace and asks for a new one: leave one of them out";
            return Err(refused(why));
        }
        (true, None) => request = request.new_workspace(),
        (false, Some(id)) => request = request.workspace(id),
        (false, None) => {}
    }
    if let Some(id) = fields.text("user_id")? {
        request = request.user_id(id);
    }
    if let Some(id) = fields.text("message_id")? {
        request = request.message_id(id);
    }
    if let Some(id) = fields.text("reply_id")? {
        request = request.reply_id(id);
    }
    match (fields.text("access_token")?, fields.text("refresh_token")?) {
        (Some(access), Some(refresh)) => request = request.tokens(access, refresh),
        (None, None) => {}
        _ => {
            let [access, refresh] = ["access_token", "refresh_token"].map(|name| names.shown(name));
            let why = format!("{access} and {refresh} belong together: give both or none");
            return Err(refused(why));
        }
    }
    if let Some(messages) = fields.take("history") {
        request = request.history(history(messages)?);
    }
    Ok(request.speech(fields.flag("speech")?))
}

fn history(given: Value) -> Result<Vec<Message>> {
    // `Message` would accept other forms too, but they are surely mistakes.
    let is_message = |message: &Value| message.get("role").is_some_and(Value::is_string);
    if given.as_array().is_some_and(|messages| messages.iter().all(is_message))
        && let Ok(messages) = serde_json::from_value(given)
    {
        return Ok(messages);
    }
    Err(refused("history must be a list of messages, each an object with a role"))
}

/// The fields of a request, by the names in [`TURN_REQUEST_FIELDS`].
struct Fields {
    given: Map<String, Value>,
    names: Names,
}

impl Fields {
    fn read(given: Map<String, Value>, names: Names) -> Result<Self> {
        let known: Vec<String> = TURN_REQUEST_FIELDS.iter().map(|name| names.shown(name)).collect();
        if let Some(name) = given.keys().find(|name| !known.contains(name)) {
            let known = known.join(", ");
            return Err(refused(format!("unknown field {name:?}; the fields are {known}")));
        }
        Ok(Fields { given, names })
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.given.remove(&self.names.shown(name)).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(refused(format!("{} must be a string", self.names.shown(name)))),
        }
    }

    fn flag(&mut self, name: &str) -> Result<bool> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(refused(format!("{} must be true or false", self.names.shown(name)))),
        }
    }
}

fn refused(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidRequest, OPERATION, why)
}
