//! The earlier messages that a request names: one whose workspace it continues, which may not exist yet, and those that it
//! repeats.

use super::settings::EngineSettings;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::{Ahead, Outbox, RecordUser};
use crate::turn_request::{Place, TurnRequest};

/// The number of times that the message's state is read: it may be delivered between two reads.
const READS: usize = 3;

/// A workspace that an earlier message is still to open.
pub(super) struct Following {
    /// The id of that message.
    pub(super) opener: String,
    /// The messages of the conversation so far, as JSON, in the order of acceptance.
    pub(super) undelivered: Vec<String>,
}

/// Finds the workspace of the message that the request names, and puts its id into the request if it exists already; or a new
/// one, where the request allows it.
///
/// # Errors
///
/// `invalid_request` if no such message of the request's user is known, or its workspace could not be created; `storage` if
/// the outbox's file cannot be read.
pub(super) fn find(
    settings: &EngineSettings,
    request: &mut TurnRequest,
) -> Result<Option<Following>> {
    let (id, or_new) = match &request.place {
        Place::Of(id) => (id.clone(), false),
        Place::OfOrNew(id) => (id.clone(), true),
        Place::Unnamed | Place::Workspace(_) | Place::New => return Ok(None),
    };
    match find_workspace(settings, request, &id) {
        Err(error) if or_new && error.kind() == ErrorKind::InvalidRequest => {
            request.place = Place::New;
            Ok(None)
        }
        found => found,
    }
}

fn find_workspace(
    settings: &EngineSettings,
    request: &mut TurnRequest,
    id: &str,
) -> Result<Option<Following>> {
    let (Some(outbox), Some(user)) = (&settings.outbox, &request.user_id) else {
        return Err(unknown());
    };
    // Another user's message is as unknown as one that does not exist.
    if !outbox.user_of(id)?.is(Some(user)) {
        return Err(unknown());
    }
    for _ in 0..READS {
        match outbox.conversation_of(id)? {
            Ahead::In(name) => {
                request.place = Place::Workspace(name);
                return Ok(None);
            }
            Ahead::Opens { name, opener } => {
                let undelivered = records(settings, outbox, &name, user);
                if !undelivered.is_empty() {
                    return Ok(Some(Following { opener, undelivered }));
                }
                // It has been opened meanwhile.
            }
            Ahead::Dead(reason) => {
                let why = format!("the workspace of that message was given up: {reason}");
                let error = Error::new(ErrorKind::InvalidRequest, "turn.start", why);
                return Err(error.with_hint("begin a new workspace"));
            }
            Ahead::Unknown => break,
        }
    }
    Err(unknown())
}

/// Refuses ids of messages that are another user's: the turn's messages would replace theirs.
///
/// # Errors
///
/// `invalid_request` for such an id; `storage` if the outbox's file cannot be read.
pub(super) fn check_ids(settings: &EngineSettings, request: &TurnRequest) -> Result<()> {
    let Some(outbox) = &settings.outbox else { return Ok(()) };
    let given = [("message", &request.message_id), ("reply", &request.reply_id)];
    for (of, id) in given {
        let Some(id) = id else { continue };
        let known = outbox.user_of(id)?;
        if known != RecordUser::Unknown && !known.is(request.user_id.as_deref()) {
            let why = format!("the {of}'s id is the id of another user's message");
            let error = Error::new(ErrorKind::InvalidRequest, "turn.start", why);
            return Err(
                error.with_hint("give each message an id of its own, such as a random UUID")
            );
        }
    }
    Ok(())
}

/// The messages of a conversation that wait in the outbox: at least the latest one, which shows whose it is.
fn records(settings: &EngineSettings, outbox: &Outbox, name: &str, user: &str) -> Vec<String> {
    outbox.undelivered(name, user, settings.history.in_outbox().max(1))
}

fn unknown() -> Error {
    let why = "no message of the user with that id is known to have a workspace";
    Error::new(ErrorKind::InvalidRequest, "turn.start", why)
        .with_hint("name the workspace by its id, or begin a new one")
}
