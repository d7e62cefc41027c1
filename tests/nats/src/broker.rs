//! One NATS server with JetStream on loopback: started, killed, and started again on the same port, which stays its own, and folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use turnwire_fakes::ReservedPort;

use crate::process::Process;
use crate::wait::blocking;

/// Time limit of a start.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// The part of the server's log that a failing test shows, in lines.
const SHOWN_LINES: usize = 20;

/// A NATS server's program.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

impl Program {
    /// Debian's server, 2.9: the oldest that must work. The variable is `TURNWIRE_NATS_DEBIAN`.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn debian() -> Result<Self> {
        Self::from_variable("TURNWIRE_NATS_DEBIAN")
    }

    /// A recent server. The variable is `TURNWIRE_NATS_RECENT`.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn recent() -> Result<Self> {
        Self::from_variable("TURNWIRE_NATS_RECENT")
    }

    fn from_variable(name: &str) -> Result<Self> {
        match std::env::var_os(name) {
            Some(path) => Ok(Self(path.into())),
            None => bail!("{name} names no program: run `cargo xtask test nats`, which sets it"),
        }
    }

    /// Its version, such as `2.9.10`.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn version(&self) -> Result<String> {
        let asking = || format!("asking {} for its version", self.0.display());
        let output = Command::new(&self.0).arg("--version").output().with_context(asking)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.trim().rsplit('v').next().with_context(asking)?;
        Ok(version.to_owned())
    }

    /// True if the server can write each message to the disk before it confirms it, which 2.9 cannot.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn can_sync_always(&self) -> Result<bool> {
        Ok(!self.version()?.starts_with("2.9."))
    }
}

/// A server. Dropping it kills it and deletes its folder.
#[derive(Debug)]
pub struct Broker {
    program: Program,
    // Before the folder, as fields are dropped in this order: a server that runs would write into a folder that is being deleted.
    process: Option<Process>,
    folder: TempDir,
    port: ReservedPort,
}

impl Broker {
    /// Starts a server on a port of the system's choice.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Program) -> Result<Self> {
        Self::with(program, "", "")
    }

    /// Starts a server with more settings: in its block `jetstream`, and at the end of its configuration.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn with(program: &Program, jetstream: &str, more: &str) -> Result<Self> {
        let mut broker = Self::stopped(program, jetstream, more)?;
        broker.restart()?;
        Ok(broker)
    }

    /// A server that does not run yet, on a port of its own.
    ///
    /// # Errors
    /// When its folder cannot be written, or no port is free.
    pub fn stopped(program: &Program, jetstream: &str, more: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("turnwire-nats-").tempdir()?;
        let storage = folder.path().join("storage");
        let text = format!("jetstream {{ store_dir: {storage:?}\n{jetstream} }}\n{more}\n");
        fs::write(config(folder.path()), text)?;
        let port = ReservedPort::new()?;
        Ok(Self { program: program.clone(), folder, port, process: None })
    }

    /// The port of its clients.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.port()
    }

    /// `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
    }

    /// True while the process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Kills it, as a crash would: the memory of the process is lost, and what it wrote stays.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Freezes it: its connections stay, and it answers nothing. Only [`kill`](Self::kill) ends that.
    ///
    /// # Errors
    /// When it does not run any more.
    pub fn freeze(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), Process::freeze)
    }

    /// Ends it in an orderly way.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.terminate().map(drop))
    }

    /// Starts it on its port, with its folder, and waits until clients can connect.
    ///
    /// # Errors
    /// When it cannot be started, with the end of its log.
    pub fn restart(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let port = self.port().to_string();
        let mut command = Command::new(&self.program.0);
        command.args(["-a", "127.0.0.1", "-p", &port]).arg("-c").arg(config(folder));
        command.arg("-l").arg(log(folder)).arg("--ports_file_dir").arg(folder);
        let mut process = Process::spawn("nats-server", &command)?;
        // The server writes the file when it listens.
        let ports = format!("{}.ports", process.id());
        blocking("the start of nats-server", READY_WITHIN, || {
            if let Some(status) = process.ended()? {
                bail!("nats-server ended with {status}: {}", self.log_end());
            }
            Ok(is_listening(folder, &ports).then_some(()))
        })?;
        self.process = Some(process);
        Ok(())
    }

    fn log_end(&self) -> String {
        let text = fs::read_to_string(log(self.folder.path())).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(SHOWN_LINES);
        lines.get(first..).unwrap_or_default().join("\n")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Fails only for a server that has ended.
        let _ = self.kill();
        if std::thread::panicking() {
            let log = self.log_end();
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("the end of the log of {}:\n{log}\n", self.program.0.display()).as_bytes(),
            );
        }
    }
}

fn config(folder: &Path) -> PathBuf {
    folder.join("server.conf")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

/// True once the file of ports, whose name ends as given, is complete.
fn is_listening(folder: &Path, ending: &str) -> bool {
    let mut files = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let file = files.find(|path| path.to_string_lossy().ends_with(ending));
    let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|ports| ports.get("nats").is_some())
}
