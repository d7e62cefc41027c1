//! Options of a request with a type of their own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Optional additions to a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamOptions {
    /// True if the stream should end with a chunk that reports the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// True if chunks should be padded, so that their sizes reveal nothing about their content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_obfuscation: Option<bool>,
    /// Further fields, sent as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Texts at which a reply ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Stop {
    /// One text.
    One(String),
    /// Several; the first that occurs ends the reply.
    Many(Vec<String>),
}

impl From<&str> for Stop {
    fn from(text: &str) -> Self {
        Stop::One(text.to_owned())
    }
}

impl From<Vec<String>> for Stop {
    fn from(texts: Vec<String>) -> Self {
        Stop::Many(texts)
    }
}

impl<const N: usize> From<[&str; N]> for Stop {
    fn from(texts: [&str; N]) -> Self {
        Stop::Many(texts.map(str::to_owned).into())
    }
}
