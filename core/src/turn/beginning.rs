//! The start of a turn: its side stages, and the input of its reply.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::engine::Engine;
use super::following::Following;
use super::history::{Conversation, History};
use super::ids::Ids;
use super::opening_watch::OpeningWatch;
use super::persister::{MessagePersister, MessagePlace};
use super::reply::{Before, Label, Question};
use super::settings::NamingStart;
use super::speaking::Speaking;
use super::workspace::PendingName;
use crate::event::TurnEvent;
use crate::outbox::Outbox;
use crate::turn_request::{Place, TurnRequest};

impl Engine {
    /// Starts the side stages, and returns the input of the reply's request.
    pub(super) fn begin(
        &mut self,
        request: TurnRequest,
        following: Option<Following>,
    ) -> (Question, Option<Label>) {
        let TurnRequest { message, place, user_id, tokens, history, history_ids, .. } = request;
        if self.settings.events.turn {
            let Ids { turn, message, reply } = self.ids.clone();
            self.side_events.push(TurnEvent::turn(turn, message, reply));
        }
        let mut before = history.map_or(Before::Nothing, Before::Given);
        if let (Some(store), Some(outbox)) = (&self.settings.store, &self.settings.outbox) {
            // `admission` guarantees that the request has a user and a place.
            let user = user_id.unwrap_or_default();
            let store = store.clone();
            let place = match (place, &following) {
                (Place::Workspace(id), _) => MessagePlace::Workspace(id),
                (_, Some(following)) => MessagePlace::Behind(following.opener.clone()),
                (_, None) => MessagePlace::New,
            };
            let workspace = match &place {
                MessagePlace::Workspace(id) => Some(id.clone()),
                MessagePlace::New | MessagePlace::Behind(_) => None,
            };
            let delivery = (outbox.clone(), self.settings.deliveries.clone());
            let turn = (self.ids.clone(), self.recorder.clone());
            let persister =
                MessagePersister::new(delivery, turn, tokens.clone(), &user, &message, place);
            self.persister = Some(persister.clone());
            match (workspace, following) {
                (Some(id), _) => {
                    self.side_events.push(TurnEvent::workspace(id.as_str()));
                    if let Before::Nothing = before {
                        let conversation = Conversation { store, user, tokens, workspace: id };
                        let history =
                            History::begin(&self.settings, outbox, &self.ids, conversation);
                        before = history.map_or(Before::Nothing, |history| {
                            let history = history.held_to(history_ids).before(persister.clone());
                            Before::Kept(Box::new(history))
                        });
                    }
                    persister.save();
                }
                (None, Some(Following { opener, undelivered })) => {
                    if let Before::Nothing = before {
                        let settings = &self.settings;
                        let history = History::undelivered(settings, &self.ids, undelivered);
                        let history = history.held_to(history_ids).before(persister.clone());
                        before = Before::Kept(Box::new(history));
                    }
                    persister.save();
                    let (known, receiver) = oneshot::channel();
                    let watch = OpeningWatch::new(&self.recorder, known);
                    outbox.observe(&opener, watch.clone());
                    read_elsewhere(outbox, opener, watch);
                    self.side_events.workspace = Some(receiver);
                }
                (None, None) => self.begin_workspace(persister, message.clone()),
            }
        }
        let (speech, mode) = (self.settings.speech.as_ref(), self.settings.speech_mode);
        let wait = self.settings.speech_wait;
        self.side_events.speaking = Speaking::new(speech, mode, wait, &self.recorder);
        let sentiment = self.settings.sentiment.clone();
        let label = sentiment.map(|sentiment| Label::classify(sentiment, &message, &self.recorder));
        (Question { message, before }, label)
    }

    fn begin_workspace(&mut self, persister: MessagePersister, message: String) {
        let (known, receiver) = oneshot::channel();
        let recorder = self.recorder.clone();
        let watch = OpeningWatch::new(&recorder, known);
        let ending = self.work.ending.clone();
        let outbox_ends = self.settings.owns_outbox.then(|| ending.clone());
        let naming = PendingName::begin(persister, &message, watch.clone(), outbox_ends);
        self.side_events.workspace = Some(receiver);
        let Some(naming) = naming else {
            let is_taken = self.persister.as_ref().is_some_and(|persister| !persister.is_refused());
            if let Some(outbox) = self.settings.outbox.as_ref().filter(|_| is_taken) {
                read_elsewhere(outbox, self.ids.message.clone(), watch);
            }
            return;
        };
        let begin = match self.settings.naming.start {
            NamingStart::AtOnce => None,
            NamingStart::FirstContent => {
                let (begins, begin) = oneshot::channel();
                self.first_content = Some(begins);
                Some(begin)
            }
        };
        let naming = naming.run(self.settings.clone(), recorder, message, begin);
        self.work.background.spawn(async move {
            let _ = ending.run_until_cancelled(naming).await;
        });
    }
}

/// Lets the turn be told of an opening that another process does. A task of its own, which ends soon after the turn: a
/// flush does not wait for it.
fn read_elsewhere(outbox: &Outbox, opener: String, watch: Arc<OpeningWatch>) {
    if outbox.is_shared() {
        tokio::spawn(watch.read_elsewhere(outbox.clone(), opener));
    }
}
