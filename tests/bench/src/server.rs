//! The server that the clients of all languages read from: HTTP/1.1, cheap, and told all by the path.
//!
//! `/{shape}/{framing}/{pace_ms}/{count}` is the base of a service whose every reply is a body of that shape with
//! that many chunks of text. With a pace the writes are that many milliseconds apart, without (0) they come as
//! fast as the client takes them. A POST to any path below it is answered with the stream, so that the base URL
//! `…/v1` suits clients of the LLM, and the base itself clients of a chat service. A GET of the base gives as JSON
//! the facts that a reader of the body must find.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use crate::bodies::{Body, SEED, Shape};
use crate::framing::{Framed, Framing};

/// Longest head and body of a request.
const LONGEST: usize = 1 << 20;
const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
    cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

/// A stream as its path describes it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Plan {
    /// The shape of the body.
    pub shape: Shape,
    /// The pieces that it comes in.
    pub framing: Framing,
    /// Milliseconds between two writes; 0 for a flood.
    pub pace_ms: u64,
    /// Number of chunks of text.
    pub count: usize,
}

impl Plan {
    /// The plan of a path, and the rest of the path below it; `None` for any other path.
    #[must_use]
    pub fn from_path(path: &str) -> Option<(Self, &str)> {
        let mut words = path.strip_prefix('/')?.splitn(5, '/');
        let plan = Plan {
            shape: Shape::from_name(words.next()?)?,
            framing: Framing::from_name(words.next()?)?,
            pace_ms: words.next()?.parse().ok()?,
            count: words.next()?.parse().ok()?,
        };
        Some((plan, words.next().unwrap_or_default()))
    }

    /// The path of the plan, which starts with a slash and does not end with one.
    #[must_use]
    pub fn path(&self) -> String {
        let Plan { shape, framing, pace_ms, count } = self;
        format!("/{shape}/{}/{pace_ms}/{count}", framing.name())
    }
}

/// Serves until the listener fails.
///
/// # Errors
/// When no connection can be accepted.
pub async fn serve(listener: TcpListener) -> Result<()> {
    let server = Arc::new(Server::default());
    loop {
        let (socket, _) = listener.accept().await.context("accepting a connection")?;
        let server = Arc::clone(&server);
        // A client that leaves early ends its own connection only.
        tokio::spawn(async move { server.connection(socket).await });
    }
}

#[derive(Default)]
struct Server {
    /// Replies as they are sent, each made once.
    replies: Mutex<HashMap<(Shape, Framing, usize), Arc<Reply>>>,
    streams: AtomicU32,
}

struct Reply {
    framed: Framed,
    /// The facts that a reader must find, as JSON.
    facts: String,
}

impl Server {
    async fn connection(&self, mut socket: TcpStream) -> Result<()> {
        socket.set_nodelay(true)?;
        let mut received = Vec::new();
        while let Some(request) = Request::read(&mut socket, &mut received).await? {
            match Plan::from_path(&request.path) {
                Some((plan, rest)) if request.method == "POST" && !rest.is_empty() => {
                    self.stream(&mut socket, plan).await?;
                }
                Some((plan, "")) if request.method == "GET" => {
                    answer(&mut socket, "200 OK", &self.reply(plan).facts).await?;
                }
                _ => {
                    let hint = "POST below /{shape}/{framing}/{pace_ms}/{count}, or GET that";
                    let error = json!({"error": {"message": hint}}).to_string();
                    answer(&mut socket, "404 Not Found", &error).await?;
                }
            }
        }
        Ok(())
    }

    async fn stream(&self, socket: &mut TcpStream, plan: Plan) -> Result<()> {
        let reply = self.reply(plan);
        socket.write_all(STREAM).await?;
        if plan.pace_ms == 0 {
            for write in reply.framed.writes() {
                socket.write_all(write).await?;
            }
            return Ok(());
        }
        let pace = Duration::from_millis(plan.pace_ms);
        // Streams that began together are spread evenly over the pace: multiples of the golden ratio.
        let number = self.streams.fetch_add(1, Ordering::Relaxed);
        let phase = pace.mul_f64(f64::from(number) * 0.618_033_988_749_895 % 1.0);
        let mut due = Instant::now() + phase;
        for write in reply.framed.writes() {
            sleep_until(due).await;
            socket.write_all(write).await?;
            due += pace;
        }
        Ok(())
    }

    fn reply(&self, plan: Plan) -> Arc<Reply> {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let Plan { shape, framing, count, .. } = plan;
        let new = || Arc::new(Reply::new(shape, framing, count));
        Arc::clone(replies.entry((shape, framing, count)).or_insert_with(new))
    }
}

impl Reply {
    fn new(shape: Shape, framing: Framing, count: usize) -> Self {
        let body = Body::new(shape, count, SEED);
        let facts = json!({
            "chunks": body.chunks, "events": body.ends.len(), "bytes": body.bytes.len(),
            "text_bytes": body.text_bytes, "text_chars": body.text_chars, "text_utf16": body.text_utf16,
        });
        Self { framed: Framed::new(&body, framing), facts: facts.to_string() }
    }
}

async fn answer(socket: &mut TcpStream, status: &str, body: &str) -> Result<()> {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    Ok(socket.write_all(answer.as_bytes()).await?)
}

/// A request, of which only the first line matters.
struct Request {
    method: String,
    path: String,
}

impl Request {
    /// The next request of the connection, whose body is skipped; `None` after the last.
    async fn read(socket: &mut TcpStream, received: &mut Vec<u8>) -> Result<Option<Self>> {
        loop {
            if let Some(length) = received.windows(4).position(|end| end == b"\r\n\r\n") {
                let head = std::str::from_utf8(received.get(..length).unwrap_or_default())?;
                let mut words = head.split(' ').map(str::to_owned);
                let (Some(method), Some(path)) = (words.next(), words.next()) else {
                    bail!("no method and path")
                };
                let whole = length + 4 + content_length(head)?;
                while received.len() < whole {
                    if !more(socket, received).await? {
                        bail!("the request ended early");
                    }
                }
                received.drain(..whole);
                return Ok(Some(Self { method, path }));
            }
            if !more(socket, received).await? {
                return Ok(None);
            }
        }
    }
}

fn content_length(head: &str) -> Result<usize> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    match lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        Some((_, value)) => Ok(value.trim().parse()?),
        None => Ok(0),
    }
}

async fn more(socket: &mut TcpStream, received: &mut Vec<u8>) -> Result<bool> {
    if received.len() > LONGEST {
        bail!("the request is too long");
    }
    Ok(socket.read_buf(received).await? > 0)
}

#[cfg(test)]
mod tests;
