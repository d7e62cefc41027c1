//! The request for the reply: the history, the sentiment if it is ready in time, and the call.

use std::future::pending;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument;

use super::StageName;
use super::fallback::Services;
use super::ids::Ids;
use super::sentiment::{self, Sentiment};
use super::settings::EngineSettings;
use super::timeline::{Recorder, Running};
use crate::caller;
use crate::chat::{ChatStream, Message};
use crate::conversation::{Conversations, Owner, SenderRole, StoreMessage};
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{self, Callback};

/// The input of the reply's request.
pub(super) struct Question {
    pub(super) message: String,
    /// The history, if the caller supplied it.
    pub(super) history: Option<Vec<Message>>,
    /// The conversation to read the history from otherwise.
    pub(super) context: Option<ConversationContext>,
}

/// The stored conversation that a message continues.
pub(super) struct ConversationContext {
    pub(super) store: Arc<dyn Conversations>,
    pub(super) user: String,
    pub(super) tokens: Option<Tokens>,
    pub(super) workspace: String,
    /// The ids of the current message and its reply, which the store may already have: the message may be saved before
    /// the history is read, and a turn that repeats an earlier one replaces its reply.
    pub(super) ids: Ids,
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
    let Question { message, history, context } = question;
    let in_time = async {
        let classification = label.as_mut().filter(|_| !settings.sentiment_budget.is_zero())?;
        timeout(settings.sentiment_budget, classification.wait(false)).await.ok()
    };
    let before = async {
        match (history, context) {
            (Some(given), _) => given,
            (None, Some(context)) => fetched(settings, recorder, &context).await,
            (None, None) => Vec::new(),
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

/// The history, or none if the store does not return it in time.
async fn fetched(
    settings: &EngineSettings,
    recorder: &Recorder,
    context: &ConversationContext,
) -> Vec<Message> {
    if settings.history.messages == 0 {
        return Vec::new();
    }
    let stage = recorder.begin(StageName::History);
    let callback = Callback::named("store", context.store.type_name());
    let owner = Owner::new(Some(&context.user), context.tokens.as_ref());
    // Two more, since the current message and its reply may be included and are removed.
    let limit = settings.history.messages.saturating_add(2);
    let fetching =
        guard::call(callback, || context.store.history(owner, &context.workspace, limit));
    let fetched = match timeout(settings.history.wait, fetching).instrument(stage.span()).await {
        Ok(Ok(fetched)) => fetched,
        Ok(Err(panicked)) => {
            Err(Error::new(ErrorKind::Config, "turn.history", panicked.to_string()))
        }
        Err(_) => {
            let why = "the store did not return the history within its limit";
            Err(Error::new(ErrorKind::TotalTimeout, "turn.history", why))
        }
    };
    match fetched {
        Ok(mut messages) => {
            stage.done();
            let Ids { message, reply, .. } = &context.ids;
            messages.retain(|found| found.id != *message && found.id != *reply);
            latest(settings, messages)
        }
        Err(error) => {
            stage.failed_by(&error);
            Vec::new()
        }
    }
}

/// The latest messages within the limits, oldest first.
fn latest(settings: &EngineSettings, messages: Vec<StoreMessage>) -> Vec<Message> {
    let limits = settings.history;
    let mut left = limits.characters;
    let mut kept = Vec::new();
    for message in messages.into_iter().rev().take(limits.messages) {
        let characters = message.content.chars().count();
        let Some(rest) = left.checked_sub(characters) else { break };
        left = rest;
        kept.push(match message.role {
            SenderRole::Ai => Message::assistant(message.content),
            _ => Message::user(message.content),
        });
    }
    kept.reverse();
    kept
}
