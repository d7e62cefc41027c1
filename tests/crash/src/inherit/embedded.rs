//! The embedded store, alone and behind turns.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::StreamExt;
use tokio::runtime::Runtime;
use turnwire::{Error, SqliteStore, TurnEvent, TurnRequest, Turns};

use super::clients::{self, Client, DEADLINE, delivered};
use super::{Place, USER};

struct Embedded {
    turns: Turns,
    store: SqliteStore,
}

pub(super) fn open(place: &Place) -> Result<Box<dyn Client>> {
    let directory = std::path::Path::new(&place.directory);
    let store = SqliteStore::open(directory.join("chat.db"))?;
    let turns = Turns::builder(clients::llm(place)?).store(store.clone()).build()?;
    Ok(Box::new(Embedded { turns, store }))
}

/// Returns true for the error of a process that was forked in the middle of a call of SQLite: it cannot use the store,
/// and must say so rather than hang.
fn is_cut_off(error: &Error) -> bool {
    error.code() == "storage" && error.message().contains("forked in the middle of a call")
}

impl Client for Embedded {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        let made = runtime.block_on(self.store.create_workspace(USER, name));
        let workspace = match made {
            Err(error) if is_cut_off(&error) => None,
            made => Some(made?.id),
        };
        let message = format!("{name} one two three");
        let request = TurnRequest::new(message).user_id(USER);
        let request = request.workspace(workspace.as_deref().unwrap_or("unreachable"));
        let events: turnwire::Result<Vec<TurnEvent>> = runtime.block_on(async {
            self.turns.start(request).collect::<Vec<_>>().await.into_iter().collect()
        });
        ensure!(!events?.is_empty(), "the turn has no events");
        let Some(workspace) = workspace else { return Ok(()) };
        let began = Instant::now();
        while runtime.block_on(self.store.history(USER, &workspace))?.len() < 2 {
            ensure!(began.elapsed() < DEADLINE, "the messages were not saved");
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn leave(&self, runtime: &Runtime) -> Result<()> {
        match runtime.block_on(self.store.workspaces(USER)) {
            // The messages stay in the outbox.
            Err(error) if is_cut_off(&error) => Ok(()),
            found => {
                found?;
                delivered(runtime.block_on(self.turns.flush(DEADLINE)))?;
                delivered(runtime.block_on(self.turns.shutdown(DEADLINE)))
            }
        }
    }
}
