//! The history for the model: the messages in the store, and those that are still on their way to it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::time::timeout;
use tracing::Instrument;

use super::StageName;
use super::ids::Ids;
use super::persister::MessagePersister;
use super::settings::{EngineSettings, HistoryLimits};
use super::timeline::Recorder;
use crate::chat::Message;
use crate::conversation::{self, Conversations, Owner, SenderRole, StoreMessage};
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind};
use crate::guard::{self, Callback};
use crate::outbox::Outbox;

/// The factor by which more messages are asked of the store where a page names those that it shows: between these may be others,
/// which the page has removed.
const BESIDE_SHOWN: usize = 4;

/// The stored conversation that a message continues.
pub(super) struct Conversation {
    pub(super) store: Arc<dyn Conversations>,
    pub(super) user: String,
    pub(super) tokens: Option<Tokens>,
    pub(super) workspace: String,
}

/// The history of a message, to be completed by the store's part.
pub(super) struct History {
    /// The part in the store; `None` for a workspace that does not exist yet.
    conversation: Option<Conversation>,
    /// The ids of the current message and its reply, which are not part of its history: the message may be saved before the
    /// history is read, and a turn that repeats an earlier one replaces its reply.
    ids: Ids,
    limits: HistoryLimits,
    /// The ids of the messages that are the history, in their order; `None` for all.
    shown: Option<Vec<String>>,
    /// The conversation's messages that waited in the outbox, as JSON, in the order of acceptance.
    undelivered: Vec<String>,
    /// The current message, which must be later than its history.
    message: Option<MessagePersister>,
}

impl History {
    /// The history of a message that is not in the outbox yet; `None` if the settings ask for none.
    ///
    /// The outbox is read first, and the store later: a message that is delivered in between is in both, never in neither.
    pub(super) fn begin(
        settings: &EngineSettings,
        outbox: &Outbox,
        ids: &Ids,
        conversation: Conversation,
    ) -> Option<Self> {
        let limits = settings.history;
        if limits.messages == 0 {
            return None;
        }
        let Conversation { workspace, user, .. } = &conversation;
        let undelivered = outbox.undelivered(workspace, user, limits.in_outbox());
        Some(History {
            conversation: Some(conversation),
            ids: ids.clone(),
            limits,
            shown: None,
            undelivered,
            message: None,
        })
    }

    /// The history of a message in a workspace that is still to be created: all of it waits in the outbox.
    pub(super) fn undelivered(
        settings: &EngineSettings,
        ids: &Ids,
        undelivered: Vec<String>,
    ) -> Self {
        History {
            conversation: None,
            ids: ids.clone(),
            limits: settings.history,
            shown: None,
            undelivered,
            message: None,
        }
    }

    /// The same of the messages with these ids alone, in this order.
    pub(super) fn held_to(self, shown: Option<Vec<String>>) -> Self {
        History { shown, ..self }
    }

    /// The same, before this message.
    pub(super) fn before(self, message: MessagePersister) -> Self {
        History { message: Some(message), ..self }
    }

    /// Reads the store's part, and returns the latest messages within the limits. If the store does not return it in time,
    /// the messages that waited in the outbox are the history.
    pub(super) async fn read(self, recorder: &Recorder) -> Vec<Message> {
        let undelivered = parsed(&self.undelivered);
        let stored = match &self.conversation {
            Some(conversation) => self.stored(conversation, undelivered.len(), recorder).await,
            None => Vec::new(),
        };
        let mut messages = merged(stored, undelivered);
        let Ids { message, reply, .. } = &self.ids;
        messages.retain(|found| found.id != *message && found.id != *reply);
        let latest_time = messages.iter().map(|found| found.sent_at).max();
        if let (Some(time), Some(message)) = (latest_time, &self.message) {
            message.follow(time);
        }
        if let Some(shown) = &self.shown {
            hold(&mut messages, shown);
        }
        latest(self.limits, messages)
    }

    /// The store's messages; none if it does not return them in time.
    async fn stored(
        &self,
        conversation: &Conversation,
        undelivered: usize,
        recorder: &Recorder,
    ) -> Vec<StoreMessage> {
        let stage = recorder.begin(StageName::History);
        let Conversation { store, user, tokens, workspace } = conversation;
        let callback = Callback::named("store", store.type_name());
        let owner = Owner::new(Some(user), tokens.as_ref());
        let beside = if self.shown.is_some() { BESIDE_SHOWN } else { 1 };
        let limit = self.limits.in_store().saturating_mul(beside);
        let fetching = guard::call(callback, || store.history(owner, workspace, limit));
        let fetched = match timeout(self.limits.wait, fetching).instrument(stage.span()).await {
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
            Ok(messages) => {
                stage.done();
                messages
            }
            Err(error) => {
                stage.failed_by(&told_alone(error, undelivered));
                Vec::new()
            }
        }
    }
}

/// The error of a store that was not read, which tells what the model gets in place of its messages.
fn told_alone(error: Error, undelivered: usize) -> Error {
    if undelivered == 0 {
        return error;
    }
    let why = format!(
        "{}; the model gets the messages that wait in the outbox: {undelivered}",
        error.message()
    );
    error.with_message(why)
}

/// The messages in the records of a conversation; of several with one id, the last.
fn parsed(records: &[String]) -> Vec<StoreMessage> {
    let mut ids = HashSet::new();
    // A record that is no message belongs to another user of the outbox.
    let messages = records.iter().rev().filter_map(|json| serde_json::from_str(json).ok());
    let mut messages: Vec<StoreMessage> =
        messages.filter(|message: &StoreMessage| ids.insert(message.id.clone())).collect();
    messages.reverse();
    messages
}

/// The store's messages and those on their way to it, in their order. A message on its way replaces the stored one with its id,
/// as it will there.
fn merged(mut stored: Vec<StoreMessage>, undelivered: Vec<StoreMessage>) -> Vec<StoreMessage> {
    let replaced: HashSet<&str> = undelivered.iter().map(|message| message.id.as_str()).collect();
    stored.retain(|message| !replaced.contains(message.id.as_str()));
    stored.extend(undelivered);
    conversation::sort(&mut stored);
    stored
}

/// Leaves the messages with these ids, in this order.
fn hold(messages: &mut Vec<StoreMessage>, ids: &[String]) {
    let places: HashMap<&str, usize> =
        ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    messages.retain(|message| places.contains_key(message.id.as_str()));
    messages.sort_by_key(|message| places.get(message.id.as_str()).copied());
}

/// The latest messages within the limits, oldest first.
fn latest(limits: HistoryLimits, messages: Vec<StoreMessage>) -> Vec<Message> {
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
