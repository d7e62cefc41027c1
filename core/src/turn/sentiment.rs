//! What a message expresses: found out beside the reply, which waits for it a little.

use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::chat::{ChatRequest, OpenAi};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{self, Callback};

/// Finds the label of a text, such as 기쁨.
///
/// An async function is one: `|text: String| async move { Ok("중립".to_owned()) }`. What it does is run as a task of
/// its own; work that keeps a processor busy belongs on a thread (`tokio::task::spawn_blocking`).
pub trait Sentiment: Send + Sync + 'static {
    /// The label of this text.
    ///
    /// # Errors
    ///
    /// Any: the reply goes on without a label.
    fn label(&self, text: String) -> impl Future<Output = Result<String>> + Send;
}

impl<F, T> Sentiment for F
where
    F: Fn(String) -> T + Send + Sync + 'static,
    T: Future<Output = Result<String>> + Send,
{
    fn label(&self, text: String) -> impl Future<Output = Result<String>> + Send {
        self(text)
    }
}

/// A sentiment of any type.
#[derive(Clone)]
pub(super) struct AnySentiment(Arc<dyn Labels>);

trait Labels: Send + Sync {
    fn callback(&self) -> Callback;

    fn label(&self, text: String) -> BoxFuture<'_, Result<String>>;
}

impl<S: Sentiment> Labels for S {
    fn callback(&self) -> Callback {
        Callback::of::<S>("sentiment callback")
    }

    fn label(&self, text: String) -> BoxFuture<'_, Result<String>> {
        Box::pin(Sentiment::label(self, text))
    }
}

impl AnySentiment {
    pub(super) fn new(sentiment: impl Sentiment) -> Self {
        AnySentiment(Arc::new(sentiment))
    }

    pub(super) async fn label(self, text: String) -> Result<String> {
        let label = guard::call(self.0.callback(), || self.0.label(text)).await;
        let label = label.unwrap_or_else(|panicked| {
            Err(Error::new(ErrorKind::Config, "turn.sentiment", panicked.to_string()))
        });
        Ok(label?.trim().to_owned())
    }
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
    labels: Vec<String>,
}

impl LlmSentiment {
    /// Asks `gpt-4o-mini` for one of 기쁨, 슬픔, 분노, 불안, 당황, 상처, 중립.
    pub fn new(llm: OpenAi) -> Self {
        let labels = ["기쁨", "슬픔", "분노", "불안", "당황", "상처", "중립"].map(str::to_owned);
        LlmSentiment { llm, model: "gpt-4o-mini".to_owned(), labels: labels.into() }
    }

    /// Asks this model.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Asks for one of these labels; the last one stands for an answer that is none of them.
    pub fn labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.labels = labels.into_iter().map(Into::into).collect();
        self
    }
}

impl Sentiment for LlmSentiment {
    async fn label(&self, text: String) -> Result<String> {
        let labels = self.labels.join(", ");
        let prompt = format!("다음 메시지의 감정을 이 가운데 하나로만 답하세요: {labels}");
        let request = ChatRequest::new(&self.model).system(prompt).user(text).max_tokens(16u32);
        let answer = self.llm.chat(request).await?;
        let found = self.labels.iter().find(|label| answer.text().contains(label.as_str()));
        Ok(found.or(self.labels.last()).cloned().unwrap_or_else(|| answer.text().to_owned()))
    }
}
