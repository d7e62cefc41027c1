//! The records of the fake: one a request, kept up to date while its reply is written.

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

/// One request, and what became of its reply.
///
/// Times are milliseconds since the fake's start.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// Counts the requests of the fake, from 1. The reply's `x-request-id` is `req_<seq>`.
    pub seq: u64,
    /// The connection it came on, counted from 1 as they were accepted.
    pub connection: u64,
    /// The method, as sent.
    pub method: String,
    /// The path, without the query, as sent.
    pub path: String,
    /// The query, without its question mark, as sent.
    pub query: Option<String>,
    /// The headers in their order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; what is not UTF-8 in it is replaced.
    pub body: String,
    /// The `model` of a JSON body.
    pub model: Option<String>,
    /// When the request had been read, body and all.
    pub at_ms: f64,
    /// When the head of the reply had been written.
    pub headers_sent_at_ms: Option<f64>,
    /// When the last byte of a complete reply had been written.
    pub finished_at_ms: Option<f64>,
    /// When the client closed or reset the connection, or its half of it. On a connection that
    /// served several requests, it stands on the last one; after `finished_at_ms` it only means
    /// that the client did not keep the connection.
    pub client_closed_at_ms: Option<f64>,
    /// Bytes of the reply the kernel has taken, head and framing included.
    pub bytes_written: u64,
    /// Since when a write has been waiting for the client to read. It starts anew whenever the
    /// client lets some bytes through.
    pub write_blocked_since_ms: Option<f64>,
    /// The end of the reply, once it has come.
    pub outcome: Option<Outcome>,
}

impl Record {
    /// The first header of that name (given in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}

/// Everything the fake has recorded, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Log {
    /// The requests, in the order in which they came. Control requests are not among them.
    pub requests: Vec<Record>,
    /// The number of connections that were accepted, those that carry only control requests aside.
    pub connections: u64,
    /// The number of those that are open.
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
