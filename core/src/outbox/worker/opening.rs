//! The opening of a claimed conversation, step by step, each stored before the next.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::timeout;

use super::claim::{ClaimedConversation, pause_while_busy};
use crate::error::{Error, ErrorKind};
use crate::guard;
use crate::outbox::clock::millis;
use crate::outbox::opener::{Begun, Opened, Opener, OpeningCall, Requests};
use crate::outbox::opening::{ALONE, Opening, OpeningObserver};
use crate::outbox::outcome::Outcome;
use crate::outbox::record::Record;
use crate::outbox::shared::{SharedOutbox, lock};
use crate::outbox::storage::{Adopted, ClaimedRecord, Fault, Settled, Transition};

/// The wait of a record if this process cannot open its conversation: another one may.
const NO_OPENER: Duration = Duration::from_secs(60);

/// The reason of a record that waits because the place may be in creation.
const IN_CREATION: &str =
    "the answer to the request for its conversation is lost: it is looked for first";

/// The reason of a record that waits because the place that was found is another's, or may become another's.
const ANOTHERS: &str =
    "the place that was found may be that of another conversation: it is looked for again";

/// The place of a conversation at the service.
pub(super) enum Place {
    Exists,
    /// It does not exist yet, is not ready, or never will be: the outcome replaces that of a delivery.
    Missing(Outcome),
    /// It may exist, and is looked for later, for this reason.
    Doubted(&'static str),
    /// This process cannot open it.
    WithoutOpener,
    /// Another process has taken the claim of the conversation.
    ClaimLost,
}

impl ClaimedConversation {
    /// Opens the conversation if this record must do so. The name and the record's payload may change.
    pub(super) async fn open_place(
        &mut self,
        claimed: &mut ClaimedRecord,
        record: &Record,
    ) -> Place {
        let dead = |reason: String| Place::Missing(Outcome::dead(reason));
        let plan = match claimed.opening.clone() {
            None | Some(Opening::Begun) => return Place::Exists,
            Some(Opening::Behind(_)) => return dead(ALONE.to_owned()),
            Some(Opening::Unopened { reason, .. }) => return dead(reason),
            Some(Opening::Requested(plan)) => {
                // The process that sent the request has ended, or gave up waiting.
                claimed.opening = Some(doubted(claimed, plan));
                return Place::Doubted(IN_CREATION);
            }
            Some(
                Opening::Planned(plan) | Opening::Doubted { plan, .. } | Opening::Opened(plan),
            ) => plan,
        };
        let Some(opener) = self.shared.sink.opener() else { return Place::WithoutOpener };
        let shared = self.shared.clone();
        let observer = shared.observers.of(&claimed.id);
        let is_resumed = matches!(claimed.opening, Some(Opening::Opened(_)));
        if is_resumed {
            observer.opened(&claimed.conversation);
        } else {
            let opened = self.request(&*opener, claimed, record, &plan, &observer).await;
            let is_found = matches!(opened, Opened::Found(_));
            match opened {
                Opened::As(name) | Opened::Found(name) => {
                    let opening = Opening::Opened(plan.clone());
                    let named = match self.name(claimed, &name, opening, is_found).await {
                        Adopted::Named(named) => named,
                        // That says nothing about the service, nor about the record.
                        Adopted::Taken => return Place::Doubted(ANOTHERS),
                    };
                    observer.opened(&name);
                    let Some(named) = named else { return Place::ClaimLost };
                    *claimed = named;
                }
                Opened::Not(outcome) if !is_requested(claimed) => return Place::Missing(outcome),
                // An opener that ended during its request has no answer either.
                Opened::Not(outcome) | Opened::Lost(outcome) => {
                    claimed.opening = Some(doubted(claimed, plan));
                    return Place::Missing(self.after_the_doubt(outcome));
                }
                Opened::InDoubt(reason) => {
                    claimed.opening = Some(Opening::Requested(plan));
                    return dead(reason);
                }
            }
        }
        match self.begin(&*opener, claimed, record, (&plan, is_resumed), &observer).await {
            Begun::Later(outcome) => Place::Missing(outcome),
            Begun::Done => {
                shared.observers.take(&claimed.id);
                Place::Exists
            }
        }
    }

    /// Postpones a record whose conversation this process cannot open.
    pub(super) async fn wait_for_opener(&mut self, claimed: &ClaimedRecord) -> Option<Settled> {
        let reason = "this process cannot open the conversation: attach the store as the sink";
        let settled = self.postpone(claimed, NO_OPENER, reason).await?;
        self.shared.unopened.add(&claimed.id);
        Some(settled)
    }

    /// Postpones a record whose place may exist, or come to be.
    pub(super) async fn wait_for_doubt(
        &mut self,
        claimed: &ClaimedRecord,
        reason: &str,
    ) -> Option<Settled> {
        let wait = self.shared.settings.delivery.doubt();
        self.postpone(claimed, wait, reason).await
    }

    /// Postpones a record without an attempt. That says nothing about the service, nor about the record.
    async fn postpone(
        &mut self,
        claimed: &ClaimedRecord,
        wait: Duration,
        reason: &str,
    ) -> Option<Settled> {
        lock(&self.shared.breaker).abandon_probe();
        let later = Transition::Later {
            attempt: claimed.attempt,
            due_at: self.shared.clock.now().saturating_add(millis(wait)),
            needs_token: false,
            reason: reason.to_owned(),
            skip: false,
        };
        self.settle(claimed, later).await.map(|(settled, _)| settled)
    }

    /// The outcome with a wait that is no shorter than the doubt.
    fn after_the_doubt(&self, outcome: Outcome) -> Outcome {
        let asked = match &outcome {
            Outcome::Retry { after, .. } | Outcome::Unavailable { after, .. } => *after,
            _ => None,
        };
        outcome.after(asked.unwrap_or_default().max(self.shared.settings.delivery.doubt()))
    }

    /// Requests the place. Afterwards the claimed record states whether the place may exist.
    async fn request(
        &self,
        opener: &dyn Opener,
        claimed: &mut ClaimedRecord,
        record: &Record,
        plan: &Value,
        observer: &dyn OpeningObserver,
    ) -> Opened {
        let _under_way = RequestUnderWay::new(self.shared.clone());
        let requests = StoredRequests::new(&self.shared, plan, claimed);
        let call = OpeningCall {
            record,
            plan,
            is_again: claimed.attempt.failures > 0,
            is_doubted: claimed.opening.as_ref().is_some_and(Opening::is_doubted),
            accepted_at: match &claimed.opening {
                Some(Opening::Doubted { since, .. }) => *since,
                _ => claimed.attempt.accepted_at,
            },
            requests: &requests,
            observer,
        };
        let limit = self.shared.settings.delivery.limit;
        let opened = timeout(limit, guard::call(opener.callback(), || opener.open(call))).await;
        let opened = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(panicked)) => retry(panicked.to_string()),
            Err(_) => retry(format!("{} did not end within {limit:?}", opener.callback())),
        };
        // A request without an answer stays stored, and is in doubt at the next attempt.
        *claimed = requests.claimed.into_inner().unwrap_or_else(PoisonError::into_inner);
        opened
    }

    /// Renames the conversation, however long the write takes: another request would create a second place. One that was
    /// found may be another conversation's by now.
    async fn name(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: Opening,
        is_found: bool,
    ) -> Adopted {
        let shared = self.shared.clone();
        loop {
            let now = shared.clock.now();
            let named = match is_found {
                true => shared.backend().adopt(claimed, name, &opening, now),
                false => shared.backend().open(claimed, name, &opening, now).map(Adopted::Named),
            };
            match named {
                Ok(Adopted::Named(Some(claimed))) if !self.has_slot() => {
                    // A claim that cannot be ended now ends with this process.
                    let _ = shared.backend().unclaim(&claimed, shared.clock.now());
                    return Adopted::Named(None);
                }
                Ok(named) => return named,
                Err(fault) => {
                    if !self.waits_after(fault).await {
                        return Adopted::Named(None);
                    }
                }
            }
        }
    }

    /// Performs the steps before the first record. A failure has no further consequence, unless they are to be tried again.
    async fn begin(
        &self,
        opener: &dyn Opener,
        claimed: &mut ClaimedRecord,
        record: &Record,
        (plan, is_resumed): (&Value, bool),
        observer: &dyn OpeningObserver,
    ) -> Begun {
        let mut record = record.clone();
        record.set_conversation(&claimed.conversation);
        let requests = StoredRequests::new(&self.shared, plan, claimed);
        let call = OpeningCall {
            record: &record,
            plan,
            is_again: is_resumed,
            is_doubted: false,
            accepted_at: claimed.attempt.accepted_at,
            requests: &requests,
            observer,
        };
        let limit = self.shared.settings.delivery.limit;
        let begun = timeout(limit, guard::call(opener.callback(), || opener.begin(call))).await;
        match begun {
            Ok(Ok(Begun::Later(outcome))) => return Begun::Later(outcome),
            Ok(Ok(Begun::Done)) => {}
            _ => tracing::warn!(record = %claimed.id, "a setup step of a new conversation failed"),
        }
        claimed.opening = Some(Opening::Begun);
        // The record's transition makes up for a failed write.
        let _ = self.shared.backend().save_opening(claimed, self.shared.clock.now());
        Begun::Done
    }
}

/// The state of a record whose request has no answer.
fn doubted(claimed: &ClaimedRecord, plan: Value) -> Opening {
    match &claimed.opening {
        Some(doubted @ Opening::Doubted { .. }) => doubted.clone(),
        _ => Opening::Doubted { plan, since: claimed.attempt.accepted_at },
    }
}

fn is_requested(claimed: &ClaimedRecord) -> bool {
    matches!(claimed.opening, Some(Opening::Requested(_)))
}

fn retry(reason: String) -> Opened {
    Opened::Not(Outcome::retry(reason))
}

/// A request for a place that is in flight: cancelling it now would put it in doubt.
struct RequestUnderWay(Arc<SharedOutbox>);

impl RequestUnderWay {
    fn new(shared: Arc<SharedOutbox>) -> Self {
        shared.opening_requests.fetch_add(1, Ordering::SeqCst);
        RequestUnderWay(shared)
    }
}

impl Drop for RequestUnderWay {
    fn drop(&mut self) {
        self.0.opening_requests.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The requests of an opener, stored with the claimed record.
struct StoredRequests<'a> {
    shared: &'a SharedOutbox,
    plan: &'a Value,
    claimed: Mutex<ClaimedRecord>,
}

impl<'a> StoredRequests<'a> {
    fn new(shared: &'a SharedOutbox, plan: &'a Value, claimed: &ClaimedRecord) -> Self {
        StoredRequests { shared, plan, claimed: Mutex::new(claimed.clone()) }
    }

    fn store(&self, opening: Opening) -> Result<bool, Fault> {
        let mut claimed = lock(&self.claimed);
        let before = claimed.opening.replace(opening);
        let stored = self.shared.backend().save_opening(&claimed, self.shared.clock.now());
        if stored.is_err() {
            claimed.opening = before;
        }
        stored
    }
}

impl Requests for StoredRequests<'_> {
    fn begins(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            let why = loop {
                match self.store(Opening::Requested(self.plan.clone())) {
                    Ok(true) => return Ok(()),
                    Ok(false) => break "the record is no longer pending".to_owned(),
                    Err(Fault::Busy) => pause_while_busy().await,
                    Err(fault) => break format!("the request cannot be stored: {fault}"),
                }
            };
            Err(Error::new(ErrorKind::Storage, "outbox.open", why))
        })
    }

    fn is_taken(&self, name: &str) -> Result<bool, Error> {
        self.shared.backend().is_taken(name).map_err(|fault| {
            let why = format!("the conversations of the outbox cannot be read: {fault}");
            Error::new(ErrorKind::Storage, "outbox.open", why)
        })
    }

    fn was_refused(&self) {
        let planned = Opening::Planned(self.plan.clone());
        if self.store(planned.clone()).is_err() {
            // It is written with the record's transition.
            lock(&self.claimed).opening = Some(planned);
        }
    }
}
