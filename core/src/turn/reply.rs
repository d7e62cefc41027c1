//! Up to the reply's first byte: the conversation so far, the sentiment in time, and the request that they make.

use std::future::pending;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::StageName;
use super::sentiment::AnySentiment;
use super::settings::TurnsBuilder;
use super::timeline::{Recorder, Running};
use crate::chat::{ChatStream, Message};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{ChatStore, SenderRole, StoreMessage};

/// What the reply is made from.
pub(super) struct Asked {
    pub(super) message: String,
    /// The messages before it, as the caller gave them.
    pub(super) history: Option<Vec<Message>>,
    /// Where they are kept, else.
    pub(super) kept: Option<Kept>,
}

/// The store and the workspace that have the messages before.
pub(super) struct Kept {
    pub(super) store: ChatStore,
    pub(super) workspace: String,
    /// The id of the message that is answered: it may be there already.
    pub(super) message_id: String,
}

/// A reply that has begun.
pub(super) struct Opened {
    pub(super) stream: ChatStream,
    /// The reply's, since its request was sent.
    pub(super) stage: Running,
    /// The label, if it came in time.
    pub(super) label: Option<String>,
    /// The search for the label, if it goes on.
    pub(super) late: Option<Label>,
}

/// The search for a label, run as a task of its own, and ended when it is dropped.
pub(super) struct Label {
    task: JoinHandle<Result<String>>,
    stage: Option<Running>,
}

impl Label {
    pub(super) fn search(sentiment: AnySentiment, message: &str, recorder: &Recorder) -> Self {
        let stage = Some(recorder.begin(StageName::Sentiment));
        Label { task: tokio::spawn(sentiment.label(message.to_owned())), stage }
    }

    /// Waits for the label; `None` when the search failed. Cancelling the wait does not end the search.
    pub(super) async fn found(&mut self, is_late: bool) -> Option<String> {
        let found = (&mut self.task).await;
        let Some(stage) = self.stage.take() else { return pending().await };
        match found {
            Ok(Ok(label)) if label.is_empty() => stage.failed("the label is empty"),
            Ok(Ok(label)) => {
                match is_late {
                    true => stage.late(),
                    false => stage.done(),
                }
                return Some(label);
            }
            Ok(Err(error)) => stage.failed_by(&error),
            Err(_) => stage.failed("the search for the label panicked"),
        }
        None
    }
}

impl Drop for Label {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks for the reply. The search for the label and the store's history run at the same time.
pub(super) async fn open(
    settings: &TurnsBuilder,
    asked: Asked,
    mut label: Option<Label>,
    recorder: &Recorder,
) -> Result<Opened> {
    let Asked { message, history, kept } = asked;
    let in_time = async {
        let searching = label.as_mut().filter(|_| !settings.sentiment_budget.is_zero())?;
        timeout(settings.sentiment_budget, searching.found(false)).await.ok()
    };
    let before = async {
        match (history, kept) {
            (Some(given), _) => given,
            (None, Some(kept)) => fetched(settings, recorder, &kept).await,
            (None, None) => Vec::new(),
        }
    };
    let (found, before) = tokio::join!(in_time, before);
    let late = if found.is_none() { label } else { None };
    let label = found.flatten();

    let mut request = settings.template.clone();
    let hint = label.as_ref().map(|label| settings.sentiment_hint.replace("{label}", label));
    let prompt: Vec<_> = settings.system_prompt.iter().chain(&hint).map(String::as_str).collect();
    if !prompt.is_empty() {
        request = request.system(prompt.join("\n\n"));
    }
    request = request.messages(before).user(message);
    if settings.tells.usage {
        request = request.include_usage();
    }
    // Not before: what was waited for has stages of its own, and counts once.
    let stage = recorder.begin(StageName::Reply);
    match settings.llm.chat_stream(request).await {
        Ok(stream) => Ok(Opened { stream, stage, label, late }),
        Err(error) => {
            stage.failed_by(&error);
            Err(error)
        }
    }
}

/// The conversation so far, or none of it where the store does not give it in time.
async fn fetched(settings: &TurnsBuilder, recorder: &Recorder, kept: &Kept) -> Vec<Message> {
    if settings.history.messages == 0 {
        return Vec::new();
    }
    let stage = recorder.begin(StageName::History);
    let fetched = timeout(settings.history.wait, kept.store.history(&kept.workspace)).await;
    let fetched = fetched.unwrap_or_else(|_| {
        let why = "the store did not give the history within its limit";
        Err(Error::new(ErrorKind::TotalTimeout, "turn.history", why))
    });
    match fetched {
        Ok(mut messages) => {
            stage.done();
            messages.retain(|message| message.id != kept.message_id);
            latest(settings, messages)
        }
        Err(error) => {
            stage.failed_by(&error);
            Vec::new()
        }
    }
}

/// The latest messages within the limits, oldest first.
fn latest(settings: &TurnsBuilder, messages: Vec<StoreMessage>) -> Vec<Message> {
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
