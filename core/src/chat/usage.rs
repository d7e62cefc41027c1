//! The tokens of a reply: their numbers and probabilities.

use super::extra::Extra;
use super::lenient::{Number, Text};
use super::object::{Told, kept_object};

/// The log probabilities of a reply's tokens, as the service tells them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Logprobs {
    /// Of the text.
    pub content: Vec<TokenLogprob>,
    /// Of the refusal.
    pub refusal: Vec<TokenLogprob>,
    /// Fields beyond these.
    pub extra: Extra,
    pub(super) told: Told,
}

impl Logprobs {
    /// Fields in `told`.
    pub(super) const CONTENT: u8 = 1;
    pub(super) const REFUSAL: u8 = 2;

    /// Returns true if there is a list for the text, if only an empty one.
    #[cfg(feature = "bridge")]
    pub(crate) fn tells_content(&self) -> bool {
        self.told.is_filled(Self::CONTENT) || !self.content.is_empty()
    }

    /// Returns true if there is a list for the refusal, if only an empty one.
    #[cfg(feature = "bridge")]
    pub(crate) fn tells_refusal(&self) -> bool {
        self.told.is_filled(Self::REFUSAL) || !self.refusal.is_empty()
    }
}

kept_object!(<'de> Logprobs {
    1 "content" => content: Vec<TokenLogprob>;
    2 "refusal" => refusal: Vec<TokenLogprob>;
});

/// One token and how likely it was.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TokenLogprob {
    /// The token's text.
    pub token: String,
    /// The natural logarithm of its probability; none where the service gives no number, as for a token that cannot be.
    pub logprob: Option<f64>,
    /// Its UTF-8 bytes: a token may be less than a character.
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens at this place.
    pub top_logprobs: Vec<TokenLogprob>,
    /// Fields beyond these.
    pub extra: Extra,
    told: Told,
}

kept_object!(<'de> TokenLogprob {
    1 "token" => token: Text<'de>;
    2 "logprob" => logprob: f64;
    4 "bytes" => bytes: Vec<u8>;
    8 "top_logprobs" => top_logprobs: Vec<TokenLogprob>;
});

/// The tokens that a request took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the messages.
    pub prompt_tokens: u64,
    /// Tokens of the reply, thinking included.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// The kinds of the prompt's tokens.
    pub prompt_tokens_details: Option<PromptTokens>,
    /// The kinds of the reply's tokens.
    pub completion_tokens_details: Option<CompletionTokens>,
    /// Fields beyond these.
    pub extra: Extra,
    told: Told,
}

kept_object!(<'de> Usage {
    1 "prompt_tokens" => prompt_tokens: Number;
    2 "completion_tokens" => completion_tokens: Number;
    4 "total_tokens" => total_tokens: Number;
    8 "prompt_tokens_details" => prompt_tokens_details: PromptTokens;
    16 "completion_tokens_details" => completion_tokens_details: CompletionTokens;
});

/// The kinds of a prompt's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptTokens {
    /// Found in the service's cache.
    pub cached_tokens: u64,
    /// Of audio.
    pub audio_tokens: u64,
    /// Fields beyond these.
    pub extra: Extra,
    told: Told,
}

kept_object!(<'de> PromptTokens {
    1 "cached_tokens" => cached_tokens: Number;
    2 "audio_tokens" => audio_tokens: Number;
});

/// The kinds of a reply's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompletionTokens {
    /// Spent on thinking.
    pub reasoning_tokens: u64,
    /// Of audio.
    pub audio_tokens: u64,
    /// Predicted by the caller, and right.
    pub accepted_prediction_tokens: u64,
    /// Predicted by the caller, and wrong.
    pub rejected_prediction_tokens: u64,
    /// Fields beyond these.
    pub extra: Extra,
    told: Told,
}

kept_object!(<'de> CompletionTokens {
    1 "reasoning_tokens" => reasoning_tokens: Number;
    2 "audio_tokens" => audio_tokens: Number;
    4 "accepted_prediction_tokens" => accepted_prediction_tokens: Number;
    8 "rejected_prediction_tokens" => rejected_prediction_tokens: Number;
});
