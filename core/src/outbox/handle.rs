//! The handle that programs hold.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::backend::Inserted;
use super::shared::{Phase, Shared, lock};
use super::sink::Target;
use super::waiting::{drained, elsewhere};
use super::{FlushReport, Opener, OutboxBuilder, Receipt, Record, Sink, WhenFull, worker};
use crate::error::{Error, ErrorKind, Result};
use crate::process::PerProcess;

/// Takes records, and sees to it that each reaches its sink, waits visibly, or ends as a dead letter.
///
/// Handles are cheap to clone and share one queue. A forked child gets a queue of its own on the same file: what was
/// queued is delivered once, by one of the processes. When the last handle is dropped, deliveries that run are
/// finished and no more are begun; [`shutdown`](Self::shutdown) waits for more than that.
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
    options: Arc<OutboxBuilder>,
    sink: Arc<Target>,
    current: PerProcess<Arc<Shared>>,
}

impl Outbox {
    /// Settings of an outbox.
    pub fn builder() -> OutboxBuilder {
        OutboxBuilder::default()
    }

    /// An outbox in this file, with the default settings and no sink yet.
    ///
    /// # Errors
    ///
    /// As [`OutboxBuilder::start`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Outbox::builder().path(path).start()
    }

    /// An outbox in memory, with the default settings and no sink yet. What it holds ends with the process.
    pub fn memory() -> Self {
        Outbox::new(OutboxBuilder::default())
    }

    pub(super) fn start(builder: OutboxBuilder) -> Result<Self> {
        let outbox = Outbox::new(builder.checked()?);
        outbox.shared()?;
        if outbox.0.sink.get().is_some() {
            outbox.ensure_worker()?;
        }
        Ok(outbox)
    }

    fn new(builder: OutboxBuilder) -> Self {
        let sink = Arc::new(Target::default());
        if let Some(given) = builder.sink.clone() {
            let _ = sink.set(given);
        }
        Outbox(Arc::new(Handle { options: Arc::new(builder), sink, current: PerProcess::new() }))
    }

    /// Says where records go, and begins to deliver what waits.
    ///
    /// # Errors
    ///
    /// `config` when the outbox has a sink already, or no thread can be started.
    pub fn attach(&self, sink: impl Sink) -> Result<()> {
        if self.0.sink.set(Arc::new(sink)).is_err() {
            let why = "the outbox has a sink already";
            return Err(Error::new(ErrorKind::Config, "outbox.attach", why));
        }
        self.ensure_worker()?;
        self.shared()?.wake.notify_one();
        Ok(())
    }

    /// Says what opens conversations that have no place at the service yet, for a sink that cannot.
    pub(crate) fn opens_with(&self, opener: impl Opener + 'static) {
        self.0.sink.set_opener(Arc::new(opener));
    }

    /// Whether records have somewhere to go.
    pub fn has_sink(&self) -> bool {
        self.0.sink.get().is_some()
    }

    /// Returns true if no record is taken any more.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.shared().is_ok_and(|shared| shared.phase() > Phase::Running)
    }

    /// Takes a record: in microseconds, without waiting for the network, and whether or not the service is there.
    ///
    /// With a file the record is in it when this returns, as [`Durability`](super::Durability) says. A file that
    /// cannot be written, or that another process holds for more than 50 ms, is no error: then the record waits in
    /// memory, and [`Receipt::durable`] is `false`. From there it moves to the file, or is delivered where the file
    /// cannot be written, or has been held for 5 s.
    ///
    /// # Errors
    ///
    /// `invalid_request` when the record has no id or conversation, is larger than
    /// [`OutboxLimits::record_bytes`](super::OutboxLimits::record_bytes) or than the whole outbox, or has a payload that
    /// is nested more than 127 deep; `outbox_full` when a limit is reached; `cancelled` after
    /// [`shutdown`](Self::shutdown).
    pub fn enqueue(&self, record: Record) -> Result<Receipt> {
        self.take(record, false)
    }

    /// Takes a record that is not complete yet: it is kept, and holds up its conversation, until it is
    /// [released](Self::release) or [discarded](Self::discard).
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub fn hold(&self, record: Record) -> Result<Receipt> {
        self.take(record, true)
    }

    /// Puts the complete record in the place of the held one with its id, which may be in another conversation. Where
    /// none of this id is held, this is [`enqueue`](Self::enqueue).
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub fn release(&self, record: Record) -> Result<Receipt> {
        let shared = self.open_shared("outbox.release")?;
        let fresh = shared.fresh(&record, false, "outbox.release")?;
        let released = shared.room().release(&fresh, shared.clock.now());
        match released {
            Some(durable) => {
                self.wake_worker(&shared);
                Ok(Receipt { id: fresh.id, durable, is_new: false })
            }
            None => self.take(record, false),
        }
    }

    /// Waits until what was taken so far is delivered or dead, at most this long; [`Duration::MAX`] is no limit. Records
    /// that wait for another try are not hurried, but a service that is left alone for its failures is tried once.
    ///
    /// Without a sink there is nothing to wait for.
    pub async fn flush(&self, deadline: Duration) -> FlushReport {
        let Ok(shared) = self.shared() else { return FlushReport::default() };
        self.drain(&shared, deadline).await;
        shared.report()
    }

    /// Takes no further records, waits as [`flush`](Self::flush), and ends. Pending records stay in the file for whoever
    /// opens it next, and can still be [listed](Self::pending); in memory they are lost, and counted in the report.
    pub async fn shutdown(&self, deadline: Duration) -> FlushReport {
        let Ok(shared) = self.shared() else { return FlushReport::default() };
        shared.advance(Phase::Closed);
        self.drain(&shared, deadline).await;
        let report = shared.report();
        shared.advance(Phase::Stopped);
        match shared.has_worker.load(Ordering::SeqCst) {
            true => {
                let (watched, mut ended) = (shared.clone(), shared.ended.subscribe());
                let end = async move {
                    let _ = ended.wait_for(|ended| *ended).await;
                    drop(watched);
                };
                // A sink that blocks its thread is not waited for.
                elsewhere(tokio::time::timeout(Duration::from_millis(50), end)).await;
            }
            false => shared.room().leave(shared.clock.now()),
        }
        report
    }

    fn take(&self, record: Record, is_held: bool) -> Result<Receipt> {
        let operation = if is_held { "outbox.hold" } else { "outbox.enqueue" };
        let shared = self.open_shared(operation)?;
        let fresh = shared.fresh(&record, is_held, operation)?;
        let id = fresh.id.clone();
        let patience = match shared.options.when_full {
            WhenFull::Block(limit) => limit,
            WhenFull::Reject => Duration::ZERO,
        };
        let began = Instant::now();
        loop {
            match shared.take(fresh.clone()) {
                (Inserted::Full, _) => {
                    let left = patience.saturating_sub(began.elapsed());
                    if left.is_zero() {
                        let why = "the outbox is full";
                        let error = Error::new(ErrorKind::OutboxFull, operation, why);
                        return Err(error.with_target(Some(id.into())));
                    }
                    // After the end nobody makes room any more.
                    self.open_shared(operation)?;
                    self.wake_worker(&shared);
                    // Another process may make room as well, and tells nobody.
                    shared.wait_for_room(left.min(Duration::from_millis(10)));
                }
                (inserted, durable) => {
                    self.wake_worker(&shared);
                    return Ok(Receipt { id, durable, is_new: inserted == Inserted::New });
                }
            }
        }
    }

    /// Waits until what was taken so far is done, on the library's own runtime: this one may be of any kind, or none.
    async fn drain(&self, shared: &Arc<Shared>, limit: Duration) {
        if self.0.sink.get().is_none() || shared.phase() >= Phase::Draining {
            return;
        }
        if self.ensure_worker().is_err() {
            return;
        }
        lock(&shared.breaker).hasten();
        shared.wake.notify_one();
        elsewhere(drained(shared.clone(), limit)).await;
    }

    pub(super) fn shared(&self) -> Result<Arc<Shared>> {
        self.0.current.get_or_try_make(|| {
            let Handle { options, sink, .. } = &*self.0;
            let opened = Shared::open(options.clone(), sink.clone());
            opened.map(Arc::new).map_err(|why| {
                let path = options.path.as_ref().map(|path| path.display().to_string().into());
                Error::new(ErrorKind::Storage, "outbox.open", why).with_target(path)
            })
        })
    }

    fn open_shared(&self, operation: &'static str) -> Result<Arc<Shared>> {
        let shared = self.shared()?;
        if shared.phase() > Phase::Running {
            return Err(Error::new(ErrorKind::Cancelled, operation, "the outbox was shut down"));
        }
        Ok(shared)
    }

    pub(super) fn wake_worker(&self, shared: &Shared) {
        if shared.phase() > Phase::Running {
            return;
        }
        // Where no thread can be started now, the record waits for the next call that can.
        if let Err(error) = self.ensure_worker() {
            tracing::warn!(%error, "the outbox has no worker");
        }
        shared.nudge();
    }

    /// Starts this process's worker, unless it has one.
    fn ensure_worker(&self) -> Result<()> {
        let shared = self.shared()?;
        let has_work = self.0.sink.get().is_some() || self.0.options.path.is_some();
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
            shared.advance(Phase::Draining);
            if !shared.has_worker.load(Ordering::SeqCst) {
                shared.room().leave(shared.clock.now());
            }
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("options", &self.0.options).finish_non_exhaustive()
    }
}
