//! What a reply took, and how likely its tokens were.

use serde::{Deserialize, Serialize, Serializer};

use super::lenient;

/// The log probabilities of a reply's tokens, as the service tells them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Logprobs {
    /// Of the text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub content: Vec<TokenLogprob>,
    /// Of the refusal.
    #[serde(default, deserialize_with = "lenient::or_default", serialize_with = "null_if_empty")]
    pub refusal: Vec<TokenLogprob>,
}

/// Services write null where a reply has no such tokens.
fn null_if_empty<S: Serializer>(tokens: &[TokenLogprob], serializer: S) -> Result<S::Ok, S::Error> {
    Some(tokens).filter(|tokens| !tokens.is_empty()).serialize(serializer)
}

/// One token and how likely it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenLogprob {
    /// The token's text.
    #[serde(default, deserialize_with = "lenient::string")]
    pub token: String,
    /// The natural logarithm of its probability.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub logprob: f64,
    /// Its UTF-8 bytes: a token may be less than a character.
    #[serde(default)]
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens at this place.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub top_logprobs: Vec<TokenLogprob>,
}

/// The tokens that a request took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the messages.
    #[serde(default, deserialize_with = "lenient::number")]
    pub prompt_tokens: u64,
    /// Tokens of the reply, thinking included.
    #[serde(default, deserialize_with = "lenient::number")]
    pub completion_tokens: u64,
    /// Both.
    #[serde(default, deserialize_with = "lenient::number")]
    pub total_tokens: u64,
    /// What the prompt's tokens were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_details: Option<PromptTokens>,
    /// What the reply's tokens were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens_details: Option<CompletionTokens>,
}

/// What a prompt's tokens were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PromptTokens {
    /// Found in the service's cache.
    #[serde(default, deserialize_with = "lenient::number")]
    pub cached_tokens: u64,
    /// Of audio.
    #[serde(default, deserialize_with = "lenient::number")]
    pub audio_tokens: u64,
}

/// What a reply's tokens were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CompletionTokens {
    /// Spent on thinking.
    #[serde(default, deserialize_with = "lenient::number")]
    pub reasoning_tokens: u64,
    /// Of audio.
    #[serde(default, deserialize_with = "lenient::number")]
    pub audio_tokens: u64,
    /// Predicted by the caller, and right.
    #[serde(default, deserialize_with = "lenient::number")]
    pub accepted_prediction_tokens: u64,
    /// Predicted by the caller, and wrong.
    #[serde(default, deserialize_with = "lenient::number")]
    pub rejected_prediction_tokens: u64,
}
