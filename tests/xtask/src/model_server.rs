//! The real model's server as a child process that does not outlive its parent.
//!
//! The child ends when its standard input does. Only this process holds the other end, so the
//! child ends with this process in every case: return, panic, Ctrl-C, or SIGKILL, which no
//! handler can catch.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::repo::Repo;
use crate::venv::Venv;

const SOURCES: &str = "tests/local-llm";
/// The folder of the environment and of the weights, below that of the build.
const DATA: &str = "local-llm";
/// Time limit of the start: joining and loading the weights takes seconds, on a cold disk many.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Time limit of a server's exit, after which it is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct ModelServer {
    child: Child,
    lifeline: Option<ChildStdin>,
    announcement: String,
    base_url: String,
}

impl ModelServer {
    /// Installs the server's dependencies, starts it, and waits until it answers.
    ///
    /// # Errors
    /// Names the failed step; the programs' own messages are on standard error.
    pub(crate) fn start(repo: &Repo, port: Option<u16>) -> Result<Self> {
        let mut command = Command::new(Self::python(repo)?);
        command.arg(repo.root().join(SOURCES).join("serve.py"));
        command.arg("--data-dir").arg(repo.target(DATA));
        command.arg("--until-stdin-closes");
        if let Some(port) = port {
            command.arg("--port").arg(port.to_string());
        }
        Self::spawn(command, READY_WITHIN).context("starting the model server")
    }

    /// Installs the server's dependencies, and returns their interpreter.
    ///
    /// # Errors
    /// When they cannot be installed.
    pub(crate) fn python(repo: &Repo) -> Result<PathBuf> {
        let pinned = repo.root().join(SOURCES).join("requirements.txt");
        let venv = Venv::prepare(repo, &repo.target(DATA).join("venv"), &pinned);
        Ok(venv.context("installing the model server")?.python().to_owned())
    }

    fn spawn(mut command: Command, ready_within: Duration) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("running {}", command.get_program().display()))?;
        let lifeline = child.stdin.take();
        let output = child.stdout.take().context("the child has no standard output")?;
        // From here on, returning drops the server, which ends the child.
        let mut server =
            Self { child, lifeline, announcement: String::new(), base_url: String::new() };
        server.announcement = server.first_line(output, ready_within)?;
        server.base_url = base_url_in(&server.announcement)
            .with_context(|| format!("the server announced itself as {:?}", server.announcement))?
            .to_owned();
        Ok(server)
    }

    fn first_line(&mut self, output: ChildStdout, ready_within: Duration) -> Result<String> {
        let (sender, receiver) = mpsc::channel();
        // A thread, because reading from a pipe has no time limit. It ends with the child.
        thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line);
            // The receiver is gone after the time limit.
            let _ = sender.send(read.map(|_| line));
        });
        let line = receiver
            .recv_timeout(ready_within)
            .with_context(|| format!("it was not ready within {} s", ready_within.as_secs()))?
            .context("reading its standard output")?;
        if line.is_empty() {
            let status = self.child.wait().context("waiting for its end")?;
            bail!("it ended with {status} before it was ready; what it said is above");
        }
        Ok(line.trim_end().to_owned())
    }

    /// URL of the server, for `OPENAI_BASE_URL` and similar.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The line of JSON that the server printed.
    pub(crate) fn announcement(&self) -> &str {
        &self.announcement
    }

    /// Keeps the server alive: dropping it ends the server.
    pub(crate) fn take_lifeline(&mut self) -> Option<ChildStdin> {
        self.lifeline.take()
    }

    /// Waits until the server ends.
    ///
    /// # Errors
    /// When it ends without success.
    pub(crate) fn wait(mut self) -> Result<()> {
        let status = self.child.wait().context("waiting for the model server to end")?;
        if !status.success() {
            bail!("the model server ended with {status}");
        }
        Ok(())
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let deadline = Instant::now() + ENDS_WITHIN;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(20)),
                // Ended, or its state cannot be queried.
                Ok(Some(_)) | Err(_) => return,
            }
        }
        // Both fail only for a child that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Extracts the address from the line. The line is written by `serve.py`, so a JSON parser, which
/// would slow down every clean build, is not needed.
fn base_url_in(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(r#"url": ""#)?;
    let (url, _) = rest.split_once('"')?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = r#"{"base_url": "http://127.0.0.1:8080/v1", "model": "gemma3-270m"}"#;

    fn shell(script: &str, ready_within: Duration) -> Result<ModelServer> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        ModelServer::spawn(command, ready_within)
    }

    #[test]
    fn the_address_is_read_from_the_announcement() {
        let server = shell(&format!("echo '{READY}'; cat"), READY_WITHIN).unwrap();
        assert_eq!(server.base_url(), "http://127.0.0.1:8080/v1");
        assert_eq!(server.announcement(), READY);
    }

    #[test]
    fn a_server_that_is_dropped_ends_without_being_killed() {
        let ended = std::env::temp_dir().join(format!("turnwire-model-{}", std::process::id()));
        let script = format!("echo '{READY}'; cat; touch {}", ended.display());
        drop(shell(&script, READY_WITHIN).unwrap());
        std::fs::remove_file(ended).unwrap();
    }

    #[test]
    fn the_server_ends_when_its_lifeline_is_dropped() {
        let mut server = shell(&format!("echo '{READY}'; exec cat"), READY_WITHIN).unwrap();
        drop(server.take_lifeline());
        server.wait().unwrap();
    }

    #[test]
    fn a_server_that_ends_too_early_is_an_error_with_its_status() {
        let error = shell("exit 7", READY_WITHIN).unwrap_err();
        assert!(error.to_string().contains("exit status: 7"), "{error}");
    }

    #[test]
    fn a_server_that_is_never_ready_is_given_up() {
        let error = shell("exec cat", Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("not ready within"), "{error}");
    }

    #[test]
    fn an_announcement_without_an_address_is_an_error() {
        let error = shell("echo hello; cat", READY_WITHIN).unwrap_err();
        assert!(error.to_string().contains("hello"), "{error}");
    }
}
