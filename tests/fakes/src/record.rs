//! The records of the fake: one per request, updated while its reply is written.

use serde::Serialize;
use serde_json::Value;

/// The end of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The whole body was written.
    Complete,
    /// The script closed the connection before the body's end.
    Truncated,
    /// The script reset the connection.
    Reset,
    /// The client went away first.
    ClientClosed,
}

/// One request, and the outcome of its reply.
///
/// Times are milliseconds since the fake's start.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// The number of the request, from 1. The reply's `x-request-id` is `req_<seq>`.
    pub seq: u64,
    /// The number of its connection, from 1 in the order of acceptance.
    pub connection: u64,
    /// The method, as sent.
    pub method: String,
    /// The path, without the query, as sent.
    pub path: String,
    /// The query, without its question mark, as sent.
    pub query: Option<String>,
    /// The headers in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; invalid UTF-8 is replaced.
    pub body: String,
    /// The `model` of a JSON body.
    pub model: Option<String>,
    /// Time when the request, including its body, had been read.
    pub at_ms: f64,
    /// Time when the head of the reply had been written.
    pub headers_sent_at_ms: Option<f64>,
    /// Time when the last byte of a complete reply had been written.
    pub finished_at_ms: Option<f64>,
    /// Time when the client closed or reset the connection, or its half of it. On a connection that
    /// served several requests, it is set on the last one; after `finished_at_ms` it only means
    /// that the client did not keep the connection.
    pub client_closed_at_ms: Option<f64>,
    /// Bytes of the reply accepted by the kernel, including head and framing.
    pub bytes_written: u64,
    /// Time since when a write has been waiting for the client to read. It restarts whenever the
    /// client reads some bytes.
    pub write_blocked_since_ms: Option<f64>,
    /// The end of the reply, once it has come.
    pub outcome: Option<Outcome>,
}

impl Record {
    /// The first header of that name (given in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if it is valid.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}

/// Everything the fake has recorded, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Log {
    /// The requests in the order of arrival, without control requests.
    pub requests: Vec<Record>,
    /// The number of accepted connections, except those with only control requests.
    pub connections: u64,
    /// The number of open ones.
    pub open_connections: u64,
}

impl Log {
    /// The requests that named this model.
    pub fn for_model<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a Record> {
        self.requests.iter().filter(move |record| record.model.as_deref() == Some(model))
    }

    pub(crate) fn by_seq(&mut self, seq: u64) -> Option<&mut Record> {
        // In order of `seq`, but with gaps after a reset: hence the search.
        let index = self.requests.binary_search_by_key(&seq, |record| record.seq).ok()?;
        self.requests.get_mut(index)
    }
}
