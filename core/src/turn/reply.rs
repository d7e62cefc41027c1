//! The request for the reply: the history, the sentiment if it is ready in time, and the call.

use std::future::pending;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument;

use super::StageName;
use super::fallback::Services;
use super::history::History;
use super::sentiment::{self, Sentiment};
use super::settings::EngineSettings;
use super::timeline::{Recorder, Running};
use crate::caller;
use crate::chat::{ChatStream, Message};
use crate::error::{Error, ErrorKind, Result};

/// The input of the reply's request.
pub(super) struct Question {
    pub(super) message: String,
    /// The conversation before it.
    pub(super) before: Before,
}

/// The source of the conversation before a message.
pub(super) enum Before {
    /// The caller.
    Given(Vec<Message>),
    /// The store and the outbox.
    Kept(Box<History>),
    /// None is needed, or there is none.
    Nothing,
}

/// A reply whose stream has begun.
pub(super) struct Opened {
    pub(super) stream: ChatStream,
    /// The reply's stage, which began with its request.
    pub(super) stage: Running,
    /// The label, if it was ready in time.
    pub(super) label: Option<String>,
    /// The classification, if it is still running.
    pub(super) late: Option<Label>,
    /// The service that answers, and those after it.
    pub(super) services: Services,
}

/// The classification of a message: a separate task, which is aborted when this is dropped.
pub(super) struct Label {
    task: JoinHandle<Result<String>>,
    stage: Option<Running>,
}

impl Label {
    pub(super) fn classify(
        sentiment: Arc<dyn Sentiment>,
        message: &str,
        recorder: &Recorder,
    ) -> Self {
        let stage = recorder.begin(StageName::Sentiment);
        let label = sentiment::label(sentiment, message.to_owned()).instrument(stage.span());
        Label { task: tokio::spawn(caller::inherit(label)), stage: Some(stage) }
    }

    /// Waits for the label; `None` when there is none. Cancelling the wait does not end the task.
    pub(super) async fn wait(&mut self, is_late: bool) -> Option<String> {
        let classified = (&mut self.task).await;
        let Some(stage) = self.stage.take() else { return pending().await };
        match classified {
            Ok(Ok(label)) if label.is_empty() => stage.failed("the label is empty"),
            Ok(Ok(label)) => {
                match is_late {
                    true => stage.late(),
                    false => stage.done(),
                }
                return Some(label);
            }
            Ok(Err(error)) => stage.failed_by(&error),
            Err(_) => stage.failed("the sentiment's task panicked"),
        }
        None
    }
}

impl Drop for Label {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Requests the reply. The classification and the reading of the history run concurrently.
pub(super) async fn open(
    settings: &EngineSettings,
    question: Question,
    mut label: Option<Label>,
    recorder: &Recorder,
) -> Result<Opened> {
    let Question { message, before } = question;
    let in_time = async {
        let classification = label.as_mut().filter(|_| !settings.sentiment_budget.is_zero())?;
        timeout(settings.sentiment_budget, classification.wait(false)).await.ok()
    };
    let before = async {
        match before {
            Before::Given(given) => given,
            Before::Kept(history) => history.read(recorder).await,
            Before::Nothing => Vec::new(),
        }
    };
    let (found, before) = tokio::join!(in_time, before);
    let late = if found.is_none() { label } else { None };
    let label = found.flatten();

    let mut request = settings.template.clone();
    let hint =
        label.as_ref().map(|label| settings.prompts.sentiment_hint.replace("{label}", label));
    let prompt: Vec<_> = settings.prompts.system.iter().chain(&hint).map(String::as_str).collect();
    if !prompt.is_empty() {
        request = request.system(prompt.join("\n\n"));
    }
    request = request.messages(before).user(message);
    if settings.events.usage {
        request = request.include_usage();
    }
    let opened = open_at(settings, Services::first(request), recorder).await?;
    Ok(Opened { label, late, ..opened })
}

/// Requests the reply from the current service, and from those after it while one fails.
pub(super) async fn open_at(
    settings: &EngineSettings,
    mut services: Services,
    recorder: &Recorder,
) -> Result<Opened> {
    while let Some((llm, request)) = services.ask(&settings.llm, &settings.fallbacks) {
        // Begins here, since sentiment and history have their own stages, and each wait counts once.
        let stage = recorder.begin(StageName::Reply);
        match llm.chat_stream(request).instrument(stage.span()).await {
            Ok(stream) => return Ok(Opened { stream, stage, label: None, late: None, services }),
            Err(error) => {
                stage.failed_by(&error);
                services = services.after(&error).ok_or(error)?;
            }
        }
    }
    Err(Error::new(ErrorKind::Config, "turn.reply", "there is no service to ask"))
}
