//! Refuses a request that its turn cannot honour, before anything is sent or paid for.

use super::settings::EngineSettings;
use crate::conversation::Conversations;
use crate::error::{Error, ErrorKind, Result};
use crate::turn_request::Place;
use crate::turn_request::TurnRequest;

/// Checks a request against the engine's settings: a field that cannot be honoured is an error, not ignored.
///
/// # Errors
///
/// `invalid_request`, which names the setting at fault.
pub(super) fn check(settings: &EngineSettings, request: &TurnRequest) -> Result<()> {
    request.check("turn.start")?;
    if request.speech {
        let why = "the request asks for speech, but a turn is spoken as its engine is set up: leave it \
                   out, and set its speech mode";
        return Err(refused(why));
    }
    match &settings.store {
        Some(store) => check_kept(settings, &**store, request),
        None => check_unkept(request),
    }
}

/// A turn whose messages go to the store.
fn check_kept(
    settings: &EngineSettings,
    store: &dyn Conversations,
    request: &TurnRequest,
) -> Result<()> {
    if request.user_id.is_none() {
        return Err(refused("a turn that is kept in a store needs the user's id"));
    }
    if request.place == Place::Unnamed {
        return Err(refused("a turn that is kept in a store needs a workspace, or a new one"));
    }
    // A custom sink may deliver without tokens. A workspace is always created by the store itself.
    let is_new = matches!(request.place, Place::New | Place::Of(_) | Place::OfOrNew(_));
    let needs_tokens = is_new || settings.deliveries.is_tracking();
    if needs_tokens && request.tokens.is_none() && store.needs_tokens() {
        let why = "a turn that is kept in a store needs the user's tokens: give them to the \
                   request or to the store, or give the store a `TokenProvider`";
        return Err(refused(why));
    }
    Ok(())
}

/// A turn without a store: fields that only a store uses would be ignored silently. The user is the one who may stop it.
fn check_unkept(request: &TurnRequest) -> Result<()> {
    let unused = [
        (request.place == Place::New, "a new workspace"),
        (request.place != Place::Unnamed, "a workspace"),
        (request.tokens.is_some(), "tokens"),
    ];
    match unused.into_iter().find(|(is_set, _)| *is_set) {
        None => Ok(()),
        Some((_, what)) => Err(refused(&format!(
            "the request has {what}, but these turns have no store: set one, or \
             leave it out"
        ))),
    }
}

/// The refusal of any turn after the engine's shutdown.
pub(super) fn shut_down() -> Error {
    let why = "the turns were shut down: nothing of this one would be kept";
    Error::new(ErrorKind::Config, "turn.start", why)
        .with_hint("start turns before `shutdown`, or build new `Turns`")
}

/// The refusal of any turn after the shutdown of an outbox that the engine was given.
pub(super) fn without_outbox() -> Error {
    let why = "the outbox of the turns was shut down: nothing of this one would be kept";
    Error::new(ErrorKind::Config, "turn.start", why)
        .with_hint("shut the outbox down after the last turn, or build `Turns` with another outbox")
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, "turn.start", why)
}
