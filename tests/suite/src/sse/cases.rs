//! The cases of `tests/vectors/sse-cases.json`, drawn from public conformance suites and the standard.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

/// One stream, in the pieces of its suite, and the expected result.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Suite and case, unique in the file.
    pub name: String,
    encoding: Encoding,
    chunks: Vec<String>,
    /// The events, in order.
    pub expected: Vec<Expected>,
    #[serde(default)]
    comments: Vec<String>,
    /// The last event id after the stream, if the case specifies it.
    pub final_last_event_id: Option<String>,
    /// The reconnection time after the stream, if the case specifies it.
    pub final_retry: Option<u64>,
    /// The last event id to start with.
    #[serde(default)]
    pub initial_last_event_id: String,
}

/// An expected event; `id` is the last event id at that event.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Expected {
    /// The event's type.
    pub event: String,
    /// Its data.
    pub data: String,
    /// The last event id.
    pub id: String,
    /// The reconnection time in the event's block.
    pub retry: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "hex")]
    Hex,
}

/// Reads all cases.
///
/// # Errors
///
/// When the file cannot be read or does not have the expected form.
pub fn cases() -> io::Result<Vec<Case>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/sse-cases.json");
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

impl Case {
    /// The pieces as bytes.
    ///
    /// # Errors
    ///
    /// When a `hex` piece is not hexadecimal.
    pub fn pieces(&self) -> io::Result<Vec<Vec<u8>>> {
        let bytes = |chunk: &String| match self.encoding {
            Encoding::Utf8 => Ok(chunk.clone().into_bytes()),
            Encoding::Hex => from_hex(chunk),
        };
        self.chunks.iter().map(bytes).collect()
    }

    /// The comments as in frames: the file has all text after the colon, a frame omits one
    /// leading space.
    pub fn comments(&self) -> impl Iterator<Item = &str> {
        self.comments.iter().map(|text| text.strip_prefix(' ').unwrap_or(text))
    }
}

fn from_hex(text: &str) -> io::Result<Vec<u8>> {
    let byte = |pair: &[u8]| str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok());
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("not hex: {text}")))
}
