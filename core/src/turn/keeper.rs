//! Hands a turn's messages to the outbox: at once where the workspace is known, else held until it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::StageName;
use super::saves::Saves;
use super::timeline::Recorder;
use crate::{Outbox, Record, Result, StoreMessage, Tokens};

/// What keeps the two messages of one turn.
#[derive(Clone)]
pub(super) struct Keeper(Arc<Shared>);

struct Shared {
    outbox: Outbox,
    saves: Saves,
    recorder: Recorder,
    tokens: Option<Tokens>,
    user: String,
    /// The conversation of records whose workspace is not known: nobody else's.
    waiting_room: String,
    state: Mutex<State>,
}

struct State {
    workspace: Option<String>,
    user: StoreMessage,
    /// Messages that were held, in their order.
    held: Vec<StoreMessage>,
}

impl Keeper {
    /// Takes the user's message, and hands it over.
    pub(super) fn new(
        (outbox, saves): (Outbox, Saves),
        recorder: Recorder,
        tokens: Option<Tokens>,
        user: &str,
        message: &str,
        workspace: Option<String>,
    ) -> Self {
        let at = workspace.clone().unwrap_or_default();
        let message = StoreMessage::from_user(at, user, message, now());
        let state = State { workspace, user: message.clone(), held: Vec::new() };
        let shared = Shared {
            outbox,
            saves,
            recorder,
            tokens,
            user: user.to_owned(),
            waiting_room: format!("turn-{}", Uuid::now_v7()),
            state: Mutex::new(state),
        };
        let keeper = Keeper(Arc::new(shared));
        keeper.keep(&mut keeper.lock(), message, StageName::SaveUser);
        keeper
    }

    /// Hands the AI's message over. There is none without text.
    pub(super) fn keep_reply(&self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let mut state = self.lock();
        let mut message = StoreMessage::reply_to(&state.user, text, now());
        message.workspace_id = state.workspace.clone().unwrap_or_default();
        self.keep(&mut state, message, StageName::SaveAi);
    }

    /// The workspace is known: what was held goes on its way, in its order. `None` says that there will be none: then
    /// the store decides, and its word stands on the dead letters.
    pub(super) fn settle(&self, workspace: Option<String>) {
        let mut state = self.lock();
        let workspace = workspace.unwrap_or_default();
        for mut message in std::mem::take(&mut state.held) {
            message.workspace_id.clone_from(&workspace);
            let released =
                record(&self.0, message).and_then(|record| self.0.outbox.release(record));
            if let Err(error) = released {
                tracing::error!(
                    error.code = error.code(),
                    "a held message could not be released: {error}"
                );
            }
        }
        state.user.workspace_id.clone_from(&workspace);
        state.workspace = Some(workspace);
    }

    fn keep(&self, state: &mut State, message: StoreMessage, stage: StageName) {
        let is_known = state.workspace.is_some();
        self.0.saves.expect(&message.id, stage, &self.0.recorder);
        let kept = record(&self.0, message.clone()).and_then(|record| match is_known {
            true => self.0.outbox.enqueue(record),
            false => self.0.outbox.hold(record),
        });
        match kept {
            Ok(_) if is_known => {}
            Ok(_) => state.held.push(message),
            Err(error) => {
                self.0.saves.forget(&message.id);
                self.0.recorder.begin(stage).failed(error.to_string());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A message is moved whole or not at all, so a poisoned state is whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record(shared: &Shared, message: StoreMessage) -> Result<Record> {
    let conversation = match message.workspace_id.as_str() {
        "" => &shared.waiting_room,
        workspace => workspace,
    };
    let mut record = Record::new(conversation, &message.id, message.to_json()?).user(&shared.user);
    if let Some(tokens) = &shared.tokens {
        record = record.tokens(tokens.clone());
    }
    Ok(record)
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
