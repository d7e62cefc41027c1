//! The server as a process of its own, so that its CPU time is not counted with a client's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A running `turnwire-bench-server`, which ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts the program and waits until it listens.
    ///
    /// # Errors
    /// When the program is missing or fails.
    pub fn start(program: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Ready {
            url: String,
        }
        let mut command = Command::new(program);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the server has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Ready = serde_json::from_str(&line)
            .with_context(|| format!("the server printed {line:?} in place of its URL"))?;
        Ok(Self { child, url: ready.url })
    }

    /// The server's URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The facts that a reader of a body must find.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Facts {
    /// Number of chunks with text.
    pub chunks: usize,
    /// Bytes of all events.
    pub bytes: usize,
    /// Bytes of the text.
    pub text_bytes: usize,
}

impl Facts {
    /// Requests the facts of a body from the server.
    ///
    /// # Errors
    /// When the server does not answer, or knows no such body.
    pub fn request(base_url: &str) -> Result<Self> {
        let address = base_url.strip_prefix("http://").context("the URL is not http")?;
        let (host, path) = address.split_once('/').context("the URL has no path")?;
        let mut socket = TcpStream::connect(host)?;
        write!(socket, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
        socket.shutdown(std::net::Shutdown::Write)?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200 "), "{base_url} was answered with {answer}");
        let (_, json) = answer.split_once("\r\n\r\n").context("the answer has no body")?;
        Ok(serde_json::from_str(json)?)
    }
}
