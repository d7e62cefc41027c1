//! Delivery times of a turn's messages: the outbox delivers, and the turn's timeline shows the times.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tracing::{Instrument, Span};

use super::StageName;
use super::timeline::{Recorder, Running};
use crate::conversation::{ConversationSink, Conversations};
use crate::outbox::{AnyOpener, Outbox, Outcome, Record, Sink};
use crate::process::PerProcess;

/// The most tracked messages, a bound for a store that is down for long.
const MOST: usize = 10_000;

/// The undelivered messages of this process, by id. The default tracks none: deliveries to a custom sink cannot be
/// tracked.
#[derive(Clone, Default)]
pub(super) struct DeliveryTracker(Option<Arc<PerProcess<Arc<Deliveries>>>>);

type Deliveries = Mutex<HashMap<String, Tracked>>;

struct Tracked {
    stage: StageName,
    recorder: Recorder,
    /// The stage, from the start of its first delivery.
    running: Option<Running>,
}

impl DeliveryTracker {
    pub(super) fn tracking() -> Self {
        DeliveryTracker(Some(Arc::default()))
    }

    /// Returns true if the messages are delivered by the engine's own store.
    pub(super) fn is_tracking(&self) -> bool {
        self.0.is_some()
    }

    /// Tracks a record until it is delivered or dead; `false` if it cannot be, such as one that another turn's timeline
    /// shows.
    pub(super) fn track(&self, id: &str, stage: StageName, recorder: &Recorder) -> bool {
        let tracks = self.with(|tracked| {
            if tracked.len() >= MOST || tracked.contains_key(id) {
                return false;
            }
            let recorder = recorder.clone();
            tracked.insert(id.to_owned(), Tracked { stage, recorder, running: None });
            true
        });
        tracks.unwrap_or_default()
    }

    pub(super) fn forget(&self, id: &str) {
        self.take(id);
    }

    /// Records that a delivery begins; returns the span of its stage, or the current one for a message that is not
    /// tracked.
    fn begin(&self, id: &str) -> Span {
        let begun = self.with(|tracked| {
            let message = tracked.get_mut(id)?;
            let begin = || message.recorder.begin(message.stage);
            Some(message.running.get_or_insert_with(begin).span())
        });
        begun.flatten().unwrap_or_else(Span::current)
    }

    /// Records that a record is delivered.
    fn done(&self, id: &str) {
        if let Some(running) = self.take(id).and_then(|message| message.running) {
            running.done();
        }
    }

    /// Records that a record became a dead letter, by its own fault or another's.
    fn gave_up(&self, id: &str, reason: &str) {
        if let Some(Tracked { stage, recorder, running }) = self.take(id) {
            running.unwrap_or_else(|| recorder.begin(stage)).failed(reason);
        }
    }

    fn take(&self, id: &str) -> Option<Tracked> {
        self.with(|tracked| tracked.remove(id)).flatten()
    }

    fn with<T>(&self, look: impl FnOnce(&mut HashMap<String, Tracked>) -> T) -> Option<T> {
        let tracked = self.0.as_ref()?.get_or_make(Arc::default);
        // No code that can panic runs under the lock.
        let mut tracked = tracked.lock().unwrap_or_else(PoisonError::into_inner);
        Some(look(&mut tracked))
    }
}

/// The store as a sink whose deliveries are tracked.
pub(super) struct TrackedSink {
    store: ConversationSink,
    identity: usize,
    deliveries: DeliveryTracker,
}

impl TrackedSink {
    /// The store with this identity as a sink.
    pub(super) fn new(
        store: ConversationSink,
        identity: usize,
        deliveries: DeliveryTracker,
    ) -> Self {
        TrackedSink { store, identity, deliveries }
    }

    /// The sink that an earlier engine attached to this outbox.
    pub(super) fn of(outbox: &Outbox) -> Option<&Self> {
        outbox.sink()?.of_turns()?.downcast_ref()
    }

    /// Returns true if this is the sink's store, which lives as long as the sink.
    pub(super) fn delivers_to(&self, store: &dyn Conversations) -> bool {
        self.identity == store.identity()
    }

    /// The messages of all engines on the outbox.
    pub(super) fn deliveries(&self) -> DeliveryTracker {
        self.deliveries.clone()
    }
}

#[async_trait]
impl Sink for TrackedSink {
    async fn deliver(&self, record: &Record) -> Outcome {
        let stage = self.deliveries.begin(record.id());
        let outcome = self.store.deliver(record).instrument(stage).await;
        // A record that failed is still pending: the outbox decides whether it is given up.
        if outcome == Outcome::Delivered {
            self.deliveries.done(record.id());
        }
        outcome
    }

    async fn delivered(&self, record: &Record) {
        self.store.delivered(record).await;
    }

    fn gave_up(&self, record_id: &str, reason: &str) {
        self.deliveries.gave_up(record_id, reason);
    }

    // The sink's own, and not the outbox's: deliveries begin as soon as the sink is attached.
    fn opener(&self) -> Option<AnyOpener> {
        self.store.opener()
    }

    fn needs_tokens(&self) -> bool {
        self.store.needs_tokens()
    }

    fn of_turns(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn type_name(&self) -> &'static str {
        self.store.type_name()
    }
}
