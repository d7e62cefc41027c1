//! The Spring Boot store as a child process that does not outlive its parent.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::repo::Repo;
use crate::step::Step;

/// Its folder in the repository.
pub(crate) const FOLDER: &str = "examples/spring-boot";

/// The secret of the fake store, whose tokens the tests use.
const SECRET: &str = "dHVybndpcmUgZmFrZSBzdG9yZTogbm90IGEgc2VjcmV0IGF0IGFsbA==";

/// Time limit of the start, which takes seconds, and many on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Time limit of its exit, after which it is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// A running store. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct StoreServer {
    child: Child,
    port_file: PathBuf,
    url: String,
}

impl StoreServer {
    /// Starts the built store with a database in memory, and waits until it answers.
    ///
    /// # Errors
    /// Names the failed step; the store's own messages are on standard error.
    pub(crate) fn start(repo: &Repo) -> Result<Self> {
        let folder = repo.root().join(FOLDER);
        let port_file = repo.target("store").join(format!("{}.port", std::process::id()));
        fs::create_dir_all(repo.target("store"))?;
        // The kernel ends the store with this process in every case, also by SIGKILL.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "java", "-jar", "target/chat-store.jar"])
            .current_dir(&folder)
            .env("SERVER_PORT", "0")
            .env("SERVER_ADDRESS", "127.0.0.1")
            .env("SPRING_DATASOURCE_URL", "jdbc:h2:mem:store")
            .env("CHAT_SECRET", SECRET)
            .env("CHAT_PORT_FILE", &port_file)
            .env("LOGGING_LEVEL_ROOT", "WARN")
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .spawn()
            .context("running `setpriv … java -jar`")?;
        let mut server = Self { child, port_file, url: String::new() };
        let port = server.port().context("starting the Spring Boot store")?;
        server.url = format!("http://127.0.0.1:{port}");
        Ok(server)
    }

    /// The port, once the store has written it: then it answers.
    fn port(&mut self) -> Result<u16> {
        let deadline = Instant::now() + READY_WITHIN;
        while Instant::now() < deadline {
            let written = fs::read_to_string(&self.port_file).unwrap_or_default();
            if let Ok(port) = written.trim().parse() {
                return Ok(port);
            }
            if let Some(status) = self.child.try_wait().context("asking for its state")? {
                bail!("it ended with {status} before it was ready; its messages are above");
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("it was not ready within {} s", READY_WITHIN.as_secs())
    }

    /// Its address, for `TURNWIRE_STORE_URL` and similar.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for StoreServer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.port_file);
        // Its shutdown is graceful; all of these fail only for a child that has ended.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let deadline = Instant::now() + ENDS_WITHIN;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(20)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds the store and runs its tests.
///
/// # Errors
/// When a test fails, or Maven does.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    Step::new(repo, "mvn").args(["--quiet", "--batch-mode", "--file", FOLDER, "verify"]).run()
}
