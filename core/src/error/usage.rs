//! The tokens of a reply, as far as its service counted them.

use serde::{Deserialize, Serialize};

/// The tokens of a prompt and its reply, as far as the service counted them: a count that it did not send is `None`, never
/// zero.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenUsage {
    /// The tokens of the prompt, with everything sent along.
    pub prompt_tokens: Option<u64>,
    /// The tokens of the reply.
    pub completion_tokens: Option<u64>,
    /// The sum of both.
    pub total_tokens: Option<u64>,
}

impl TokenUsage {
    /// Returns true if the service counted something.
    pub(crate) fn is_known(&self) -> bool {
        self.prompt_tokens.or(self.completion_tokens).or(self.total_tokens).is_some()
    }
}
