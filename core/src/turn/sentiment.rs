//! The sentiment of a message, classified concurrently with the reply, which waits briefly for it.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use super::prompts::Prompts;
use crate::chat::{ChatRequest, OpenAi};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{self, Callback};

/// Classifies a text: finds its label, such as `joy` or 기쁨.
///
/// Async closures implement it: `|text: String| async move { Ok("neutral".to_owned()) }`. It runs as a separate task;
/// CPU-bound work belongs on a thread (`tokio::task::spawn_blocking`).
#[async_trait]
pub trait Sentiment: Send + Sync + 'static {
    /// The label of this text.
    ///
    /// # Errors
    ///
    /// Any: the reply continues without a label.
    async fn label(&self, text: String) -> Result<String>;

    /// The name of the type in errors.
    #[doc(hidden)]
    fn type_name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

#[async_trait]
impl<F, Labelling> Sentiment for F
where
    F: Fn(String) -> Labelling + Send + Sync + 'static,
    Labelling: Future<Output = Result<String>> + Send + 'static,
{
    async fn label(&self, text: String) -> Result<String> {
        self(text).await
    }
}

macro_rules! forward {
    ($pointer:ty $(, $inner:ident)?) => {
        #[async_trait]
        impl$(<$inner: Sentiment + ?Sized>)? Sentiment for $pointer {
            async fn label(&self, text: String) -> Result<String> {
                (**self).label(text).await
            }

            fn type_name(&self) -> &'static str {
                (**self).type_name()
            }
        }
    };
}

forward!(Arc<T>, T);
forward!(Box<dyn Sentiment>);

/// Calls the configured sentiment; a panic in it becomes an error that names it.
pub(super) async fn label(sentiment: Arc<dyn Sentiment>, text: String) -> Result<String> {
    let callback = Callback::named("sentiment callback", sentiment.type_name());
    let label = guard::call(callback, || sentiment.label(text)).await;
    let label = label.unwrap_or_else(|panicked| {
        Err(Error::new(ErrorKind::Config, "turn.sentiment", panicked.to_string()))
    });
    Ok(label?.trim().to_owned())
}

/// Asks a model for the label, in one small call.
///
/// ```no_run
/// use turnwire::{OpenAi, Turns};
/// use turnwire::turn::LlmSentiment;
///
/// # fn main() -> turnwire::Result<()> {
/// let llm = OpenAi::from_env()?;
/// let labels = LlmSentiment::new(llm.clone()).labels(["기쁨", "슬픔", "분노", "불안", "중립"]);
/// let turns = Turns::builder(llm).sentiment(labels).build()?;
/// # let _ = turns;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LlmSentiment {
    llm: OpenAi,
    model: String,
    prompt: String,
    labels: Vec<String>,
}

impl LlmSentiment {
    /// Asks `gpt-4o-mini` for one of joy, sadness, anger, anxiety, embarrassment, hurt and neutral.
    pub fn new(llm: OpenAi) -> Self {
        let Prompts { sentiment, labels, .. } = Prompts::default();
        LlmSentiment { llm, model: "gpt-4o-mini".to_owned(), prompt: sentiment, labels }
    }

    /// Uses the prompt and the labels of these prompts.
    pub fn prompts(mut self, prompts: &Prompts) -> Self {
        self.prompt.clone_from(&prompts.sentiment);
        self.labels.clone_from(&prompts.labels);
        self
    }

    /// Uses this model.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Asks for one of these labels; the last one replaces an answer that is none of them.
    pub fn labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.labels = labels.into_iter().map(Into::into).collect();
        self
    }
}

#[async_trait]
impl Sentiment for LlmSentiment {
    async fn label(&self, text: String) -> Result<String> {
        let prompt = self.prompt.replace("{labels}", &self.labels.join(", "));
        // Without a limit on the tokens: reasoning models refuse the field, or spend it before they answer.
        let request = ChatRequest::new(&self.model).system(prompt).user(text);
        let answer = self.llm.chat(request).await?;
        let found = self.labels.iter().find(|label| answer.text().contains(label.as_str()));
        Ok(found.or(self.labels.last()).cloned().unwrap_or_else(|| answer.text().to_owned()))
    }
}
