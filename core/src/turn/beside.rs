//! What runs beside the reply, as the turn's reader hears of it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::StageName;
use super::reply::Label;
use super::settings::Tells;
use super::speaking::Speaking;
use super::timeline::Failure;
use crate::event::TurnEvent;

/// The events that are not the reply's, and where they come from.
pub(super) struct Beside {
    tells: Tells,
    ready: VecDeque<TurnEvent>,
    /// The id of the new workspace, as soon as there is one.
    pub(super) workspace: Option<oneshot::Receiver<String>>,
    /// Failures of stages, as they happen, and the stages of which the reader was told.
    failures: Option<mpsc::UnboundedReceiver<Failure>>,
    told: Vec<StageName>,
    late_label: Option<BoxFuture<'static, Option<String>>>,
    pub(super) speaking: Option<Speaking>,
}

impl Beside {
    pub(super) fn new(tells: Tells, failures: Option<mpsc::UnboundedReceiver<Failure>>) -> Self {
        Beside {
            tells,
            ready: VecDeque::new(),
            workspace: None,
            failures,
            told: Vec::new(),
            late_label: None,
            speaking: None,
        }
    }

    /// The next event that is there.
    pub(super) fn poll(&mut self, task: &mut Context<'_>) -> Option<TurnEvent> {
        self.look(task);
        self.ready.pop_front()
    }

    fn look(&mut self, task: &mut Context<'_>) {
        if let Some(known) = &mut self.workspace
            && let Poll::Ready(known) = Pin::new(known).poll(task)
        {
            self.workspace = None;
            // Else there will be none; why is told below.
            if let Ok(workspace_id) = known {
                self.tell(TurnEvent::Workspace { workspace_id });
            }
        }
        if let Some(label) = &mut self.late_label
            && let Poll::Ready(label) = label.as_mut().poll(task)
        {
            self.late_label = None;
            self.tell_label(label);
        }
        if let Some(speaking) = &mut self.speaking
            && let Poll::Ready(spoken) = speaking.poll(task)
        {
            match spoken {
                Some(audio) => self.tell(audio),
                None => self.speaking = None,
            }
        }
        while let Some(failures) = &mut self.failures
            && let Poll::Ready(Some(Failure { stage, why, code })) = failures.poll_recv(task)
        {
            // The reply's own failure is the turn's error.
            if stage != StageName::Reply && !self.told.contains(&stage) {
                self.told.push(stage);
                let message =
                    if self.tells.details { why } else { stage.user_message().to_owned() };
                let (stage, code) = (stage.as_str().to_owned(), code.map(str::to_owned));
                self.tell(TurnEvent::StageFailed { stage, message, code });
            }
        }
    }

    pub(super) fn tell(&mut self, event: TurnEvent) {
        self.ready.push_back(event);
    }

    pub(super) fn tell_label(&mut self, label: Option<String>) {
        if let Some(label) = label.filter(|_| self.tells.sentiment) {
            self.tell(TurnEvent::Sentiment { label });
        }
    }

    /// The search for the label goes on.
    pub(super) fn search_on(&mut self, label: Option<Label>) {
        self.late_label = label.map(|mut label| -> BoxFuture<'static, _> {
            Box::pin(async move { label.found(true).await })
        });
    }

    /// Nobody is told of anything any more.
    pub(super) fn end(&mut self) {
        self.workspace = None;
        self.late_label = None;
        self.speaking = None;
    }
}
