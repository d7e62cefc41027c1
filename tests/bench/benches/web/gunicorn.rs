//! A gunicorn with one worker, and requests to it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};
use serde_json::Value;

/// Variables of the environment that gunicorn gets.
const VARIABLES: [&str; 3] = ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH"];

/// The longest wait for gunicorn to listen.
const START: Duration = Duration::from_secs(30);

/// The mark of a token in an event stream.
const TOKEN: &[u8] = b"\"content\": ";

/// A running gunicorn, which ends when this is dropped.
pub(super) struct Gunicorn {
    child: Child,
    address: SocketAddr,
    /// The headers of each request.
    login: String,
}

impl Gunicorn {
    /// Serves the application of `tests/python/bench_web.py`, and waits until it answers.
    pub(super) fn start(python: &Path, worker: &str, client: &str, place: &Value) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let variables = VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let child = Command::new(python)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../python"))
            .args(["-m", "gunicorn", "--log-level", "warning", "--bind", &address.to_string()])
            .args(["--worker-class", worker, "--threads", "256", "--timeout", "120"])
            .arg("bench_web:app")
            .env_clear()
            .envs(variables)
            .env("BENCH_CLIENT", client)
            .env("BENCH_PLACE", place.to_string())
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", python.display()))?;
        let token = |name: &str| place[name].as_str().unwrap_or_default().to_owned();
        let login = format!(
            "Authorization: Bearer {}\r\nRefreshToken: Bearer {}\r\n",
            token("access"),
            token("refresh")
        );
        let server = Gunicorn { child, address, login };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(began.elapsed() < START, "gunicorn does not listen on {address}");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Sends a request with JSON, if there is any.
    pub(super) fn post(&self, path: &str, body: Option<&Value>) -> Result<Reply> {
        let Gunicorn { address, login, .. } = self;
        let body = body.map(Value::to_string).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\n{login}Content-Type: application/json\r\nContent-Length: \
             {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let mut socket = TcpStream::connect(address)?;
        socket.write_all(request.as_bytes())?;
        Ok(Reply { socket, received: Vec::new() })
    }

    /// Waits until the worker has saved all messages. Returns its process.
    pub(super) fn finish(&self) -> Result<i32> {
        let mut reply = self.post("/finish", None)?;
        reply.read_to_end()?;
        let text = reply.text();
        let body = text.rsplit("\r\n").next().unwrap_or_default();
        body.trim().parse().with_context(|| format!("/finish was answered with {text}"))
    }
}

impl Drop for Gunicorn {
    fn drop(&mut self) {
        // Not `Child::kill`: the worker would live on.
        let process = i32::try_from(self.child.id()).map(Pid::from_raw);
        if let Ok(process) = process {
            let _ = kill(process, Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

/// An answer that arrives.
pub(super) struct Reply {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Reply {
    /// Reads what there is; false at the end.
    pub(super) fn read_some(&mut self) -> Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = self.socket.read(&mut buffer)?;
        self.received.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(count > 0)
    }

    /// Reads all, which must be a success.
    pub(super) fn read_to_end(&mut self) -> Result<()> {
        self.socket.read_to_end(&mut self.received)?;
        let is_good = self.received.starts_with(b"HTTP/1.1 200 ");
        ensure!(is_good, "the answer is {}", self.text());
        Ok(())
    }

    /// The number of tokens that have arrived. The pieces of a chunked body are whole events, so none is split.
    pub(super) fn tokens(&self) -> usize {
        self.received.windows(TOKEN.len()).filter(|part| *part == TOKEN).count()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

/// The CPU time that a process has used, with all of its threads.
pub(super) fn cpu_time(process: i32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program, in parentheses, may have spaces.
    let (_, fields) = stat.rsplit_once(')').context("/proc has another form")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    let a_second = sysconf(SysconfVar::CLK_TCK)?.context("the system has no clock ticks")?;
    Ok(Duration::from_secs_f64(ticks as f64 / a_second as f64))
}
