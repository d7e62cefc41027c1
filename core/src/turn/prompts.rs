//! The texts that the engine sends to a model.

use serde::Serialize;

/// The prompts of an engine. The default is neutral English; [`presets`](crate::presets) has others.
///
/// ```
/// use turnwire::turn::{LlmSentiment, Prompts};
/// use turnwire::{OpenAi, Turns, presets};
///
/// # fn main() -> turnwire::Result<()> {
/// # let llm = OpenAi::builder().api_key("sk-…").build()?;
/// let prompts = presets::korean();
/// let sentiment = LlmSentiment::new(llm.clone()).prompts(&prompts);
/// let turns = Turns::builder(llm).prompts(prompts).sentiment(sentiment).build()?;
///
/// let mut own = Prompts::default();
/// own.naming = "Name this conversation like a ship.".to_owned();
/// # let _ = (turns, own);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Prompts {
    /// The system prompt of every conversation. Default none.
    pub system: Option<String>,
    /// The prompt for the name of a new workspace.
    pub naming: String,
    /// The line of the system prompt with the label of the user's message, which replaces `{label}`.
    pub sentiment_hint: String,
    /// The prompt of [`LlmSentiment`](crate::turn::LlmSentiment); the labels replace `{labels}`.
    pub sentiment: String,
    /// The labels of [`LlmSentiment`](crate::turn::LlmSentiment); the last one replaces any other answer.
    pub labels: Vec<String>,
}

impl Default for Prompts {
    fn default() -> Self {
        let labels = ["joy", "sadness", "anger", "anxiety", "embarrassment", "hurt", "neutral"];
        Prompts {
            system: None,
            naming:
                "Suggest one concise workspace name for the user's message, in the language of \
                     the message. Answer with the name alone."
                    .to_owned(),
            sentiment_hint: "The sentiment of the user's message: {label}".to_owned(),
            sentiment: "Classify the sentiment of the message. Answer with one of these words \
                        alone: {labels}"
                .to_owned(),
            labels: labels.map(str::to_owned).into(),
        }
    }
}
