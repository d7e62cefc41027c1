//! Parses a turn's request from the JSON of a host language.

use serde::Deserialize;
use serde_json::Value;

use super::settings::{Names, Subject, fields_of, read};
use crate::chat::Message;
use crate::error::{Error, ErrorKind, Result};
use crate::turn::TurnRequest;

const START: &str = "turn.start";

/// The request of a turn. A null field counts as absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFields {
    message: String,
    /// The workspace to continue.
    workspace_id: Option<String>,
    /// `true` creates a new workspace.
    create_workspace: Option<bool>,
    /// The id of a message whose workspace is continued.
    workspace_of: Option<String>,
    user_id: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    /// Messages in the format of a model's service.
    history: Option<Value>,
    /// The ids of the message and its reply in the store, UUIDs.
    message_id: Option<String>,
    reply_id: Option<String>,
    /// `true` requests the speech of a whole reply from a chat service.
    speech: Option<bool>,
}

/// The fields of a turn's request. In JSON they have the names of the host language.
pub fn turn_request_fields() -> &'static [&'static str] {
    fields_of::<RequestFields>()
}

/// Reads a turn's request with the names of a host language: an object of [`turn_request_fields`]. Halves of surrogate
/// pairs in it become U+FFFD. Errors never quote a value, which may be a token or a user's text.
///
/// # Errors
///
/// `invalid_request` when it is not an object, or a field is missing, unknown or has the wrong type.
pub fn turn_request(json: &str, names: Names) -> Result<TurnRequest> {
    request(json, names, START)
}

/// Reads the request of a turn of a chat service, for this operation; otherwise as [`turn_request`].
///
/// # Errors
///
/// As [`turn_request`].
pub fn service_request(json: &str, names: Names, operation: &'static str) -> Result<TurnRequest> {
    request(json, names, operation)
}

fn request(json: &str, names: Names, operation: &'static str) -> Result<TurnRequest> {
    let error = ErrorKind::InvalidRequest;
    let refused = |why: &str| Error::new(error, operation, why);
    let subject = Subject { error, operation, whole: "the request", part: "field", is_flat: false };
    let given: RequestFields = read(json, names, subject)?;
    names.check_integers(json).map_err(|why| refused(&why))?;
    let mut request = TurnRequest::new(given.message);
    let is_new = given.create_workspace == Some(true);
    match (is_new, given.workspace_id, given.workspace_of) {
        (false, None, None) => {}
        (true, None, None) => request = request.new_workspace(),
        (false, Some(id), None) => request = request.workspace(id),
        (false, None, Some(message_id)) => request = request.workspace_of(message_id),
        (true, Some(_), None) => {
            let why = "the request names a workspace and asks for a new one: leave one of them out";
            return Err(refused(why));
        }
        (_, _, Some(_)) => {
            let why = "the request names the message of its workspace, and another workspace or a new one: \
                       leave one of them out";
            return Err(refused(why));
        }
    }
    if let Some(id) = given.user_id {
        request = request.user_id(id);
    }
    if let Some(id) = given.message_id {
        request = request.message_id(id);
    }
    if let Some(id) = given.reply_id {
        request = request.reply_id(id);
    }
    if let Some((access, refresh)) = names
        .pair_of_tokens(given.access_token, given.refresh_token)
        .map_err(|why| refused(&why))?
    {
        request = request.tokens(access, refresh);
    }
    if let Some(messages) = given.history {
        let why = "history must be a list of messages, each an object with a role";
        request = request.history(history(messages).ok_or_else(|| refused(why))?);
    }
    Ok(request.speech(given.speech.unwrap_or_default()))
}

fn history(given: Value) -> Option<Vec<Message>> {
    // `Message` would accept other forms too, but they are surely mistakes.
    let is_message = |message: &Value| message.get("role").is_some_and(Value::is_string);
    if !given.as_array()?.iter().all(is_message) {
        return None;
    }
    serde_json::from_value(given).ok()
}
