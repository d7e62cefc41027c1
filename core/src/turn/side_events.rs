//! The events of the side stages, for the turn's reader.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::StageName;
use super::reply::Label;
use super::settings::OptionalEvents;
use super::speaking::Speaking;
use super::timeline::Failure;
use crate::event::TurnEvent;

/// The events other than the reply's, and their sources.
pub(super) struct SideEvents {
    wanted: OptionalEvents,
    ready: VecDeque<TurnEvent>,
    /// The id of the new workspace, as soon as there is one.
    pub(super) workspace: Option<oneshot::Receiver<String>>,
    /// Failures of stages as they happen, and the stages whose failure was sent.
    failures: Option<mpsc::UnboundedReceiver<Failure>>,
    failed: Vec<StageName>,
    late_label: Option<BoxFuture<'static, Option<String>>>,
    pub(super) speaking: Option<Speaking>,
}

impl SideEvents {
    pub(super) fn new(
        wanted: OptionalEvents,
        failures: Option<mpsc::UnboundedReceiver<Failure>>,
    ) -> Self {
        SideEvents {
            wanted,
            ready: VecDeque::new(),
            workspace: None,
            failures,
            failed: Vec::new(),
            late_label: None,
            speaking: None,
        }
    }

    /// The next available event.
    pub(super) fn poll(&mut self, task: &mut Context<'_>) -> Option<TurnEvent> {
        self.poll_sources(task);
        self.ready.pop_front()
    }

    fn poll_sources(&mut self, task: &mut Context<'_>) {
        if let Some(known) = &mut self.workspace
            && let Poll::Ready(known) = Pin::new(known).poll(task)
        {
            self.workspace = None;
            // Otherwise there will be no id; the reason is among the failures below.
            if let Ok(workspace_id) = known {
                self.push(TurnEvent::workspace(workspace_id));
            }
        }
        if let Some(label) = &mut self.late_label
            && let Poll::Ready(label) = label.as_mut().poll(task)
        {
            self.late_label = None;
            self.push_label(label);
        }
        if let Some(speaking) = &mut self.speaking
            && let Poll::Ready(spoken) = speaking.poll(task)
        {
            match spoken {
                Some(audio) => self.push(audio),
                None => self.speaking = None,
            }
        }
        while let Some(failures) = &mut self.failures
            && let Poll::Ready(Some(Failure { stage, why, code })) = failures.poll_recv(task)
        {
            // The reply's own failure is the error of the turn, and a workspace without a name gets one from its message.
            let is_missed = !matches!(stage, StageName::Reply | StageName::Naming);
            if is_missed && !self.failed.contains(&stage) {
                self.failed.push(stage);
                let message =
                    if self.wanted.details { why } else { stage.user_message().to_owned() };
                let code = code.map(str::to_owned);
                self.push(TurnEvent::stage_failed(stage.as_str(), message, code));
            }
        }
    }

    pub(super) fn push(&mut self, event: TurnEvent) {
        self.ready.push_back(event);
    }

    pub(super) fn push_label(&mut self, label: Option<String>) {
        if let Some(label) = label.filter(|_| self.wanted.sentiment) {
            self.push(TurnEvent::sentiment(label));
        }
    }

    /// Waits for a label that was not ready in time.
    pub(super) fn wait_for_label(&mut self, label: Option<Label>) {
        self.late_label = label.map(|mut label| -> BoxFuture<'static, _> {
            Box::pin(async move { label.wait(true).await })
        });
    }

    /// Ends the stages that only serve the reader.
    pub(super) fn end(&mut self) {
        self.workspace = None;
        self.late_label = None;
        self.speaking = None;
    }
}
