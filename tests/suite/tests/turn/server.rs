//! A chat service in a few lines: it answers every request with a turn's event stream.

use std::net::SocketAddr;

use futures::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use turnwire::event::RESPONSE_HEADERS;
use turnwire::{TurnRequest, Turns};

/// A running service; dropping it ends it.
pub(crate) struct Server {
    address: SocketAddr,
    task: AbortHandle,
}

impl Server {
    /// Serves turns; `ask` converts the request's JSON to each turn's request.
    pub(crate) async fn start(
        turns: Turns,
        ask: impl Fn(&Value) -> TurnRequest + Send + Sync + Clone + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, turns.clone(), ask.clone()));
            }
        });
        Server { address, task: task.abort_handle() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, turns: Turns, ask: impl Fn(&Value) -> TurnRequest) {
    let request = read_json(&mut stream).await;
    let mut head = "HTTP/1.1 200 OK\r\nConnection: close\r\n".to_owned();
    for (name, value) in RESPONSE_HEADERS {
        head += &format!("{name}: {value}\r\n");
    }
    head += "Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = turns.start(ask(&request)).sse();
    while let Some(Ok(piece)) = bytes.next().await {
        let size = format!("{:x}\r\n", piece.len());
        let chunk = [size.as_bytes(), &piece, b"\r\n"].concat();
        if stream.write_all(&chunk).await.is_err() {
            return; // the reader has gone, and the turn with it
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
}

/// The body of a request of known length.
async fn read_json(stream: &mut TcpStream) -> Value {
    let mut read = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let size = stream.read(&mut piece).await.unwrap();
        assert!(size > 0, "the request ended early");
        read.extend_from_slice(&piece[..size]);
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(json) = serde_json::from_str(body)
        {
            return json;
        }
    }
}
