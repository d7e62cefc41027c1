//! The engine of one turn: the reply, driven by its reader, and the events of the side stages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::coop::poll_proceed;
use tokio::time::{Sleep, sleep};

use super::ids::Ids;
use super::opening_watch::OpeningWatch;
use super::persister::MessagePersister;
use super::reply::{self, ConversationContext, Label, Opened, Question};
use super::settings::{EngineSettings, OnDisconnect};
use super::side_events::SideEvents;
use super::speaking::Speaking;
use super::stop::{Registration, Stopper};
use super::timeline::{Recorder, Running};
use super::work::Work;
use super::workspace::Naming;
use crate::chat::{ChatReply, ChatStream};
use crate::error::{Error, ErrorKind, Result};
use crate::event::TurnEvent;
use crate::turn_request::Place;
use crate::turn_request::TurnRequest;

/// A running turn.
pub(super) struct Engine {
    settings: Arc<EngineSettings>,
    work: Work,
    runtime: Handle,
    ids: Ids,
    stopper: Stopper,
    _registration: Registration,
    recorder: Recorder,
    persister: Option<MessagePersister>,
    side_events: SideEvents,
    reply: Reply,
    /// The reply's text, once it has stopped growing.
    text: String,
}

/// The progress of the reply.
enum Reply {
    Opening(BoxFuture<'static, Result<Opened>>),
    Streaming(Box<ChatStream>, Running),
    /// It is complete, or was stopped, and is kept. The turn waits for the id of a new workspace until `limit`.
    Complete {
        limit: Pin<Box<Sleep>>,
        is_stopped: bool,
    },
    /// No more events.
    Ended,
}

impl Engine {
    /// Starts a turn whose request was admitted.
    pub(super) fn start(
        settings: &Arc<EngineSettings>,
        work: &Work,
        runtime: Handle,
        request: TurnRequest,
    ) -> Self {
        let events = settings.events;
        let (failed, failures) = events.failures.then(mpsc::unbounded_channel).unzip();
        let (ids, stopper) = (Ids::new(), Stopper::new());
        let mut engine = Engine {
            settings: settings.clone(),
            work: work.clone(),
            runtime,
            _registration: work.running.register(&ids.turn, stopper.clone()),
            ids,
            stopper,
            recorder: Recorder::start(failed),
            persister: None,
            side_events: SideEvents::new(events, failures),
            reply: Reply::Ended,
            text: String::new(),
        };
        let (question, label) = engine.begin(request);
        let (settings, recorder) = (settings.clone(), engine.recorder.clone());
        let opening = async move { reply::open(&settings, question, label, &recorder).await };
        engine.reply = Reply::Opening(Box::pin(opening));
        engine
    }

    /// The handles that outlive the engine.
    pub(super) fn handles(&self) -> (Ids, Stopper, Recorder) {
        (self.ids.clone(), self.stopper.clone(), self.recorder.clone())
    }

    /// The reply's text so far.
    pub(super) fn partial(&self) -> &str {
        match &self.reply {
            Reply::Streaming(stream, _) => stream.partial().text(),
            _ => &self.text,
        }
    }

    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Starts the side stages, and returns the input of the reply's request.
    fn begin(&mut self, request: TurnRequest) -> (Question, Option<Label>) {
        let TurnRequest { message, place, user_id, tokens, history, .. } = request;
        if self.settings.events.turn {
            let Ids { turn, message, reply } = self.ids.clone();
            self.side_events.push(TurnEvent::turn(turn, message, reply));
        }
        let mut context = None;
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
                    persister.save();
                    let message_id = self.ids.message.clone();
                    context = Some(ConversationContext {
                        store,
                        user,
                        tokens,
                        workspace: id,
                        message_id,
                    });
                }
                None => self.begin_workspace(persister, message.clone()),
            }
        }
        let (speech, mode) = (self.settings.speech.as_ref(), self.settings.speech_mode);
        let wait = self.settings.speech_wait;
        self.side_events.speaking = Speaking::new(speech, mode, wait, &self.recorder);
        let sentiment = self.settings.sentiment.clone();
        let label = sentiment.map(|sentiment| Label::classify(sentiment, &message, &self.recorder));
        (Question { message, history, context }, label)
    }

    fn begin_workspace(&mut self, persister: MessagePersister, message: String) {
        let (known, receiver) = oneshot::channel();
        let (recorder, deliveries) = (self.recorder.clone(), &self.settings.deliveries);
        let watch = {
            let message = (self.ids.message.as_str(), persister.unopened());
            OpeningWatch::new(&recorder, deliveries, message, known)
        };
        let ending = self.work.ending.clone();
        let naming = Naming::begin(persister, &message, watch, ending.clone());
        let Some(naming) = naming else { return };
        let naming = naming.run(self.settings.clone(), recorder, message);
        self.work.background.spawn(async move {
            let _ = ending.run_until_cancelled(naming).await;
        });
        self.side_events.workspace = Some(receiver);
    }

    pub(super) fn poll_event(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<TurnEvent>>> {
        if self.stopper.poll_stopped(task.waker()) {
            self.stop();
        }
        loop {
            // A model that sends without a pause must not starve the reader's other work, such as time limits.
            let share = ready!(poll_proceed(task));
            if let Some(event) = self.side_events.poll(task) {
                share.made_progress();
                return Poll::Ready(Some(Ok(event)));
            }
            match &mut self.reply {
                Reply::Opening(opening) => {
                    let Poll::Ready(opened) = opening.as_mut().poll(task) else {
                        return Poll::Pending;
                    };
                    self.opened(opened)?;
                }
                Reply::Streaming(stream, _) => {
                    let Poll::Ready(chunk) = Pin::new(&mut **stream).poll_next(task) else {
                        return Poll::Pending;
                    };
                    share.made_progress();
                    match chunk {
                        Some(Ok(chunk)) if chunk.text().is_empty() => {}
                        Some(Ok(chunk)) => {
                            self.recorder.piece();
                            let content = chunk.text().to_owned();
                            if let Some(speaking) = &mut self.side_events.speaking {
                                speaking.more(&content);
                            }
                            return Poll::Ready(Some(Ok(TurnEvent::Content { content })));
                        }
                        Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(error)))),
                        None => self.complete()?,
                    }
                }
                Reply::Complete { limit, is_stopped } => {
                    let SideEvents { workspace, speaking, .. } = &self.side_events;
                    let waits = workspace.is_some() && limit.as_mut().poll(task).is_pending();
                    if waits || speaking.is_some() {
                        return Poll::Pending;
                    }
                    let last = if *is_stopped { TurnEvent::stopped() } else { TurnEvent::done() };
                    self.end();
                    return Poll::Ready(Some(Ok(last)));
                }
                Reply::Ended => return Poll::Ready(None),
            }
        }
    }

    fn opened(&mut self, opened: Result<Opened>) -> Result<()> {
        let Opened { stream, stage, label, late } = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(self.fail(error)),
        };
        self.side_events.push_label(label);
        self.side_events.wait_for_label(late);
        self.reply = Reply::Streaming(Box::new(stream), stage);
        Ok(())
    }

    /// Called at the end of the model's stream.
    fn complete(&mut self) -> Result<()> {
        let Reply::Streaming(stream, stage) = std::mem::replace(&mut self.reply, Reply::Ended)
        else {
            return Ok(());
        };
        let reply = match stream.into_reply() {
            Ok(reply) if reply.text().trim().is_empty() => {
                let why = "the model's reply is empty";
                Err(Error::new(ErrorKind::UnexpectedReply, "turn.reply", why))
            }
            other => other,
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => {
                stage.failed_by(&error);
                self.end();
                return Err(error);
            }
        };
        stage.done();
        self.close_reply(&reply);
        if let Some(persister) = &self.persister {
            persister.save_reply(&self.text);
        }
        if let Some(speaking) = &mut self.side_events.speaking {
            speaking.complete(&self.text);
        }
        if let Some(usage) = reply.usage.filter(|_| self.settings.events.usage) {
            let (prompt, completion) = (usage.prompt_tokens, usage.completion_tokens);
            self.side_events.push(TurnEvent::usage(prompt, completion, usage.total_tokens));
        }
        self.reply = self.completed(false);
        Ok(())
    }

    /// Stops the reply, and keeps the text so far.
    fn stop(&mut self) {
        match std::mem::replace(&mut self.reply, Reply::Ended) {
            Reply::Opening(_) => {}
            // Dropping the stage cancels it.
            Reply::Streaming(stream, _stage) => {
                self.close_reply(stream.partial());
                if let Some(persister) = &self.persister {
                    persister.save_reply(&self.text);
                }
            }
            // The text is complete; only its speech is stopped.
            Reply::Complete { .. } if self.side_events.speaking.is_some() => {}
            reply => {
                self.reply = reply;
                return;
            }
        }
        self.side_events.speaking = None;
        self.reply = self.completed(true);
    }

    fn completed(&self, is_stopped: bool) -> Reply {
        Reply::Complete { limit: Box::pin(sleep(self.settings.workspace_wait)), is_stopped }
    }

    /// Ends a broken reply, and keeps the text so far.
    fn fail(&mut self, error: Error) -> Error {
        if let Reply::Streaming(stream, stage) = std::mem::replace(&mut self.reply, Reply::Ended) {
            stage.failed_by(&error);
            self.keep_partial(&stream);
            self.close_reply(stream.partial());
        }
        self.end();
        error
    }

    fn close_reply(&mut self, reply: &ChatReply) {
        reply.text().clone_into(&mut self.text);
    }

    fn keep_partial(&self, stream: &ChatStream) {
        if self.settings.on_disconnect != OnDisconnect::Discard
            && let Some(persister) = &self.persister
        {
            persister.save_reply(stream.partial().text());
        }
    }

    /// Called when the reader is dropped or cancels.
    pub(super) fn left(mut self) {
        let is_running = matches!(self.reply, Reply::Opening(..) | Reply::Streaming(..));
        if is_running && self.settings.on_disconnect == OnDisconnect::Finish {
            self.side_events.speaking = None; // there is no reader for the audio
            let (background, runtime) = (self.work.background.clone(), self.runtime.clone());
            let mut rest = Unread(self);
            let rest = async move {
                let ending = rest.0.work.ending.clone();
                // An error is recorded on the timeline and in the log.
                let read = async {
                    while let Some(Ok(_)) =
                        std::future::poll_fn(|task| rest.0.poll_event(task)).await
                    {
                    }
                };
                let _ = ending.run_until_cancelled(read).await;
            };
            background.spawn_on(rest, &runtime);
            return;
        }
        self.break_off();
    }

    fn break_off(&mut self) {
        if let Reply::Streaming(stream, _) = &self.reply {
            self.keep_partial(stream);
        }
        self.end();
    }

    /// Returns true once the turn has ended.
    fn is_ended(&self) -> bool {
        matches!(self.reply, Reply::Ended)
    }

    fn end(&mut self) {
        self.reply = Reply::Ended;
        self.side_events.end();
        self.recorder.end();
    }
}

/// A turn that is read to its end without a reader. If it is aborted, by a shutdown or with its runtime, it keeps the
/// text so far.
struct Unread(Engine);

impl Drop for Unread {
    fn drop(&mut self) {
        if !self.0.is_ended() {
            self.0.break_off();
        }
    }
}
