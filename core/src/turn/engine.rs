//! The running of a turn: the reply, driven by its reader, and what the stages beside it tell.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::coop::poll_proceed;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::beside::Beside;
use super::keeper::Keeper;
use super::reply::{self, Asked, Kept, Label, Opened};
use super::settings::{OnDisconnect, TurnsBuilder};
use super::speaking::Speaking;
use super::timeline::{Recorder, Running};
use super::workspace::{Naming, Watch};
use super::{Turns, admission};
use crate::chat::ChatStream;
use crate::error::{Error, ErrorKind, Result};
use crate::event::TurnEvent;
use crate::turn_request::Place;
use crate::turn_request::TurnRequest;

/// A turn that runs.
pub(super) struct Engine {
    settings: Arc<TurnsBuilder>,
    background: TaskTracker,
    /// Ends what is in the background.
    ending: CancellationToken,
    runtime: Handle,
    recorder: Recorder,
    keeper: Option<Keeper>,
    beside: Beside,
    reply: Reply,
}

/// How far the reply is.
enum Reply {
    Opening(BoxFuture<'static, Result<Opened>>),
    Streaming(Box<ChatStream>, Running),
    /// It is complete and kept. A new workspace's id is waited for until then.
    Complete(Pin<Box<Sleep>>),
    /// There is no more to come.
    Ended,
    /// Something is wrong with the request.
    Refused(Option<Error>),
}

/// Starts a turn.
pub(super) fn start(turns: &Turns, request: TurnRequest) -> (Engine, Recorder) {
    let settings = turns.settings.clone();
    let (failed, failures) = settings.tells.failures.then(mpsc::unbounded_channel).unzip();
    let recorder = Recorder::start(failed);
    let mut engine = Engine {
        settings: settings.clone(),
        background: turns.background.clone(),
        ending: turns.ending.clone(),
        runtime: Handle::current(),
        recorder: recorder.clone(),
        keeper: None,
        beside: Beside::new(settings.tells, failures),
        reply: Reply::Ended,
    };
    let admitted = match turns.is_shut_down() {
        true => Err(admission::shut_down()),
        false => admission::check(&settings, &request),
    };
    engine.reply = match admitted.and_then(|()| engine.begin(request)) {
        Ok((asked, label)) => {
            let recorder = recorder.clone();
            let opening = async move { reply::open(&settings, asked, label, &recorder).await };
            Reply::Opening(Box::pin(opening))
        }
        Err(error) => Reply::Refused(Some(error)),
    };
    (engine, recorder)
}

impl Engine {
    /// Starts what runs beside the reply, and tells what the reply is made from.
    fn begin(&mut self, request: TurnRequest) -> Result<(Asked, Option<Label>)> {
        let TurnRequest { message, place, user_id, tokens, history, .. } = request;
        let mut kept = None;
        if let (Some(store), Some(outbox)) = (&self.settings.store, &self.settings.outbox) {
            // `admission` has seen to it that the request says whose it is, and where it belongs.
            let user = user_id.unwrap_or_default();
            let mut store = store.for_user(&user);
            if let Some(tokens) = &tokens {
                store = store.with_tokens(tokens.clone());
            }
            let known = match &place {
                Place::Workspace(id) => Some(id.clone()),
                Place::New | Place::Unnamed => None,
            };
            let keeping = (outbox.clone(), self.settings.saves.clone());
            let recorder = self.recorder.clone();
            let keeper = Keeper::new(keeping, recorder, tokens, &user, &message, known.clone());
            self.keeper = Some(keeper.clone());
            match known {
                Some(id) => {
                    self.beside.tell(TurnEvent::Workspace { workspace_id: id.clone() });
                    keeper.keep();
                    let message_id = keeper.message_id().to_owned();
                    kept = Some(Kept { store, workspace: id, message_id });
                }
                None => self.begin_workspace(keeper, message.clone()),
            }
        }
        let (speech, mode) = (self.settings.speech.as_ref(), self.settings.speech_mode);
        let wait = self.settings.speech_wait;
        self.beside.speaking = Speaking::new(speech, mode, wait, &self.recorder);
        let sentiment = self.settings.sentiment.clone();
        let label = sentiment.map(|sentiment| Label::search(sentiment, &message, &self.recorder));
        Ok((Asked { message, history, kept }, label))
    }

    fn begin_workspace(&mut self, keeper: Keeper, message: String) {
        let (known, receiver) = oneshot::channel();
        let (recorder, saves) = (self.recorder.clone(), &self.settings.saves);
        let watch = Watch::new(&recorder, saves, keeper.message_id(), known);
        let ending = self.ending.clone();
        let naming = Naming::begin(keeper, &message, watch, ending.clone());
        let Some(naming) = naming else { return };
        let naming = naming.run(self.settings.clone(), recorder, message);
        self.background.spawn(async move {
            let _ = ending.run_until_cancelled(naming).await;
        });
        self.beside.workspace = Some(receiver);
    }

    pub(super) fn poll_event(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<TurnEvent>>> {
        loop {
            // A model that sends without a pause must not keep its reader's other work, such as time limits, waiting.
            let share = ready!(poll_proceed(task));
            if let Some(event) = self.beside.poll(task) {
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
                            if let Some(speaking) = &mut self.beside.speaking {
                                speaking.more(&content);
                            }
                            return Poll::Ready(Some(Ok(TurnEvent::Content { content })));
                        }
                        Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(error)))),
                        None => self.complete()?,
                    }
                }
                Reply::Complete(limit) => {
                    let Beside { workspace, speaking, .. } = &self.beside;
                    let waits = workspace.is_some() && limit.as_mut().poll(task).is_pending();
                    if waits || speaking.is_some() {
                        return Poll::Pending;
                    }
                    self.end();
                    return Poll::Ready(Some(Ok(TurnEvent::done())));
                }
                Reply::Refused(error) => {
                    let error = error.take();
                    self.end();
                    return Poll::Ready(error.map(Err));
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
        self.beside.tell_label(label);
        self.beside.search_on(late);
        self.reply = Reply::Streaming(Box::new(stream), stage);
        Ok(())
    }

    /// The model has said all.
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
        if let Some(keeper) = &self.keeper {
            keeper.keep_reply(reply.text());
        }
        if let Some(speaking) = &mut self.beside.speaking {
            speaking.complete(reply.text());
        }
        if let Some(usage) = reply.usage.filter(|_| self.settings.tells.usage) {
            self.beside.tell(TurnEvent::Usage {
                prompt_tokens: usage.prompt_tokens,
                completion_tokens: usage.completion_tokens,
                total_tokens: usage.total_tokens,
            });
        }
        self.reply = Reply::Complete(Box::pin(sleep(self.settings.workspace_wait)));
        Ok(())
    }

    /// The reply broke: what came of it is kept.
    fn fail(&mut self, error: Error) -> Error {
        if let Reply::Streaming(stream, stage) = std::mem::replace(&mut self.reply, Reply::Ended) {
            stage.failed_by(&error);
            self.keep_partial(&stream);
        }
        self.end();
        error
    }

    fn keep_partial(&self, stream: &ChatStream) {
        if self.settings.on_disconnect != OnDisconnect::Discard
            && let Some(keeper) = &self.keeper
        {
            keeper.keep_reply(stream.partial().text());
        }
    }

    /// Nobody reads any more.
    pub(super) fn left(mut self) {
        let is_running = matches!(self.reply, Reply::Opening(..) | Reply::Streaming(..));
        if is_running && self.settings.on_disconnect == OnDisconnect::Finish {
            self.beside.speaking = None; // nobody hears it
            let (background, runtime) = (self.background.clone(), self.runtime.clone());
            let mut rest = Unread(self);
            let rest = async move {
                let ending = rest.0.ending.clone();
                // An error is on the timeline, and in the log.
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

    /// Whether there is no more to come.
    pub(super) fn is_ended(&self) -> bool {
        matches!(self.reply, Reply::Ended)
    }

    fn end(&mut self) {
        self.reply = Reply::Ended;
        self.beside.end();
        self.recorder.end();
    }
}

/// A turn that is read to its end without a reader. Broken off, by a shutdown or with its runtime, it keeps what has
/// come.
struct Unread(Engine);

impl Drop for Unread {
    fn drop(&mut self) {
        if !self.0.is_ended() {
            self.0.break_off();
        }
    }
}
