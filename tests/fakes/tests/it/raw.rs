//! A raw client: bytes out, bytes in, chunks kept separate.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use turnwire_fakes::{Fake, Script};

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    /// The HTTP chunks, or the whole body.
    pub(crate) chunks: Vec<Vec<u8>>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.chunks.concat()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The SSE data, `[DONE]` as a string.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.text()
            .split("\n\n")
            .filter_map(|event| event.strip_prefix("data: "))
            .map(|data| match data {
                "[DONE]" => json!("[DONE]"),
                data => serde_json::from_str(data).unwrap(),
            })
            .collect()
    }

    /// The text that a reader of the stream sees.
    pub(crate) fn content(&self) -> String {
        self.events().iter().filter_map(|e| e["choices"][0]["delta"]["content"].as_str()).collect()
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream, unread: Vec::new() }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: fake\r\nContent-Length: {length}");
        self.write(format!("{head}\r\n\r\n{body}").as_bytes());
    }

    /// A chat request for a model, streamed.
    pub(crate) fn ask(&mut self, model: &str) {
        let body = json!({
            "model": model, "stream": true, "messages": [{"role": "user", "content": "hello"}],
        });
        self.send("POST", "/v1/chat/completions", &body.to_string());
    }

    pub(crate) fn read_head(&mut self) -> Head {
        let head = String::from_utf8(self.read_until(b"\r\n\r\n").unwrap()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Head { status, headers }
    }

    pub(crate) fn read_reply(&mut self) -> Reply {
        let head = self.read_head();
        let chunks = if matches!(head.status, 204 | 304) {
            Vec::new()
        } else if head.header("transfer-encoding") == Some("chunked") {
            let mut chunks = Vec::new();
            while let Some(chunk) = self.read_chunk().unwrap() {
                chunks.push(chunk);
            }
            chunks
        } else if let Some(length) = head.header("content-length") {
            vec![self.read_exactly(length.parse().unwrap()).unwrap()]
        } else {
            vec![self.read_to_end().unwrap()]
        };
        Reply { head, chunks }
    }

    /// The next HTTP chunk; `None` is the end of the body.
    pub(crate) fn read_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let line = self.read_until(b"\r\n")?;
        let size = std::str::from_utf8(&line).unwrap().trim_end();
        let size = usize::from_str_radix(size, 16).unwrap();
        let mut chunk = self.read_exactly(size + 2)?;
        chunk.truncate(size);
        Ok((size > 0).then_some(chunk))
    }

    pub(crate) fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        while self.fill()? > 0 {}
        Ok(std::mem::take(&mut self.unread))
    }

    fn read_until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|window| window == end) {
                return Ok(self.unread.drain(..at + end.len()).collect());
            }
            self.fill_some()?;
        }
    }

    fn read_exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            self.fill_some()?;
        }
        Ok(self.unread.drain(..length).collect())
    }

    fn fill_some(&mut self) -> io::Result<()> {
        match self.fill()? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 64 * 1024];
        let count = self.stream.read(&mut bytes)?;
        self.unread.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

/// The reply to a streamed chat request with this script.
pub(crate) fn reply_to(script: Script) -> Reply {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", script);
    let mut client = Client::connect(fake.address());
    client.ask("m");
    client.read_reply()
}
