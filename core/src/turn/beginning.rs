//! The start of a turn: its side stages, and the input of its reply.

use tokio::sync::oneshot;

use super::engine::Engine;
use super::history::{Conversation, History};
use super::ids::Ids;
use super::opening_watch::OpeningWatch;
use super::persister::MessagePersister;
use super::reply::{Before, Label, Question};
use super::settings::NamingStart;
use super::speaking::Speaking;
use super::workspace::PendingName;
use crate::event::TurnEvent;
use crate::turn_request::{Place, TurnRequest};

impl Engine {
    /// Starts the side stages, and returns the input of the reply's request.
    pub(super) fn begin(&mut self, request: TurnRequest) -> (Question, Option<Label>) {
        let TurnRequest { message, place, user_id, tokens, history, .. } = request;
        if self.settings.events.turn {
            let Ids { turn, message, reply } = self.ids.clone();
            self.side_events.push(TurnEvent::turn(turn, message, reply));
        }
        let mut before = history.map_or(Before::Nothing, Before::Given);
        if let (Some(store), Some(outbox)) = (&self.settings.store, &self.settings.outbox) {
            // `admission` guarantees that the request has a user and a place.
            let user = user_id.unwrap_or_default();
            let store = store.clone();
            let known = match &place {
                Place::Workspace(id) => Some(id.clone()),
                Place::New | Place::Unnamed => None,
            };
            let delivery = (outbox.clone(), self.settings.deliveries.clone());
            let turn = (self.ids.clone(), self.recorder.clone());
            let persister = MessagePersister::new(
                delivery,
                turn,
                tokens.clone(),
                &user,
                &message,
                known.clone(),
            );
            self.persister = Some(persister.clone());
            match known {
                Some(id) => {
                    self.side_events.push(TurnEvent::workspace(id.as_str()));
                    let ids = self.ids.clone();
                    let conversation = Conversation { store, user, tokens, workspace: id, ids };
                    if let Before::Nothing = before {
                        let history = History::begin(&self.settings, outbox, conversation);
                        before = history.map_or(Before::Nothing, Before::Kept);
                    }
                    persister.save();
                }
                None => self.begin_workspace(persister, message.clone()),
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
        let naming = PendingName::begin(persister, &message, watch, ending.clone());
        self.side_events.workspace = Some(receiver);
        let Some(naming) = naming else { return };
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
