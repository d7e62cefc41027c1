//! Hands a turn's messages to the outbox: at once where the workspace is known, else held until it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::StageName;
use super::saves::Saves;
use super::timeline::Recorder;
use crate::{Error, Outbox, Record, Result, StoreMessage, Tokens};

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
    home: Home,
    user: StoreMessage,
    /// Messages that were held, in their order.
    held: Vec<StoreMessage>,
}

/// Where the messages belong.
enum Home {
    /// It is being made.
    Expected,
    Workspace(String),
    /// It could not be made, and why.
    Missing(String),
}

impl Home {
    /// The id, as a message has it.
    fn id(&self) -> &str {
        match self {
            Home::Workspace(id) => id,
            Home::Expected | Home::Missing(_) => "",
        }
    }
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
        let home = workspace.map_or(Home::Expected, Home::Workspace);
        let state = State { home, user: message.clone(), held: Vec::new() };
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
        message.workspace_id = state.home.id().to_owned();
        self.keep(&mut state, message, StageName::SaveAi);
    }

    /// The id of the user's message.
    pub(super) fn message_id(&self) -> String {
        self.lock().user.id.clone()
    }

    /// The workspace is known: what was held goes on its way, in its order. An error says that there will be none: then
    /// the messages become dead letters, on which it stands.
    pub(super) fn settle(&self, workspace: Result<String, &Error>) {
        let mut state = self.lock();
        state.home = match workspace {
            Ok(id) => Home::Workspace(id),
            Err(error) => {
                let why = error.message();
                Home::Missing(format!("its workspace could not be created: {why}"))
            }
        };
        state.user.workspace_id = state.home.id().to_owned();
        for mut message in std::mem::take(&mut state.held) {
            message.workspace_id = state.home.id().to_owned();
            if let Home::Missing(why) = &state.home {
                self.0.saves.give_up(&message.id, why);
            }
            let released =
                record(&self.0, message).and_then(|record| self.0.outbox.release(record));
            if let Err(error) = released {
                tracing::error!(
                    error.code = error.code(),
                    "a held message could not be released: {error}"
                );
            }
        }
    }

    fn keep(&self, state: &mut State, message: StoreMessage, stage: StageName) {
        self.0.saves.watch(&message.id, stage, &self.0.recorder);
        if let Home::Missing(why) = &state.home {
            self.0.saves.give_up(&message.id, why);
        }
        let is_expected = matches!(state.home, Home::Expected);
        let kept = record(&self.0, message.clone()).and_then(|record| match is_expected {
            true => self.0.outbox.hold(record),
            false => self.0.outbox.enqueue(record),
        });
        match kept {
            Ok(_) if is_expected => state.held.push(message),
            Ok(_) => {}
            Err(error) => {
                self.0.saves.forget(&message.id);
                self.0.recorder.begin(stage).failed_by(&error);
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
