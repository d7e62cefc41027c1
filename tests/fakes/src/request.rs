//! Reads requests from a connection, and detects that the client has left.

use std::io;

use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;

/// A limit so that a runaway client fails its test instead of exhausting the machine.
const MAX_HEAD: usize = 1 << 20;
const MAX_AHEAD: usize = 16 << 20;
const MAX_HEADERS: usize = 256;

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) keep_alive: bool,
}

impl Request {
    /// A control call.
    pub(crate) fn control(method: &str, call: &str, body: &str) -> Self {
        Request {
            method: method.to_owned(),
            path: format!("{}{call}", crate::control::PREFIX),
            query: None,
            headers: Vec::new(),
            body: body.into(),
            keep_alive: true,
        }
    }

    /// The first header of that name (given in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The decoded parameter of the query; `None` if it is absent.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.as_deref()?.split('&');
        let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
        pairs.find(|(have, _)| decoded(have) == name).map(|(_, value)| decoded(value))
    }
}

/// Decodes each `%XX`; any other `%` is kept.
pub(crate) fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[derive(Debug)]
pub(crate) enum ReadError {
    /// The client closed or reset the connection.
    Closed,
    /// This is not HTTP/1.1.
    Malformed(String),
}

impl From<httparse::Error> for ReadError {
    fn from(error: httparse::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

/// The received but unread bytes of a connection.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    pub(crate) async fn next(&mut self, stream: &TcpStream) -> Result<Request, ReadError> {
        let (mut request, head, body) = loop {
            if let Some(parsed) = parse_head(&self.bytes)? {
                break parsed;
            }
            if self.bytes.len() > MAX_HEAD {
                return Err(ReadError::Malformed("the head has no end".into()));
            }
            self.fill(stream).await?;
        };
        self.take(head);
        request.body = match body {
            BodyLength::Exact(length) => {
                self.fill_to(stream, length).await?;
                self.take(length)
            }
            BodyLength::Chunked => self.chunked_body(stream).await?,
        };
        Ok(request)
    }

    /// Resolves when the client has closed or reset its side. Bytes that it sends meanwhile are kept for
    /// the next request: only reading reveals that a connection has ended.
    pub(crate) async fn until_client_leaves(&mut self, stream: &TcpStream) {
        while self.bytes.len() < MAX_AHEAD {
            if self.fill(stream).await.is_err() {
                return;
            }
        }
        std::future::pending().await
    }

    async fn chunked_body(&mut self, stream: &TcpStream) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        loop {
            let line = self.line(stream).await?;
            let size = match httparse::parse_chunk_size(&line) {
                Ok(httparse::Status::Complete((_, size))) => usize::try_from(size).ok(),
                _ => None,
            };
            let size = size.ok_or_else(|| ReadError::Malformed("a bad chunk size".into()))?;
            if size == 0 {
                while self.line(stream).await?.len() > 2 {}
                return Ok(body);
            }
            self.fill_to(stream, size.saturating_add(2)).await?;
            body.append(&mut self.take(size));
            self.take(2);
        }
    }

    /// A line with its line end.
    async fn line(&mut self, stream: &TcpStream) -> Result<Vec<u8>, ReadError> {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                return Ok(self.take(end + 1));
            }
            if self.bytes.len() > MAX_HEAD {
                return Err(ReadError::Malformed("a line has no end".into()));
            }
            self.fill(stream).await?;
        }
    }

    async fn fill_to(&mut self, stream: &TcpStream, length: usize) -> io::Result<()> {
        while self.bytes.len() < length {
            self.fill(stream).await?;
        }
        Ok(())
    }

    async fn fill(&mut self, stream: &TcpStream) -> io::Result<()> {
        loop {
            stream.readable().await?;
            self.bytes.reserve(16 * 1024);
            match stream.try_read_buf(&mut self.bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.bytes.split_off(length);
        std::mem::replace(&mut self.bytes, rest)
    }
}

enum BodyLength {
    Exact(usize),
    Chunked,
}

/// The request without its body, the length of its head, and the length of its body if known.
fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize, BodyLength)>, ReadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(bytes)? else { return Ok(None) };

    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|header| {
            let value = String::from_utf8_lossy(header.value).into_owned();
            (header.name.to_ascii_lowercase(), value)
        })
        .collect();
    let header = |name: &str| {
        headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.to_ascii_lowercase())
    };

    let body = match (header("transfer-encoding"), header("content-length")) {
        (Some(coding), _) if coding.contains("chunked") => BodyLength::Chunked,
        (_, Some(length)) => BodyLength::Exact(
            length.parse().map_err(|_| ReadError::Malformed("a bad content-length".into()))?,
        ),
        _ => BodyLength::Exact(0),
    };
    let connection = header("connection").unwrap_or_default();
    let keep_alive = match parsed.version {
        Some(0) => connection.contains("keep-alive"),
        _ => !connection.contains("close"),
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query,
        headers,
        body: Vec::new(),
        keep_alive,
    };
    Ok(Some((request, length, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let (request, ..) = parse_head(b"GET /a?x=1&model=gpt+4%2B&empty= HTTP/1.1\r\n\r\n")
            .ok()
            .flatten()
            .expect("this is a request");
        assert_eq!(request.parameter("model"), Some("gpt 4+".into()));
        assert_eq!(request.parameter("empty"), Some(String::new()));
        assert_eq!(request.parameter("other"), None);
        assert_eq!(percent_decoded("a%2Fb%20%EC%95%88%"), "a/b 안%");
    }
}
