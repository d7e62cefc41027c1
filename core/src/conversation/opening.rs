//! The steps of a new conversation in an outbox: create it, start its session, deliver its first message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tracing::Instrument;

use super::create::{Effect, Progress};
use super::{Conversations, CreateError, Found, NewConversation, Owner, SessionStart};
use crate::error::{Error, ErrorKind};
use crate::guard::Callback;
use crate::outbox::{Begun, Opened, Opener, Opening, OpeningCall, OpeningStep, Outcome};
use crate::process::PerProcess;

/// Prefix of the reason of every dead letter whose conversation does not exist.
const FAILED: &str = "its workspace could not be created";

/// The same of one that may exist.
const LOST: &str =
    "its workspace could not be created: the store may have created it, but its answer was lost";

/// The operation name in errors of a creation.
const CREATE: &str = "store.create_workspace";

/// The plan of a conversation with this name, for the user of its record.
pub(crate) fn planned(name: &str) -> Opening {
    Opening::Planned(json!({"workspaceName": name}))
}

/// The most requests for a session whose answers are lost. A store that never answers them must not keep the messages.
const MOST_UNANSWERED: u8 = 3;

/// The number of these, by the record that opens the conversation. An outbox makes an opener for each of its calls.
static UNANSWERED: PerProcess<Arc<Mutex<HashMap<String, u8>>>> = PerProcess::new();

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
            let name = call.plan.get("workspaceName").and_then(Value::as_str).unwrap_or_default();
            let progress = Progress::new(call.requests);
            let new = NewConversation::new(&call, name, &progress);
            let opened = self.find_or_create(new, &call).instrument(step).await;
            call.observer
                .ended(OpeningStep::Create, opened.as_ref().map(drop).map_err(Failed::error));
            match opened {
                Ok(opened) => opened,
                Err(Failed::Unknown(error)) => Opened::InDoubt(in_doubt(&error.to_string())),
                Err(Failed::Search(failure)) => match failure.effect(false) {
                    Effect::Nothing(Outcome::Dead { reason }) => Opened::InDoubt(in_doubt(&reason)),
                    Effect::Nothing(outcome) | Effect::Lost(outcome) => {
                        Opened::Not(about(&format!("{LOST}, and it cannot be looked for"), outcome))
                    }
                    Effect::InDoubt => Opened::InDoubt(in_doubt(&failure.error().to_string())),
                },
                Err(Failed::Creation(failure)) => match failure.effect(progress.is_requested()) {
                    Effect::Nothing(outcome) => {
                        if progress.is_requested() {
                            call.requests.was_refused();
                        }
                        Opened::Not(about(FAILED, outcome))
                    }
                    Effect::Lost(outcome) => Opened::Lost(about(LOST, outcome)),
                    Effect::InDoubt => Opened::InDoubt(in_doubt(&failure.error().to_string())),
                },
            }
        })
    }

    fn begin<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Begun> {
        Box::pin(async move {
            let step = call.observer.begins(OpeningStep::Begin);
            let (owner, id) = (Owner::of(call.record), call.record.conversation());
            let session = SessionStart { owner, conversation_id: id, is_repeated: call.is_again };
            let started = self.0.start_session(session).instrument(step).await;
            call.observer.ended(OpeningStep::Begin, started.as_ref().copied());
            let begun = match &started {
                Ok(()) => Begun::Done,
                Err(error) => after(error, call.record.id()),
            };
            if begun == Begun::Done {
                with_unanswered(|counts| counts.remove(call.record.id()));
            }
            begun
        })
    }
}

impl ConversationOpener {
    /// Creates the conversation, unless it is found where it is in doubt.
    async fn find_or_create(
        &self,
        new: NewConversation<'_>,
        call: &OpeningCall<'_>,
    ) -> Result<Opened, Failed> {
        if call.is_doubted {
            match self.0.find(new).await.map_err(Failed::Search)? {
                Found::Here(id) => return named(id).map(Opened::Found).map_err(Failed::Search),
                Found::Nowhere => call.requests.was_refused(),
                Found::Unknown => return Err(Failed::Unknown(unanswered())),
            }
        }
        let created = self.0.create(new).await.and_then(named);
        created.map(Opened::As).map_err(Failed::Creation)
    }
}

/// Decides whether a session is started again after this error: without one, no message of the conversation is counted. A store
/// that is not reached takes no message either, so nothing waits longer for it. One whose answer is lost may have started the
/// session, and is asked for it before the next request.
fn after(error: &Error, record: &str) -> Begun {
    let outcome = Outcome::from(error);
    let is_lost = error.kind().is_retryable() && matches!(outcome, Outcome::Unavailable { .. });
    if error.is_connect() || (is_lost && !is_lost_for_good(record)) {
        return Begun::Later(outcome);
    }
    tracing::warn!(error.code = error.code(), "no session was started: {error}");
    Begun::Done
}

/// Counts a lost answer; returns true after too many, when the request is not repeated.
fn is_lost_for_good(record: &str) -> bool {
    with_unanswered(|counts| {
        let times = counts.entry(record.to_owned()).or_default();
        *times += 1;
        *times >= MOST_UNANSWERED
    })
}

fn with_unanswered<T>(act: impl FnOnce(&mut HashMap<String, u8>) -> T) -> T {
    let counts = UNANSWERED.get_or_make(Arc::default);
    // Counts are consistent after a panic, too.
    act(&mut counts.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The step that failed.
enum Failed {
    /// The search; the conversation is in doubt still.
    Search(CreateError),
    Creation(CreateError),
    /// The store cannot search.
    Unknown(Error),
}

impl Failed {
    fn error(&self) -> &Error {
        match self {
            Failed::Search(failure) | Failed::Creation(failure) => failure.error(),
            Failed::Unknown(error) => error,
        }
    }
}

fn unanswered() -> Error {
    let why = "no workspace is certainly the one that was requested";
    Error::new(ErrorKind::Storage, CREATE, why)
}

/// Checks the id of a created conversation.
fn named(id: String) -> Result<String, CreateError> {
    match id.trim().is_empty() {
        false => Ok(id),
        true => {
            let why = "the store gave the new workspace no id";
            Err(Error::new(ErrorKind::Decode, CREATE, why).into())
        }
    }
}

/// Adds to the outcome's reason how the creation failed.
fn about(failed: &str, outcome: Outcome) -> Outcome {
    let about = |reason: String| format!("{failed}: {reason}");
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
    format!("{LOST}: check the store before this is sent again ({why})")
}
