//! The engine of one turn: the reply, driven by its reader, and the events of the side stages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::coop::poll_proceed;
use tokio::time::{Sleep, sleep};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::fallback::Services;
use super::following::Following;
use super::ids::Ids;
use super::persister::MessagePersister;
use super::reply::{self, Opened};
use super::settings::{EngineSettings, OnDisconnect};
use super::side_events::SideEvents;
use super::stop::{Registration, Stopper};
use super::telemetry;
use super::timeline::{Recorder, Running};
use super::work::Work;
use crate::chat::{ChatReply, ChatStream};
use crate::error::{Error, ErrorKind, Result, TokenUsage};
use crate::event::TurnEvent;
use crate::outbox::Announced;
use crate::turn_request::TurnRequest;

/// A running turn.
pub(super) struct Engine {
    pub(super) settings: Arc<EngineSettings>,
    pub(super) work: Work,
    pub(super) runtime: Handle,
    pub(super) ids: Ids,
    pub(super) stopper: Stopper,
    _registration: Registration,
    /// The entry for which a shutdown waits.
    _running: TaskTrackerToken,
    /// The turn in the outbox's file, by which other processes can stop it.
    _announced: Option<Announced>,
    pub(super) recorder: Recorder,
    pub(super) persister: Option<MessagePersister>,
    pub(super) side_events: SideEvents,
    /// Dropped when the reply has its first content, or has none.
    pub(super) first_content: Option<oneshot::Sender<()>>,
    pub(super) reply: Reply,
    pub(super) has_no_reader: bool,
    /// The services that may answer.
    services: Services,
    /// The reply's text, once it has stopped growing.
    pub(super) text: String,
    /// The model's reason for the end of its reply.
    finish_reason: Option<String>,
}

/// The progress of the reply.
pub(super) enum Reply {
    Opening(BoxFuture<'static, Result<Opened>>),
    Streaming(Box<ChatStream>, Running),
    /// It is complete, or was stopped, and is kept. The turn waits for the id of a new workspace until `limit`.
    Complete {
        limit: Pin<Box<Sleep>>,
        is_stopped: bool,
    },
    /// It broke, and is kept. Its complete sentences are still spoken.
    Broken(Error),
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
        following: Option<Following>,
    ) -> Self {
        let events = settings.events;
        let (failed, failures) = events.failures.then(mpsc::unbounded_channel).unzip();
        let (ids, stopper) = (Ids::of(&request), Stopper::new());
        let span = telemetry::turn_span(&ids, request.workspace_id());
        let stop = stopper.clone();
        let outbox = settings.outbox.as_ref();
        let user = request.user_id.as_deref();
        let announced =
            outbox.and_then(|outbox| outbox.announce(&ids.turn, user, move || stop.stop()));
        let mut engine = Engine {
            settings: settings.clone(),
            work: work.clone(),
            runtime,
            _announced: announced,
            _registration: work.running.register(&ids.turn, user, stopper.clone()),
            ids,
            stopper,
            _running: work.turns.token(),
            recorder: Recorder::start(failed, span),
            persister: None,
            side_events: SideEvents::new(events, failures),
            first_content: None,
            reply: Reply::Ended,
            has_no_reader: false,
            services: Services::default(),
            text: String::new(),
            finish_reason: None,
        };
        let (question, label) = engine.begin(request, following);
        let (settings, recorder) = (settings.clone(), engine.recorder.clone());
        let opening = async move { reply::open(&settings, question, label, &recorder).await };
        engine.reply = Reply::Opening(Box::pin(opening));
        engine
    }

    /// The handles that outlive the engine.
    pub(super) fn handles(&self) -> (Ids, Stopper, Recorder) {
        (self.ids.clone(), self.stopper.clone(), self.recorder.for_handle())
    }

    /// The reply's text so far.
    pub(super) fn partial(&self) -> &str {
        match &self.reply {
            Reply::Streaming(stream, _) => stream.partial().text(),
            _ => &self.text,
        }
    }

    /// Returns true if the next event needs more bytes of the reply than have been received.
    #[cfg(feature = "bridge")]
    pub(super) fn is_dry(&self) -> bool {
        match &self.reply {
            Reply::Streaming(stream, _) => stream.is_dry(),
            Reply::Opening(_) | Reply::Complete { .. } => true,
            Reply::Broken(_) | Reply::Ended => false,
        }
    }

    pub(super) fn take_finish_reason(&mut self) -> Option<String> {
        self.finish_reason.take()
    }

    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub(super) fn poll_event(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<TurnEvent>>> {
        if self.stopper.is_asked() {
            self.obey();
        }
        let event = self.poll_running(task);
        // A task that waits is woken by a stop, and a stop meanwhile was seen by no one.
        if event.is_pending() && self.stopper.poll_asked(task.waker()) && self.obey() {
            return self.poll_running(task);
        }
        event
    }

    /// Polls the reply and the side stages.
    fn poll_running(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<TurnEvent>>> {
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
                    let mut content = String::new();
                    let polled = ready!(stream.poll_into(task, &mut content));
                    share.made_progress();
                    match polled {
                        Some(Ok(())) if content.is_empty() => {}
                        Some(Ok(())) => {
                            self.recorder.piece();
                            self.first_content = None;
                            if let Some(speaking) = &mut self.side_events.speaking {
                                speaking.more(&content);
                            }
                            return Poll::Ready(Some(Ok(TurnEvent::Content { content })));
                        }
                        Some(Err(error)) => self.broke(error),
                        None => self.complete(),
                    }
                }
                Reply::Complete { limit, is_stopped } => {
                    let SideEvents { workspace, speaking, .. } = &self.side_events;
                    let waits = workspace.is_some() && limit.as_mut().poll(task).is_pending();
                    if waits || speaking.is_some() {
                        return Poll::Pending;
                    }
                    let is_stopped = *is_stopped;
                    let last = self.last(is_stopped);
                    self.end();
                    return Poll::Ready(Some(Ok(last)));
                }
                Reply::Broken(error) => {
                    if self.side_events.speaking.is_some() {
                        return Poll::Pending;
                    }
                    let error = error.clone();
                    self.end();
                    return Poll::Ready(Some(Err(error)));
                }
                Reply::Ended => return Poll::Ready(None),
            }
        }
    }

    fn opened(&mut self, opened: Result<Opened>) -> Result<()> {
        let Opened { stream, stage, label, late, services } = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.recorder.broke(&error);
                self.end();
                return Err(error);
            }
        };
        self.recorder.answered_by(services.model(), services.is_fallback());
        self.services = services;
        self.side_events.push_label(label);
        if late.is_some() {
            self.side_events.wait_for_label(late);
        }
        self.reply = Reply::Streaming(Box::new(stream), stage);
        Ok(())
    }

    /// Called at the end of the model's stream.
    fn complete(&mut self) {
        let Reply::Streaming(stream, stage) = std::mem::replace(&mut self.reply, Reply::Ended)
        else {
            return;
        };
        let usage = self.close_reply(stream.partial());
        if self.text.trim().is_empty() {
            let why = "the model's reply is empty";
            let error = Error::new(ErrorKind::UnexpectedReply, "turn.reply", why).with_usage(usage);
            stage.failed_by(&error);
            self.recorder.broke(&error);
            self.side_events.speaking = None;
            self.reply = Reply::Broken(error);
            return;
        }
        stage.done();
        if let Some(persister) = &self.persister {
            persister.save_reply(&self.text);
        }
        if let Some(speaking) = &mut self.side_events.speaking {
            speaking.complete(&self.text);
        }
        self.reply = self.completed(false);
    }

    pub(super) fn completed(&self, is_stopped: bool) -> Reply {
        Reply::Complete { limit: Box::pin(sleep(self.settings.workspace_wait)), is_stopped }
    }

    /// Called when the stream broke: another service answers in its place, or the text so far is kept.
    fn broke(&mut self, error: Error) {
        let Reply::Streaming(stream, stage) = std::mem::replace(&mut self.reply, Reply::Ended)
        else {
            return;
        };
        stage.failed_by(&error);
        let has_begun = !stream.partial().text().is_empty();
        if let Some(next) = self.services.after(&error).filter(|_| !has_begun) {
            let (settings, recorder) = (self.settings.clone(), self.recorder.clone());
            let opening = async move { reply::open_at(&settings, next, &recorder).await };
            self.reply = Reply::Opening(Box::pin(opening));
            return;
        }
        self.keep_partial(&stream);
        self.close_reply(stream.partial());
        self.recorder.broke(&error);
        if let Some(speaking) = &mut self.side_events.speaking {
            speaking.break_off();
        }
        self.reply = Reply::Broken(error);
    }

    /// Called when the reply has stopped growing; returns its tokens.
    pub(super) fn close_reply(&mut self, reply: &ChatReply) -> Option<TokenUsage> {
        reply.text().clone_into(&mut self.text);
        self.finish_reason = reply.finish_reason.as_ref().map(|reason| reason.as_str().to_owned());
        self.first_content = None;
        let usage = self.count(reply)?;
        if self.settings.events.usage {
            let (prompt, completion) = (usage.prompt_tokens, usage.completion_tokens);
            self.side_events.push(TurnEvent::usage(prompt, completion, usage.total_tokens));
        }
        Some(usage)
    }

    /// Records the tokens of the reply, as far as the service has counted them.
    pub(super) fn count(&self, reply: &ChatReply) -> Option<TokenUsage> {
        let usage = Some(reply.usage.as_ref()?.counted()).filter(TokenUsage::is_known)?;
        self.recorder.usage(usage);
        Some(usage)
    }

    /// The last event.
    fn last(&self, stopped: bool) -> TurnEvent {
        let Some(Ids { turn, message, reply }) =
            Some(&self.ids).filter(|_| self.settings.events.turn)
        else {
            return if stopped { TurnEvent::stopped() } else { TurnEvent::done() };
        };
        TurnEvent::Done {
            stopped,
            turn_id: Some(turn.clone()),
            message_id: Some(message.clone()),
            reply_id: Some(reply.clone()),
            model: self.services.model().map(str::to_owned),
            fallback: self.services.is_fallback(),
        }
    }

    pub(super) fn keep_partial(&self, stream: &ChatStream) {
        if self.settings.on_disconnect != OnDisconnect::Discard
            && let Some(persister) = &self.persister
        {
            persister.save_reply(stream.partial().text());
        }
    }

    pub(super) fn end(&mut self) {
        self.reply = Reply::Ended;
        self.first_content = None;
        self.side_events.end();
        self.recorder.end();
    }
}
