//! A chat store that keeps messages, workspaces and sessions for as long as the example runs.

use std::io;
use std::time::Duration;

use turnwire_fakes::{FakeStore, Login};

use super::pace::jittered;

/// The simulated duration of a writing and of a reading call.
const WRITES: Duration = Duration::from_millis(50);
const READS: Duration = Duration::from_millis(20);

/// The simulated duration of saving a message, the slowest call.
const SAVES: Duration = Duration::from_millis(100);

/// A running chat store with one logged-in user. Dropping it closes its port and discards everything.
#[derive(Debug)]
pub struct Store {
    fake: FakeStore,
    user_id: String,
    login: Login,
}

impl Store {
    /// Starts the store on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the loopback interface has no free port.
    pub async fn start() -> io::Result<Self> {
        let fake = FakeStore::builder().pace(|call| jittered(time_of(call))).start().await?;
        let user_id = "user-1".to_owned();
        let login = fake.login(&user_id);
        Ok(Store { fake, user_id, login })
    }

    /// The URL for a client.
    pub fn url(&self) -> String {
        self.fake.url()
    }

    /// The logged-in user.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The user's tokens, required in every call.
    pub fn login(&self) -> &Login {
        &self.login
    }
}

fn time_of(call: &str) -> Duration {
    match call {
        "save" => SAVES,
        "create-workspace" | "start-session" => WRITES,
        _ => READS,
    }
}
