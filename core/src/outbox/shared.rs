//! One process's outbox: the state shared by its handles and its worker.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::clock::Clock;
use super::observers::Observers;
use super::opening::OpeningObserver;
use super::payload;
use super::record::Record;
use super::report::FlushReport;
use super::running::RunningTurns;
use super::settings::OutboxSettings;
use super::sink::Target;
use super::state::{AttemptState, Breaker};
use super::storage::{Ahead, Backend, Inserted, Memory, NewRecord, RecordUser, Refused};
#[cfg(feature = "outbox-sqlite")]
use super::storage::{FileSettings, TieredBackend};
use super::tokens::{Holder, TokenCache};
use super::unopened::Unopened;
use crate::error::{Error, ErrorKind, Result};

/// The most concurrent calls of `delivered`.
const HOOKS: usize = 64;

/// One process's outbox.
pub(super) struct SharedOutbox {
    pub(super) settings: Arc<OutboxSettings>,
    pub(super) sink: Arc<Target>,
    pub(super) clock: Clock,
    pub(super) breaker: Mutex<Breaker>,
    pub(super) tokens: Mutex<TokenCache>,
    pub(super) observers: Observers,
    /// The running turns of this process.
    pub(super) turns: RunningTurns,
    pub(super) unopened: Unopened,
    backend: Mutex<Box<dyn Backend>>,
    /// Fairness lock, taken before `backend`: a thread that relocks immediately, as the worker does, queues behind
    /// waiting callers.
    fairness: Mutex<()>,
    /// Records whose callers are waiting for the backend.
    queue: Mutex<Vec<(NewRecord, Arc<AnswerSlot>)>>,
    /// Wakes the worker.
    pub(super) wake: Notify,
    /// True if the worker is only waiting for a record.
    pub(super) is_idle: AtomicBool,
    pub(super) has_worker: AtomicBool,
    /// Running deliveries, except those that are only waiting for the disk.
    pub(super) running: AtomicUsize,
    /// Requests for the place of a conversation that are in flight.
    pub(super) opening_requests: AtomicUsize,
    phase: AtomicU8,
    /// True once the worker has ended.
    pub(super) ended: tokio::sync::watch::Sender<bool>,
    /// Calls of `delivered` that are running or waiting.
    pub(super) hooks: AtomicUsize,
    pub(super) hook_permits: Semaphore,
    /// Records accepted by this process.
    accepted: AtomicU64,
    /// The numbers of records that this process delivered and gave up.
    pub(super) delivered: AtomicU64,
    pub(super) died: AtomicU64,
    /// The numbers in the last report.
    reported: Mutex<(u64, u64)>,
    /// Wakes callers that wait for capacity when a record has been removed.
    freed: (Mutex<()>, Condvar),
    /// Makes the worker panic at its next claim.
    #[cfg(test)]
    pub(super) panics: AtomicBool,
}

/// The phase of the outbox's life cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    /// No further records are accepted.
    Closed,
    /// There is no handle any more: the worker ends once nothing is due.
    Lingering,
    /// No further delivery begins.
    Draining,
    /// Deliveries are cancelled.
    Stopped,
}

/// The slot for the answer to a caller whose record another caller inserted.
#[derive(Default)]
struct AnswerSlot(Mutex<Option<Inserted>>);

impl SharedOutbox {
    /// Opens the store. An error is the reason why it can never be opened.
    pub(super) fn open(
        settings: Arc<OutboxSettings>,
        sink: Arc<Target>,
    ) -> std::result::Result<Self, Refused> {
        let backend = open_backend(&settings)?;
        Ok(SharedOutbox {
            sink,
            clock: Clock::new(),
            breaker: Mutex::default(),
            tokens: Mutex::default(),
            observers: Observers::default(),
            turns: RunningTurns::default(),
            unopened: Unopened::default(),
            backend: Mutex::new(backend),
            fairness: Mutex::default(),
            queue: Mutex::default(),
            wake: Notify::new(),
            is_idle: AtomicBool::new(false),
            has_worker: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            opening_requests: AtomicUsize::new(0),
            phase: AtomicU8::new(Phase::Running as u8),
            ended: tokio::sync::watch::Sender::new(false),
            hooks: AtomicUsize::new(0),
            hook_permits: Semaphore::new(HOOKS),
            accepted: AtomicU64::new(0),
            reported: Mutex::default(),
            delivered: AtomicU64::new(0),
            died: AtomicU64::new(0),
            freed: Default::default(),
            #[cfg(test)]
            panics: AtomicBool::new(false),
            settings,
        })
    }

    pub(super) fn backend(&self) -> MutexGuard<'_, Box<dyn Backend>> {
        let _turn = lock(&self.fairness);
        lock(&self.backend)
    }

    pub(super) fn has_file(&self) -> bool {
        self.settings.path.is_some()
    }

    /// The stored form of a record. Its tokens stay in memory.
    pub(super) fn new_record(
        &self,
        record: &Record,
        is_held: bool,
        operation: &'static str,
    ) -> Result<NewRecord> {
        let refuse = |why: String| {
            let error = Error::new(ErrorKind::InvalidRequest, operation, why);
            Err(error.with_target(Some(record.id().into())))
        };
        for (name, value) in [("id", record.id()), ("conversation", record.conversation())] {
            if value.is_empty() {
                let why = format!("a record's {name} must be a text that is not empty");
                return Err(Error::new(ErrorKind::InvalidRequest, operation, why));
            }
        }
        let payload = match payload::write(record.payload()) {
            Ok(payload) => payload,
            Err(why) => return refuse(why),
        };
        let limits = &self.settings.limits;
        let whole = match self.settings.path {
            Some(_) => limits.file_bytes.try_into().unwrap_or(usize::MAX),
            None => limits.memory_bytes,
        };
        let limit = limits.record_bytes.min(whole);
        let user = record.user_id().map_or(0, str::len);
        let bytes = payload.len() + record.id().len() + record.conversation().len() + user;
        if bytes > limit {
            return refuse(format!("the record has {bytes} bytes, more than the limit of {limit}"));
        }
        if let Some(tokens) = record.known_tokens() {
            let holder = Holder::of(record.user_id(), record.conversation());
            lock(&self.tokens).keep(holder, tokens.clone());
        }
        Ok(NewRecord {
            id: record.id().to_owned(),
            conversation: record.conversation().to_owned(),
            user: record.user_id().map(str::to_owned),
            payload,
            is_held,
            has_tokens: record.known_tokens().is_some(),
            attempt: AttemptState { accepted_at: self.clock.now(), ..AttemptState::default() },
            opening: record.its_opening().cloned(),
        })
    }

    /// Answers the observer of a record that was known already, unless the first one with its id is still to open the
    /// conversation: then the observer waits for that. It was added before, so that it misses no notification.
    pub(super) fn catch_up(&self, id: &str, observer: &Arc<dyn OpeningObserver>) {
        let ahead = self.backend().ahead(id).unwrap_or(Ahead::Unknown);
        match ahead {
            Ahead::Opens { opener, .. } if opener == id => return,
            Ahead::Opens { opener, .. } => {
                self.observers.add(&opener, observer.clone());
                self.catch_up(&opener, observer);
            }
            Ahead::In(name) => observer.opened(&name),
            Ahead::Dead(_) => observer.given_up(),
            Ahead::Unknown => {}
        }
        self.observers.remove(id, observer);
    }

    /// Refuses an id that is known as another user's: the record would be taken for that one, and lost.
    ///
    /// # Errors
    ///
    /// `invalid_request` for such an id.
    pub(super) fn check_user(
        &self,
        id: &str,
        user: Option<&str>,
        operation: &'static str,
    ) -> Result<()> {
        let known = self.backend().user_of(id).unwrap_or(RecordUser::Unknown);
        if known.differs(user) {
            let why = "a record of another user has this id";
            let error = Error::new(ErrorKind::InvalidRequest, operation, why);
            let error = error.with_hint("give each record an id of its own, such as a random UUID");
            return Err(error.with_target(Some(id.into())));
        }
        Ok(())
    }

    /// Inserts a record. Of several concurrent callers, the first to lock the backend writes for all of them: one
    /// transaction, one wait for the disk.
    pub(super) fn insert(&self, record: NewRecord) -> Inserted {
        let slot = Arc::new(AnswerSlot::default());
        lock(&self.queue).push((record, slot.clone()));
        let mut backend = self.backend();
        if let Some(answer) = *lock(&slot.0) {
            return answer;
        }
        let (batch, slots): (Vec<NewRecord>, Vec<Arc<AnswerSlot>>) =
            std::mem::take(&mut *lock(&self.queue)).into_iter().unzip();
        let inserted = backend.insert(&batch, self.clock.now());
        // A backend that returns a fault has inserted no record.
        let answers = inserted.unwrap_or_else(|_| vec![Inserted::Full; batch.len()]);
        let is_new = |answer: &&Inserted| matches!(answer, Inserted::New(_));
        self.accepted.fetch_add(answers.iter().filter(is_new).count() as u64, Ordering::SeqCst);
        if self.has_file() && answers.iter().any(|answer| !answer.is_durable()) {
            // A record in memory should move to the file soon, whatever else the worker waits for.
            self.wake.notify_one();
        }
        for (slot, answer) in slots.iter().zip(answers) {
            *lock(&slot.0) = Some(answer);
        }
        // This caller's record was in the batch, because no other caller had answered it.
        lock(&slot.0).unwrap_or(Inserted::Full)
    }

    /// Blocks until a record has been removed, at most this long.
    pub(super) fn wait_for_capacity(&self, limit: Duration) {
        let guard = lock(&self.freed.0);
        drop(self.freed.1.wait_timeout(guard, limit));
    }

    /// Wakes callers that wait for capacity.
    pub(super) fn notify_freed(&self) {
        self.freed.1.notify_all();
    }

    /// The number of records that this process accepted.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    /// The report since the last one.
    pub(super) fn report(&self) -> FlushReport {
        let pending = self.backend().counters().now.pending;
        let mut reported = lock(&self.reported);
        let here = (self.delivered.load(Ordering::SeqCst), self.died.load(Ordering::SeqCst));
        let (delivered, died) = std::mem::replace(&mut *reported, here);
        FlushReport { delivered: here.0 - delivered, pending, dead: here.1 - died }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Running,
            1 => Phase::Closed,
            2 => Phase::Lingering,
            3 => Phase::Draining,
            _ => Phase::Stopped,
        }
    }

    /// Moves to a later phase; it never moves back.
    pub(super) fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::SeqCst);
        self.wake.notify_one();
    }

    /// Wakes the worker for a new record, if it waits for one.
    pub(super) fn wake_if_idle(&self) {
        if self.is_idle.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }
}

#[cfg(feature = "outbox-sqlite")]
fn open_backend(settings: &OutboxSettings) -> std::result::Result<Box<dyn Backend>, Refused> {
    let (limits, delivery) = (&settings.limits, &settings.delivery);
    let memory = Memory::new(limits.clone(), delivery);
    let Some(path) = &settings.path else { return Ok(Box::new(memory)) };
    let file = FileSettings::new(path, settings.durability, limits, delivery);
    Ok(Box::new(TieredBackend::open(memory, file)?))
}

#[cfg(not(feature = "outbox-sqlite"))]
fn open_backend(settings: &OutboxSettings) -> std::result::Result<Box<dyn Backend>, Refused> {
    Ok(Box::new(Memory::new(settings.limits.clone(), &settings.delivery)))
}

/// Locks a mutex, even a poisoned one: a panic here interrupts only a single step, so no state is left inconsistent.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
