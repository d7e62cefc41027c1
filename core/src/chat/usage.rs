//! The tokens of a reply: their counts and probabilities.

use super::extra::Extra;
use super::lenient::{Number, Text};
use super::object::{Presence, present_object};
use crate::error::TokenUsage;

/// The log probabilities of a reply's tokens, as the service reports them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Logprobs {
    /// The tokens of the text.
    pub content: Vec<TokenLogprob>,
    /// The tokens of the refusal.
    pub refusal: Vec<TokenLogprob>,
    /// Fields beyond these.
    pub extra: Extra,
    pub(super) presence: Presence,
}

impl Logprobs {
    /// The fields' bits in `presence`.
    pub(super) const CONTENT: u8 = 1;
    pub(super) const REFUSAL: u8 = 2;

    /// Returns true if there is a list for the text, even an empty one.
    #[cfg(feature = "bridge")]
    pub(crate) fn tells_content(&self) -> bool {
        self.presence.is_filled(Self::CONTENT) || !self.content.is_empty()
    }

    /// Returns true if there is a list for the refusal, even an empty one.
    #[cfg(feature = "bridge")]
    pub(crate) fn tells_refusal(&self) -> bool {
        self.presence.is_filled(Self::REFUSAL) || !self.refusal.is_empty()
    }
}

present_object!(<'de> Logprobs {
    1 "content" => content: Vec<TokenLogprob>;
    2 "refusal" => refusal: Vec<TokenLogprob>;
});

/// One token and its likelihood.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TokenLogprob {
    /// The token's text.
    pub token: String,
    /// The natural logarithm of its probability; `None` if the service sends no number, as for an impossible token.
    pub logprob: Option<f64>,
    /// Its UTF-8 bytes: a token may be less than a character.
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens at this position.
    pub top_logprobs: Vec<TokenLogprob>,
    /// Fields beyond these.
    pub extra: Extra,
    presence: Presence,
}

present_object!(<'de> TokenLogprob {
    1 "token" => token: Text<'de>;
    2 "logprob" => logprob: f64;
    4 "bytes" => bytes: Vec<u8>;
    8 "top_logprobs" => top_logprobs: Vec<TokenLogprob>;
});

/// The tokens used by a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the messages.
    pub prompt_tokens: u64,
    /// Tokens of the reply, reasoning included.
    pub completion_tokens: u64,
    /// The sum of both.
    pub total_tokens: u64,
    /// The prompt's tokens by kind.
    pub prompt_tokens_details: Option<PromptTokens>,
    /// The reply's tokens by kind.
    pub completion_tokens_details: Option<CompletionTokens>,
    /// Fields beyond these.
    pub extra: Extra,
    presence: Presence,
}

impl Usage {
    /// The counts that the service sent.
    pub(crate) fn counted(&self) -> TokenUsage {
        let counted =
            |field: u8, count: u64| (count > 0 || self.presence.is_filled(field)).then_some(count);
        TokenUsage {
            prompt_tokens: counted(1, self.prompt_tokens),
            completion_tokens: counted(2, self.completion_tokens),
            total_tokens: counted(4, self.total_tokens),
        }
    }
}

present_object!(<'de> Usage {
    1 "prompt_tokens" => prompt_tokens: Number;
    2 "completion_tokens" => completion_tokens: Number;
    4 "total_tokens" => total_tokens: Number;
    8 "prompt_tokens_details" => prompt_tokens_details: PromptTokens;
    16 "completion_tokens_details" => completion_tokens_details: CompletionTokens;
});

/// A prompt's tokens by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptTokens {
    /// Tokens found in the service's cache.
    pub cached_tokens: u64,
    /// Audio tokens.
    pub audio_tokens: u64,
    /// Fields beyond these.
    pub extra: Extra,
    presence: Presence,
}

present_object!(<'de> PromptTokens {
    1 "cached_tokens" => cached_tokens: Number;
    2 "audio_tokens" => audio_tokens: Number;
});

/// A reply's tokens by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompletionTokens {
    /// Reasoning tokens.
    pub reasoning_tokens: u64,
    /// Audio tokens.
    pub audio_tokens: u64,
    /// Tokens of the caller's prediction that were accepted.
    pub accepted_prediction_tokens: u64,
    /// Tokens of the caller's prediction that were rejected.
    pub rejected_prediction_tokens: u64,
    /// Fields beyond these.
    pub extra: Extra,
    presence: Presence,
}

present_object!(<'de> CompletionTokens {
    1 "reasoning_tokens" => reasoning_tokens: Number;
    2 "audio_tokens" => audio_tokens: Number;
    4 "accepted_prediction_tokens" => accepted_prediction_tokens: Number;
    8 "rejected_prediction_tokens" => rejected_prediction_tokens: Number;
});
