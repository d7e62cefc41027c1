//! Options of a request that have a type of their own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a stream carries besides the reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamOptions {
    /// Whether the stream ends with a chunk that tells the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// Whether chunks are padded so that their sizes tell nothing of their content.
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
    /// Several, of which the first that comes ends the reply.
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
