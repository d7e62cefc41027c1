//! The Spring Boot store: built, tested, and running.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::service::{self, Service};
use crate::step::Step;

/// The programs that it needs, with their packages.
pub(crate) const NEEDS: [(&str, &str); 3] =
    [("java", "openjdk-17-jdk-headless"), ("mvn", "maven"), service::NEEDS];

/// The secret of the fake store, whose tokens the tests use, in Base64.
const SECRET_OF_TESTS: &str = "dHVybndpcmUgZmFrZSBzdG9yZTogbm90IGEgc2VjcmV0IGF0IGFsbA==";

/// A running store. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct StoreServer {
    url: String,
    _service: Service,
}

impl StoreServer {
    /// Starts the built store for tests: with a database in memory, and the secret of the fake store.
    ///
    /// # Errors
    /// When it cannot be started; its own messages are on standard error.
    pub(crate) fn for_tests(repo: &Repo) -> Result<Self> {
        let mut command = command(repo);
        command
            .env("SPRING_DATASOURCE_URL", "jdbc:h2:mem:store")
            .env("CHAT_SECRET", SECRET_OF_TESTS)
            .env("LOGGING_LEVEL_ROOT", "WARN")
            .stdout(std::io::stderr());
        Self::start(&repo.target("store"), command)
    }

    /// Starts the command, and waits until the store answers. It writes its port into the folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(folder: &Path, mut command: Command) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let port_file = folder.join(format!("{}.port", std::process::id()));
        command.env("CHAT_PORT_FILE", &port_file);
        let mut service = Service::spawn("chat store", &command)?;
        let port: u16 =
            service.wait_for(|| fs::read_to_string(&port_file).ok()?.trim().parse().ok())?;
        fs::remove_file(&port_file)?;
        Ok(Self { url: format!("http://127.0.0.1:{port}"), _service: service })
    }

    /// Its address, for `TURNWIRE_STORE_URL` and similar.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The built store's command, on a free port of 127.0.0.1.
pub(crate) fn command(repo: &Repo) -> Command {
    let mut command = Command::new("java");
    command.arg("-jar").arg(jar(repo)).current_dir(repo.root().join(FOLDER));
    command.env("SERVER_PORT", "0").env("SERVER_ADDRESS", "127.0.0.1");
    command
}

const FOLDER: &str = "examples/spring-boot";

/// The built store.
pub(crate) fn jar(repo: &Repo) -> PathBuf {
    repo.root().join(FOLDER).join("target/chat-store.jar")
}

/// Builds the store and runs its tests. Nobody else builds it until the result is dropped.
///
/// # Errors
/// When a test fails, or Maven does.
pub(crate) fn test(repo: &Repo) -> Result<File> {
    maven(repo, &["verify"])
}

/// Builds the store. Nobody else builds it until the result is dropped.
///
/// # Errors
/// When Maven fails.
pub(crate) fn build(repo: &Repo) -> Result<File> {
    maven(repo, &["-DskipTests", "package"])
}

fn maven(repo: &Repo, arguments: &[&str]) -> Result<File> {
    let alone = repo.lock("chat-store")?;
    let maven = Step::new(repo, "mvn").args(["--quiet", "--batch-mode", "--file", FOLDER]);
    maven.args(arguments).output_to_stderr().run()?;
    Ok(alone)
}
