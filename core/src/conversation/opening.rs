//! The steps of a new conversation in an outbox: create it, start its session, deliver its first message.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tracing::Instrument;

use super::create::Progress;
use super::{Conversations, CreateError, NewConversation, Owner, SessionStart};
use crate::error::{Error, ErrorKind};
use crate::guard::Callback;
use crate::outbox::{Opened, Opener, Opening, OpeningCall, OpeningStep, Outcome};

/// Prefix of the reason of every dead letter whose conversation does not exist.
const FAILED: &str = "its workspace could not be created";

/// The plan of a conversation with this name, for the user of its record.
pub(crate) fn planned(name: &str) -> Opening {
    Opening::Planned(json!({"workspaceName": name}))
}

/// Opens conversations of an outbox in a store.
pub(crate) struct ConversationOpener(Arc<dyn Conversations>);

impl ConversationOpener {
    pub(crate) fn new(store: Arc<dyn Conversations>) -> Self {
        ConversationOpener(store)
    }
}

impl Opener for ConversationOpener {
    fn callback(&self) -> Callback {
        Callback::named("store", self.0.type_name())
    }

    fn open<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Opened> {
        Box::pin(async move {
            let step = call.observer.begins(OpeningStep::Create);
            let progress = Progress::new(call.requests);
            let name = call.plan.get("workspaceName").and_then(Value::as_str).unwrap_or_default();
            let owner = Owner::of(call.record);
            let new =
                NewConversation::new((owner, call.record.id()), name, call.is_again, &progress);
            let created = self.0.create(new).instrument(step).await.and_then(named);
            let result = created.as_ref().map(drop).map_err(CreateError::error);
            call.observer.ended(OpeningStep::Create, result);
            let failure = match created {
                Ok(id) => return Opened::As(id),
                Err(failure) => failure,
            };
            match failure.outcome(progress.is_requested()) {
                Some(outcome) => {
                    if progress.is_requested() {
                        call.requests.was_refused();
                    }
                    Opened::Not(about_the_creation(outcome))
                }
                None => Opened::InDoubt(in_doubt(&failure.error().to_string())),
            }
        })
    }

    fn begin<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let step = call.observer.begins(OpeningStep::Begin);
            let (owner, id) = (Owner::of(call.record), call.record.conversation());
            let session = SessionStart { owner, conversation_id: id, is_repeated: call.is_again };
            let started = self.0.start_session(session).instrument(step).await;
            call.observer.ended(OpeningStep::Begin, started.as_ref().copied());
            if let Err(error) = started {
                tracing::warn!(error.code = error.code(), "no session was started: {error}");
            }
        })
    }

    fn in_doubt(&self) -> String {
        in_doubt("the process that asked for it has ended")
    }
}

/// Checks the id of a created conversation.
fn named(id: String) -> Result<String, CreateError> {
    match id.trim().is_empty() {
        false => Ok(id),
        true => {
            let why = "the store gave the new workspace no id";
            Err(Error::new(ErrorKind::Decode, "store.create_workspace", why).into())
        }
    }
}

/// Adds to the outcome's reason that the creation failed.
fn about_the_creation(outcome: Outcome) -> Outcome {
    let about = |reason: String| format!("{FAILED}: {reason}");
    match outcome {
        Outcome::Retry { after, reason } => Outcome::Retry { after, reason: about(reason) },
        Outcome::Unavailable { after, reason } => {
            Outcome::Unavailable { after, reason: about(reason) }
        }
        Outcome::Dead { reason } => Outcome::Dead { reason: about(reason) },
        other => other,
    }
}

fn in_doubt(why: &str) -> String {
    format!(
        "{FAILED}: the store may have created it, but its answer was lost: check the store before this is sent again ({why})"
    )
}
