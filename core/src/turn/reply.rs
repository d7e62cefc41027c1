//! Up to the reply's first byte: the conversation so far, the sentiment in time, and the request that they make.

use std::future::pending;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::StageName;
use super::sentiment::AnySentiment;
use super::settings::TurnsBuilder;
use super::timeline::{Recorder, Running};
use crate::{ChatStore, ChatStream, Error, ErrorKind, Message, Result, SenderRole, StoreMessage};

/// What the reply is made from.
pub(super) struct Asked {
    pub(super) message: String,
    /// The messages before it, as the caller gave them.
    pub(super) history: Option<Vec<Message>>,
    /// The store and the workspace that have them, else.
    pub(super) workspace: Option<(ChatStore, String)>,
}

/// A reply that has begun.
pub(super) struct Opened {
    pub(super) stream: ChatStream,
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
        let found = match (&mut self.task).await {
            Ok(Ok(label)) if label.is_empty() => Err("the label is empty".to_owned()),
            Ok(Ok(label)) => Ok(label),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the search for the label panicked".to_owned()),
        };
        let Some(stage) = self.stage.take() else { return pending().await };
        match found {
            Ok(label) => {
                if is_late {
                    stage.late()
                } else {
                    stage.done()
                }
                Some(label)
            }
            Err(why) => {
                stage.failed(why);
                None
            }
        }
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
    let Asked { message, history, workspace } = asked;
    let in_time = async {
        let searching = label.as_mut()?;
        timeout(settings.sentiment_budget, searching.found(false)).await.ok()
    };
    let before = async {
        match (history, workspace) {
            (Some(given), _) => given,
            (None, Some((store, id))) => fetched(settings, recorder, &store, &id).await,
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
    let stream = settings.llm.chat_stream(request).await?;
    Ok(Opened { stream, label, late })
}

/// The conversation so far, or none of it where the store does not give it in time.
async fn fetched(
    settings: &TurnsBuilder,
    recorder: &Recorder,
    store: &ChatStore,
    workspace: &str,
) -> Vec<Message> {
    if settings.history.messages == 0 {
        return Vec::new();
    }
    let stage = recorder.begin(StageName::History);
    let fetched = timeout(settings.history.wait, store.history(workspace)).await;
    let fetched = fetched.unwrap_or_else(|_| {
        let why = "the store did not give the history within its limit";
        Err(Error::new(ErrorKind::TotalTimeout, "turn.history", why))
    });
    match fetched {
        Ok(messages) => {
            stage.done();
            latest(settings, messages)
        }
        Err(error) => {
            stage.failed(error.to_string());
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
