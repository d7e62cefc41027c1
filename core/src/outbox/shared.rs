//! What a process's handles and its worker share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::backend::{Fresh, Inserted};
use super::memory::Memory;
use super::report::Here;
use super::room::Room;
use super::sink::Target;
use super::sqlite::Settings;
use super::state::{Breaker, Millis, Trial};
use super::tokens::{Holder, TokenCache};
use super::{FlushReport, OpeningObserver, OutboxBuilder, Record, payload};
use crate::error::{Error, ErrorKind, Result as Answer};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Observers at a time, at most: one whose record another process delivers is told nothing any more.
const OBSERVERS: usize = 10_000;
/// Calls of `delivered` at a time.
const HOOKS: usize = 64;

/// One process's outbox.
pub(super) struct Shared {
    pub(super) options: Arc<OutboxBuilder>,
    pub(super) sink: Arc<Target>,
    pub(super) clock: Clock,
    pub(super) breaker: Mutex<Breaker>,
    pub(super) tokens: Mutex<TokenCache>,
    /// Those in this process that see a conversation being opened, by the record that opens it.
    pub(super) observers: Mutex<HashMap<String, Arc<dyn OpeningObserver>>>,
    room: Mutex<Room>,
    /// Held while waiting for the room: who comes back for it at once, as the worker does, stands behind those who wait.
    door: Mutex<()>,
    /// Records whose callers wait for the room.
    queue: Mutex<Vec<(Fresh, Arc<Slot>)>>,
    /// Wakes the worker.
    pub(super) wake: Notify,
    /// The worker has nothing to do but wait for a record.
    pub(super) is_idle: AtomicBool,
    pub(super) has_worker: AtomicBool,
    /// Deliveries that run. Those that only wait for the disk do not count.
    pub(super) running: AtomicUsize,
    /// Places that are being asked for.
    pub(super) asking: AtomicUsize,
    phase: AtomicU8,
    /// The worker has ended.
    pub(super) ended: tokio::sync::watch::Sender<bool>,
    /// Calls of `delivered` that run or wait.
    pub(super) hooks: AtomicUsize,
    pub(super) hook_room: Semaphore,
    /// Taken by this process.
    accepted: AtomicU64,
    /// Delivered and given up by this process.
    pub(super) delivered: AtomicU64,
    pub(super) died: AtomicU64,
    /// How many of those the last report had.
    reported: Mutex<(u64, u64)>,
    /// Tells callers that wait for room that a record has gone.
    freed: (Mutex<()>, Condvar),
    /// Lets the worker panic at its next claim.
    #[cfg(test)]
    pub(super) panics: AtomicBool,
}

/// How far the end of an outbox has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    /// No further records are taken.
    Closed,
    /// No further delivery begins.
    Draining,
    /// Deliveries are broken off.
    Stopped,
}

#[derive(Default)]
struct Slot(Mutex<Option<(Inserted, bool)>>);

impl Shared {
    /// Opens the file, if there is one. The text says why it never can be.
    pub(super) fn open(options: Arc<OutboxBuilder>, sink: Arc<Target>) -> Result<Self, String> {
        let memory = Memory::new(options.limits.clone(), &options.delivery);
        let room = match &options.path {
            None => Room::in_memory(memory),
            Some(path) => {
                let (limits, delivery) = (&options.limits, &options.delivery);
                Room::on_file(memory, Settings::new(path, options.durability, limits, delivery))?
            }
        };
        Ok(Shared {
            sink,
            clock: Clock::new(),
            breaker: Mutex::default(),
            tokens: Mutex::default(),
            observers: Mutex::default(),
            room: Mutex::new(room),
            door: Mutex::default(),
            queue: Mutex::default(),
            wake: Notify::new(),
            is_idle: AtomicBool::new(false),
            has_worker: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            asking: AtomicUsize::new(0),
            phase: AtomicU8::new(Phase::Running as u8),
            ended: tokio::sync::watch::Sender::new(false),
            hooks: AtomicUsize::new(0),
            hook_room: Semaphore::new(HOOKS),
            accepted: AtomicU64::new(0),
            reported: Mutex::default(),
            delivered: AtomicU64::new(0),
            died: AtomicU64::new(0),
            freed: Default::default(),
            #[cfg(test)]
            panics: AtomicBool::new(false),
            options,
        })
    }

    pub(super) fn room(&self) -> MutexGuard<'_, Room> {
        let _turn = lock(&self.door);
        lock(&self.room)
    }

    /// The record as it is kept. Its tokens and its observer stay in memory.
    pub(super) fn fresh(
        &self,
        record: &Record,
        is_held: bool,
        operation: &'static str,
    ) -> Answer<Fresh> {
        let refuse = |why: String| {
            let error = Error::new(ErrorKind::InvalidRequest, operation, why);
            Err(error.with_target(Some(record.id().into())))
        };
        if record.id().is_empty() || record.conversation().is_empty() {
            return refuse("a record needs an id and a conversation".into());
        }
        let payload = match payload::write(record.payload()) {
            Ok(payload) => payload,
            Err(why) => return refuse(why),
        };
        let limits = &self.options.limits;
        let whole = match self.options.path {
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
        if let Some(observer) = record.its_observer() {
            let mut observers = lock(&self.observers);
            if observers.len() < OBSERVERS {
                observers.insert(record.id().to_owned(), observer.clone());
            }
        }
        Ok(Fresh {
            id: record.id().to_owned(),
            conversation: record.conversation().to_owned(),
            user: record.user_id().map(str::to_owned),
            payload,
            is_held,
            has_tokens: record.known_tokens().is_some(),
            trial: Trial { accepted_at: self.clock.now(), ..Trial::default() },
            opening: record.its_opening().cloned(),
        })
    }

    /// Takes a record. Of several callers at once, the first to get the room writes for all of them: one transaction,
    /// one wait for the disk.
    pub(super) fn take(&self, fresh: Fresh) -> (Inserted, bool) {
        let slot = Arc::new(Slot::default());
        lock(&self.queue).push((fresh, slot.clone()));
        let mut room = self.room();
        if let Some(answer) = *lock(&slot.0) {
            return answer;
        }
        let (batch, slots): (Vec<Fresh>, Vec<Arc<Slot>>) =
            std::mem::take(&mut *lock(&self.queue)).into_iter().unzip();
        let answers = room.insert(&batch, self.clock.now());
        let taken = answers.iter().filter(|(inserted, _)| *inserted == Inserted::New).count();
        self.accepted.fetch_add(taken as u64, Ordering::SeqCst);
        if self.options.path.is_some() && answers.iter().any(|(_, is_durable)| !is_durable) {
            // What waits in memory is to be in the file soon, whatever else the worker waits for.
            self.wake.notify_one();
        }
        for (slot, answer) in slots.iter().zip(answers) {
            *lock(&slot.0) = Some(answer);
        }
        // This caller's record was in the batch: nobody else had answered it.
        lock(&slot.0).unwrap_or((Inserted::Full, false))
    }

    /// Blocks until a record has gone, at most this long.
    pub(super) fn wait_for_room(&self, limit: Duration) {
        let guard = lock(&self.freed.0);
        drop(self.freed.1.wait_timeout(guard, limit));
    }

    /// A record has gone.
    pub(super) fn has_room(&self) {
        self.freed.1.notify_all();
    }

    /// The counters of this process.
    pub(super) fn here(&self) -> Here {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let (accepted, delivered) = (count(&self.accepted), count(&self.delivered));
        Here { accepted, delivered, died: count(&self.died) }
    }

    /// The report since the last one.
    pub(super) fn report(&self) -> FlushReport {
        let pending = self.room().books().now.pending;
        let (mut reported, here) = (lock(&self.reported), self.here());
        let (delivered, died) = std::mem::replace(&mut *reported, (here.delivered, here.died));
        FlushReport { delivered: here.delivered - delivered, pending, dead: here.died - died }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Running,
            1 => Phase::Closed,
            2 => Phase::Draining,
            _ => Phase::Stopped,
        }
    }

    /// Goes on towards the end; there is no way back.
    pub(super) fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::SeqCst);
        self.wake.notify_one();
    }

    /// Wakes the worker for a new record, if that is what it waits for.
    pub(super) fn nudge(&self) {
        if self.is_idle.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }
}

/// Time that never jumps: the wall clock is asked once, and then goes on with the monotonic one.
pub(super) struct Clock {
    begin: Instant,
    /// Since the epoch, at the beginning.
    wall: AtomicU64,
}

impl Clock {
    fn new() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock { begin: Instant::now(), wall: AtomicU64::new(millis(wall)) }
    }

    /// Since the epoch.
    pub(super) fn now(&self) -> Millis {
        self.wall.load(Ordering::Relaxed) + self.elapsed()
    }

    /// Since the beginning.
    pub(super) fn elapsed(&self) -> Millis {
        millis(self.begin.elapsed())
    }

    /// The moment of the worker's clock that is this time since the epoch.
    pub(super) fn instant(&self, at: Millis) -> Instant {
        let wait = Duration::from_millis(at.saturating_sub(self.wall.load(Ordering::Relaxed)));
        // A time that the clock does not reach is looked at again in a day.
        self.begin.checked_add(wait).unwrap_or_else(|| Instant::now() + DAY)
    }

    /// Lets the process have begun at another time.
    #[cfg(test)]
    pub(super) fn set(&self, now: Millis) {
        self.wall.store(now - self.elapsed(), Ordering::Relaxed);
    }
}

pub(super) fn millis(time: Duration) -> Millis {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

/// A lock is never left in a bad state here: what a panic interrupts is a single step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
