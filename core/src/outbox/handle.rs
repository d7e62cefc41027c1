//! The handle of an outbox: enqueue, hold, release.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::lingering::{can_linger, linger};
use super::opener::Opener;
use super::options::WhenFull;
use super::record::Record;
use super::report::Receipt;
use super::settings::OutboxSettings;
use super::shared::{Phase, SharedOutbox};
use super::sink::{Sink, Target};
use super::storage::{Inserted, NewRecord};
use super::worker;
use crate::error::{Error, ErrorKind, Result};
use crate::process::PerProcess;

/// A durable outbox: every accepted record is delivered, pending, or a dead letter.
///
/// Handles are cheap to clone and share one queue. A forked child gets its own queue on the same file; records queued
/// before the fork are delivered once, by one of the processes. After the last handle is dropped, running deliveries
/// end and no more begin; [`shutdown`](Self::shutdown) waits for more than that.
///
/// ```
/// # use serde_json::json;
/// use turnwire::Outbox;
/// use turnwire::outbox::Record;
///
/// # fn main() -> turnwire::Result<()> {
/// let outbox = Outbox::memory();
/// let receipt = outbox.enqueue(Record::new("conversation-1", "message-1", json!({"text": "안녕"})))?;
/// assert!(receipt.is_new && !receipt.durable);
/// assert_eq!(outbox.stats().pending, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Outbox(Arc<Handle>);

struct Handle {
    settings: Arc<OutboxSettings>,
    sink: Arc<Target>,
    current: PerProcess<Arc<SharedOutbox>>,
    /// True if the records of a file are left in it when this is dropped, whatever the settings say.
    is_left: AtomicBool,
}

/// The ways into an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    Enqueue,
    Hold,
    Release,
}

impl Entrance {
    /// The operation in errors.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Entrance::Enqueue => "outbox.enqueue",
            Entrance::Hold => "outbox.hold",
            Entrance::Release => "outbox.release",
        }
    }
}

impl Outbox {
    /// An outbox in memory, with the default settings and no sink yet. Its records are lost with the process.
    pub fn memory() -> Self {
        Outbox::new(OutboxSettings::default(), None)
    }

    /// Opens the store and starts to deliver.
    pub(super) fn started(settings: OutboxSettings, sink: Option<Arc<dyn Sink>>) -> Result<Self> {
        let outbox = Outbox::new(settings, sink);
        outbox.shared()?;
        if outbox.has_sink() {
            outbox.ensure_worker()?;
        }
        Ok(outbox)
    }

    fn new(settings: OutboxSettings, given: Option<Arc<dyn Sink>>) -> Self {
        let sink = Arc::new(Target::default());
        if let Some(given) = given {
            // It is not set anywhere else before this.
            let _ = sink.set(given);
        }
        let (current, is_left) = (PerProcess::new(), AtomicBool::new(false));
        Outbox(Arc::new(Handle { settings: Arc::new(settings), sink, current, is_left }))
    }

    /// Sets the sink, and starts to deliver pending records.
    ///
    /// # Errors
    ///
    /// `config` if the outbox already has a sink, or no thread can be started.
    pub fn attach(&self, sink: impl Sink) -> Result<()> {
        if self.0.sink.set(Arc::new(sink)).is_err() {
            let why = "the outbox already has a sink: start another outbox for this one";
            return Err(Error::new(ErrorKind::Config, "outbox.attach", why));
        }
        self.ensure_worker()?;
        self.shared()?.wake.notify_one();
        Ok(())
    }

    /// Sets the opener of conversations that have no place at the service yet, for a sink that cannot open them. Records
    /// that had to wait for it are due.
    pub(crate) fn opens_with(&self, opener: impl Opener + 'static) {
        self.0.sink.set_opener(Arc::new(opener));
        if let Ok(shared) = self.shared() {
            shared.wake.notify_one();
        }
    }

    /// Returns true if the outbox has a sink.
    pub fn has_sink(&self) -> bool {
        self.0.sink.get().is_some()
    }

    /// The sink, once there is one.
    pub(crate) fn sink(&self) -> Option<&dyn Sink> {
        self.0.sink.get().map(|sink| &**sink)
    }

    /// Returns true after a shutdown.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.shared().is_ok_and(|shared| shared.phase() > Phase::Running)
    }

    /// Accepts a record: in microseconds, without waiting for the network, even if the service is unavailable.
    ///
    /// With a file, the record is stored when this returns, as durably as [`Durability`](super::Durability) requires. A
    /// file that cannot be written, or that another process has locked for more than 50 ms, is not an error: the record
    /// waits in memory, and [`Receipt::durable`] is `false`. From there it moves to the file; if the file cannot be
    /// written, or has been locked for 5 s, it is delivered from memory.
    ///
    /// The call blocks only for the file, at most 50 ms, or as long as [`WhenFull::Block`](super::WhenFull::Block)
    /// allows; it needs no runtime.
    ///
    /// # Errors
    ///
    /// `invalid_request` if the record has no id or conversation, has the id of another user's record, is larger than
    /// [`OutboxLimits::record_bytes`](super::OutboxLimits::record_bytes) or than the whole outbox, or has a payload
    /// nested more than 127 levels deep; `outbox_full` if a limit is reached; `config` after
    /// [`shutdown`](Self::shutdown).
    pub fn enqueue(&self, record: Record) -> Result<Receipt> {
        self.enter(record, Entrance::Enqueue, self.when_full())
    }

    /// Accepts a record that is not complete yet: it is stored, and blocks its conversation, until it is
    /// [released](Self::release) or [discarded](Self::discard), by this process or, in a file, by any later one.
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub fn hold(&self, record: Record) -> Result<Receipt> {
        self.enter(record, Entrance::Hold, self.when_full())
    }

    /// Replaces the held record with this id by the complete one, which may be in another conversation. If no such
    /// record is held, this is [`enqueue`](Self::enqueue).
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub fn release(&self, record: Record) -> Result<Receipt> {
        self.enter(record, Entrance::Release, self.when_full())
    }

    /// The setting for a caller that finds the outbox full.
    pub(crate) fn when_full(&self) -> WhenFull {
        self.0.settings.when_full
    }

    /// Accepts a record by this entrance.
    pub(crate) fn enter(
        &self,
        given: Record,
        entrance: Entrance,
        when_full: WhenFull,
    ) -> Result<Receipt> {
        let operation = entrance.operation();
        let shared = self.open_shared(operation)?;
        let record = shared.new_record(&given, entrance == Entrance::Hold, operation)?;
        let (id, user) = (record.id.clone(), record.user.clone());
        let check_user = || shared.check_user(&id, user.as_deref(), operation);
        if entrance == Entrance::Release {
            check_user()?;
            // A backend that returns a fault has released no record; faults of the file are handled by keeping the
            // release in memory.
            let released = shared.backend().release(&record, shared.clock.now());
            if let Some(tier) = released.unwrap_or_default() {
                self.wake_worker(&shared);
                return Ok(Receipt { id, durable: tier.is_durable(), is_new: false });
            }
        }
        let insert = || {
            let receipt = self.insert(&shared, record, operation, when_full)?;
            if !receipt.is_new {
                check_user()?;
            }
            Ok(receipt)
        };
        let Some(observer) = given.its_observer() else { return insert() };
        // Before the observer is notified of an opening that is another user's.
        check_user()?;
        shared.observers.add(&id, observer.clone());
        let inserted = insert();
        match &inserted {
            Ok(Receipt { is_new: true, .. }) => {}
            Ok(_) => shared.catch_up(&id, observer),
            Err(_) => shared.observers.remove(&id, observer),
        }
        inserted
    }

    /// Inserts a record, and waits for capacity as long as allowed.
    fn insert(
        &self,
        shared: &SharedOutbox,
        record: NewRecord,
        operation: &'static str,
        when_full: WhenFull,
    ) -> Result<Receipt> {
        let id = record.id.clone();
        let patience = match when_full {
            WhenFull::Block(limit) => limit,
            WhenFull::Reject => Duration::ZERO,
        };
        let began = Instant::now();
        loop {
            let inserted = shared.insert(record.clone());
            if inserted != Inserted::Full {
                self.wake_worker(shared);
                let is_new = matches!(inserted, Inserted::New(_));
                return Ok(Receipt { id, durable: inserted.is_durable(), is_new });
            }
            let left = patience.saturating_sub(began.elapsed());
            if left.is_zero() {
                let why = "the outbox is full";
                let error = Error::new(ErrorKind::OutboxFull, operation, why);
                return Err(error.with_target(Some(id.into())));
            }
            // After a shutdown no capacity becomes free.
            self.open_shared(operation)?;
            self.wake_worker(shared);
            // Another process may free capacity too, without a wake-up here.
            shared.wait_for_capacity(left.min(Duration::from_millis(10)));
        }
    }

    /// The queue of this process, opened by the first call.
    pub(super) fn shared(&self) -> Result<Arc<SharedOutbox>> {
        self.0.current.get_or_try_make(|| {
            let Handle { settings, sink, .. } = &*self.0;
            let opened = SharedOutbox::open(settings.clone(), sink.clone());
            opened.map(Arc::new).map_err(|why| {
                let path = settings.path.as_ref().map(|path| path.display().to_string().into());
                Error::new(ErrorKind::Storage, "outbox.open", why.to_string()).with_target(path)
            })
        })
    }

    /// Leaves the records of a file to the next outbox that opens it, once the last handle is dropped: a function that
    /// delivers them ends with its host.
    #[cfg(feature = "bridge")]
    pub(crate) fn leave_when_dropped(&self) {
        self.0.is_left.store(true, Ordering::SeqCst);
    }

    fn open_shared(&self, operation: &'static str) -> Result<Arc<SharedOutbox>> {
        let shared = self.shared()?;
        if shared.phase() > Phase::Running {
            // Not `cancelled`: nobody aborted this call, and hosts report `cancelled` as the user's own abort.
            let error = Error::new(ErrorKind::Config, operation, "the outbox was shut down");
            return Err(error.with_hint("open another outbox"));
        }
        Ok(shared)
    }

    pub(super) fn wake_worker(&self, shared: &SharedOutbox) {
        if shared.phase() > Phase::Running {
            return;
        }
        // The record waits for the next call that can start a thread.
        if let Err(error) = self.ensure_worker() {
            tracing::warn!(%error, "the outbox's worker cannot be started");
        }
        shared.wake_if_idle();
    }

    /// Starts this process's worker, unless it is running.
    pub(super) fn ensure_worker(&self) -> Result<()> {
        let shared = self.shared()?;
        let has_work = self.has_sink() || self.0.settings.path.is_some();
        if !has_work || shared.has_worker.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let started = worker::spawn(shared.clone());
        if started.is_err() {
            shared.has_worker.store(false, Ordering::SeqCst);
        }
        started
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(shared) = self.current.get() {
            let is_left = self.is_left.load(Ordering::SeqCst) && shared.has_file();
            if self.settings.lingers && !is_left && can_linger(&shared) {
                return linger(&shared);
            }
            shared.advance(Phase::Draining);
            if !shared.has_worker.load(Ordering::SeqCst) {
                shared.backend().leave(shared.clock.now());
            }
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
