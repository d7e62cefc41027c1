//! A new workspace, made beside the reply: named, created, its session started, and what is held for it released.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::keeper::Keeper;
use super::settings::TurnsBuilder;
use super::timeline::Recorder;
use super::{StageName, naming};
use crate::{ChatStore, Error, ErrorKind};

/// How often a store that answers is asked again.
const TRIES: u32 = 5;

/// The waits between tries double from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// What a new workspace is made from.
pub(super) struct Beginning {
    pub(super) settings: Arc<TurnsBuilder>,
    pub(super) store: ChatStore,
    pub(super) keeper: Keeper,
    pub(super) recorder: Recorder,
    pub(super) user: String,
    pub(super) message: String,
}

/// Makes a workspace, tells its id as soon as it is known (nothing, when there will be none), and lets go of the
/// messages that wait for it.
///
/// It belongs to no reader: a turn that is left still gets its workspace, because its messages need one.
pub(super) async fn make(from: Beginning, known: oneshot::Sender<String>) {
    let Beginning { settings, store, keeper, recorder, user, message } = from;
    let name = naming::name(&settings, &recorder, &message).await;
    match create(&store, &recorder, &user, &name).await {
        Ok(id) => {
            // Nobody may be listening any more.
            let _ = known.send(id.clone());
            // Before the first message, or else that one is not counted.
            let stage = recorder.begin(StageName::StartSession);
            match store.start_session(&id, &user).await {
                Ok(()) => stage.done(),
                Err(error) => stage.failed_by(&error),
            }
            keeper.settle(Ok(id));
        }
        Err(error) => keeper.settle(Err(&error)),
    }
}

/// Creates the workspace. A store that cannot be reached has created nothing, so it is tried until it can; one that
/// answers is asked again only where that may help, and after an answer that was lost, not at all: it may have created
/// the workspace.
async fn create(
    store: &ChatStore,
    recorder: &Recorder,
    user: &str,
    name: &str,
) -> Result<String, Error> {
    let mut tries = 0;
    let mut wait = FIRST_WAIT;
    loop {
        let stage = recorder.begin(StageName::CreateWorkspace);
        let error = match store.create_workspace(user, name).await {
            Ok(workspace) if workspace.id.is_empty() => {
                let why = "the store gave the new workspace no id";
                Error::new(ErrorKind::Decode, "turn.workspace", why)
            }
            Ok(workspace) => {
                stage.done();
                return Ok(workspace.id);
            }
            Err(error) => error,
        };
        stage.failed_by(&error);
        tries += 1;
        let may_help = error.status().is_some() && error.is_retryable() && tries < TRIES;
        if !(error.is_connect() || may_help) {
            return Err(error);
        }
        sleep(error.retry_after().unwrap_or(wait)).await;
        wait = (wait * 2).min(LAST_WAIT);
    }
}
