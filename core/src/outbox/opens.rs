//! The opening of a claimed conversation, step by step, each written down before the next.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::backend::{Entry, Fault};
use super::delivery::{Conversation, SETTLE_AGAIN, SETTLE_SOON};
use super::opening::{ALONE, Opened, Opener, Opening, OpeningCall, OpeningObserver, Requests};
use super::room::Place;
use super::shared::{Phase, Shared, lock};
use super::{Outcome, Record};
use crate::error::{Error, ErrorKind};
use crate::guard;

/// How long a record waits where nobody can open its conversation.
const NO_OPENER: std::time::Duration = std::time::Duration::from_secs(60);

/// Whether a record has a place to go to.
pub(super) enum Ground {
    There,
    /// Not yet, or never: as if the delivery had come to this.
    Not(Outcome),
    /// The conversation is not this delivery's any more.
    Gone,
}

impl Conversation {
    /// Opens the conversation if this record is to do so. Its name and the record's payload may change.
    pub(super) async fn ground(&mut self, entry: &mut Entry, record: &Record) -> Ground {
        let dead = |reason: String| Ground::Not(Outcome::Dead { reason });
        let plan = match entry.opening.clone() {
            None | Some(Opening::Begun) => return Ground::There,
            Some(Opening::Behind(_)) => return dead(ALONE.to_owned()),
            Some(Opening::Unopened { reason, .. }) => return dead(reason),
            Some(Opening::Planned(plan) | Opening::Requested(plan) | Opening::Opened(plan)) => plan,
        };
        let Some(opener) = self.shared.sink.opener() else {
            let reason = "nothing in this process opens its conversation: attach the store".into();
            return Ground::Not(Outcome::Unavailable { after: Some(NO_OPENER), reason });
        };
        if matches!(entry.opening, Some(Opening::Requested(_))) {
            return dead(opener.in_doubt());
        }
        let observer = lock(&self.shared.observers).get(&entry.id).cloned();
        let is_resumed = matches!(entry.opening, Some(Opening::Opened(_)));
        if !is_resumed {
            match self.ask(&*opener, entry, record, &plan, observer.as_deref()).await {
                Opened::As(name) => {
                    let opened = self.name(entry, &name, Opening::Opened(plan.clone())).await;
                    if let Some(observer) = &observer {
                        observer.opened(&name);
                    }
                    let Some(opened) = opened else { return Ground::Gone };
                    *entry = opened;
                }
                Opened::Not(outcome) => return Ground::Not(outcome),
                Opened::InDoubt(reason) => return dead(reason),
            }
        }
        self.begin(&*opener, entry, record, (&plan, is_resumed), observer.as_deref()).await;
        lock(&self.shared.observers).remove(&entry.id);
        Ground::There
    }

    /// Asks for the place, and leaves in the entry whether it may exist.
    async fn ask(
        &self,
        opener: &dyn Opener,
        entry: &mut Entry,
        record: &Record,
        plan: &Value,
        observer: Option<&dyn OpeningObserver>,
    ) -> Opened {
        let _asking = Asking::new(self.shared.clone());
        let (shared, place) = (self.shared.clone(), self.place);
        let requests = Written { shared, place, plan, entry: Mutex::new(entry.clone()) };
        let call = OpeningCall {
            record,
            plan,
            is_again: entry.trial.attempts > 0,
            requests: &requests,
            observer,
        };
        let limit = self.shared.options.delivery.limit;
        let asked = timeout(limit, guard::call(opener.callback(), || opener.open(call))).await;
        let asked = match asked {
            Ok(Ok(asked)) => asked,
            Ok(Err(panicked)) => retry(panicked.to_string()),
            Err(_) => retry(format!("{} did not end within {limit:?}", opener.callback())),
        };
        // What was requested without an answer stays so, and is in doubt when it is looked at again.
        *entry = requests.entry.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        asked
    }

    /// Gives the conversation its name, however long that takes to be written: asked again, the service would make
    /// another place.
    async fn name(&mut self, entry: &Entry, name: &str, opening: Opening) -> Option<Entry> {
        let shared = self.shared.clone();
        loop {
            let opened = shared.room().open(self.place, entry, name, &opening, shared.clock.now());
            match opened {
                Ok(Some(entry)) if self.has_slot() => return Some(entry),
                Ok(Some(entry)) => {
                    shared.room().give_back(self.place, &entry.conversation, shared.clock.now());
                    return None;
                }
                Ok(None) => return None,
                Err(_) if shared.phase() == Phase::Stopped => return None,
                Err(Fault::Busy) => sleep(SETTLE_SOON).await,
                Err(_) => {
                    self.leave_slot();
                    sleep(SETTLE_AGAIN).await;
                }
            }
        }
    }

    /// Does what comes before the first record. A failure costs nothing but itself.
    async fn begin(
        &self,
        opener: &dyn Opener,
        entry: &mut Entry,
        record: &Record,
        (plan, is_resumed): (&Value, bool),
        observer: Option<&dyn OpeningObserver>,
    ) {
        let mut record = record.clone();
        record.set_conversation(&entry.conversation);
        let (shared, place) = (self.shared.clone(), self.place);
        let requests = Written { shared, place, plan, entry: Mutex::new(entry.clone()) };
        let call = OpeningCall {
            record: &record,
            plan,
            is_again: is_resumed,
            requests: &requests,
            observer,
        };
        let limit = self.shared.options.delivery.limit;
        let begun = timeout(limit, guard::call(opener.callback(), || opener.begin(call))).await;
        if !matches!(begun, Ok(Ok(()))) {
            tracing::warn!(record = %entry.id, "the beginning of a new conversation has failed");
        }
        entry.opening = Some(Opening::Begun);
        // Where it cannot be written now, it is written with what becomes of the record.
        let _ = self.shared.room().note_opening(self.place, entry, self.shared.clock.now());
    }
}

fn retry(reason: String) -> Opened {
    Opened::Not(Outcome::Retry { after: None, reason })
}

/// A place is being asked for: broken off now, it would be in doubt.
struct Asking(Arc<Shared>);

impl Asking {
    fn new(shared: Arc<Shared>) -> Self {
        shared.asking.fetch_add(1, Ordering::SeqCst);
        Asking(shared)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The requests of an opener, as they are written down.
struct Written<'a> {
    shared: Arc<Shared>,
    place: Place,
    plan: &'a Value,
    entry: Mutex<Entry>,
}

impl Written<'_> {
    fn write(&self, opening: Opening) -> Result<bool, Fault> {
        let mut entry = lock(&self.entry);
        let before = entry.opening.replace(opening);
        let written = self.shared.room().note_opening(self.place, &entry, self.shared.clock.now());
        if written.is_err() {
            entry.opening = before;
        }
        written
    }
}

impl Requests for Written<'_> {
    fn begins(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            let why = loop {
                match self.write(Opening::Requested(self.plan.clone())) {
                    Ok(true) => return Ok(()),
                    Ok(false) => break "the record is not pending any more".to_owned(),
                    Err(Fault::Busy) => sleep(SETTLE_SOON).await,
                    Err(fault) => break format!("the request cannot be written down: {fault}"),
                }
            };
            Err(Error::new(ErrorKind::Storage, "outbox.open", why))
        })
    }

    fn was_refused(&self) {
        let planned = Opening::Planned(self.plan.clone());
        if self.write(planned.clone()).is_err() {
            // It is written with what becomes of the record.
            lock(&self.entry).opening = Some(planned);
        }
    }
}
