//! How an outbox keeps and delivers, and its builder.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::sink::AnySink;
use super::{Outbox, Sink};
use crate::error::{Error, ErrorKind, Result};

/// What a record that `enqueue` calls durable survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// The end of the process, however it comes (`kill -9`). A power cut may take the last moments.
    #[default]
    Os,
    /// A power cut as well: each record waits for the disk.
    Fsync,
}

/// What `enqueue` does when a limit of [`OutboxLimits`] is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// Fails at once with `outbox_full`.
    #[default]
    Reject,
    /// Blocks the calling thread until there is room, at most this long; then fails with `outbox_full`.
    /// [`Duration::MAX`] is no limit.
    Block(Duration),
}

/// A time limit beyond this is none: longer ones are cut to it, so that every sum of times can be counted.
const NO_LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// The shortest bound of a wait between two tries: none at all would keep a processor busy.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// The most conversations that one process delivers at once.
const MOST_AT_ONCE: usize = 1024;
/// The largest record. SQLite holds rows up to 1 GB.
const LARGEST_RECORD: usize = 256 * 1024 * 1024;

/// How much an outbox holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Records in memory: all of [`Outbox::memory`], or what a file that cannot be written leaves there. Default
    /// 10,000.
    pub memory_records: usize,
    /// The bytes of those records. Default 32 MiB.
    pub memory_bytes: usize,
    /// The bytes of the file. Default 1 GiB.
    pub file_bytes: u64,
    /// The bytes of one record as JSON; a larger one is refused. Default 1 MiB, at most 256 MiB.
    pub record_bytes: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        OutboxLimits {
            memory_records: 10_000,
            memory_bytes: 32 * 1024 * 1024,
            file_bytes: 1024 * 1024 * 1024,
            record_bytes: 1024 * 1024,
        }
    }
}

/// How records are delivered: how many at once, when again, and when no more.
///
/// The wait before a retry is drawn at random between nothing and a bound that doubles with each failure. A time beyond
/// 100 years is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Conversations that are delivered at once, by each process. Default 16, at most 1,024.
    pub concurrency: usize,
    /// The longest that one delivery may take. Then it is cancelled, and tried again later. Default 2 min.
    pub limit: Duration,
    /// The bound of the first wait. Default 500 ms, at least 1 ms.
    pub initial_backoff: Duration,
    /// The bound that doubling leads to. Default 60 s, at least 1 ms.
    pub max_backoff: Duration,
    /// The longest wait that a service may ask for. Default 1 h.
    pub max_retry_after: Duration,
    /// A record that is older when a delivery fails is given up: it becomes a dead letter. Default 72 h.
    pub max_age: Duration,
    /// After so many failures that the service answered itself, while others got through, a record is poison and
    /// becomes a dead letter. Where the service was not even reached, a failure weighs a quarter. Default 5.
    pub poison_tries: u32,
    /// Failures in a row, of any records, that open the breaker: then nothing is sent for a while. Default 5.
    pub breaker_failures: u32,
    /// How long the breaker stays open at first; then one record tries. Default 30 s, at least 1 ms.
    pub breaker_wait: Duration,
    /// How long it stays open at most, after doubling with each failed try. Default 5 min, at least 1 ms.
    pub max_breaker_wait: Duration,
    /// How many delivered ids are remembered, so that the same id is not taken again. Default 100,000.
    pub remembered: usize,
}

impl Default for Delivery {
    fn default() -> Self {
        Delivery {
            concurrency: 16,
            limit: Duration::from_secs(120),
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(60 * 60),
            max_age: Duration::from_secs(72 * 60 * 60),
            poison_tries: 5,
            breaker_failures: 5,
            breaker_wait: Duration::from_secs(30),
            max_breaker_wait: Duration::from_secs(5 * 60),
            remembered: 100_000,
        }
    }
}

/// Settings of an [`Outbox`]; [`start`](Self::start) makes it.
///
/// ```
/// use std::time::Duration;
/// use serde_json::json;
/// use turnwire::Outbox;
/// use turnwire::outbox::{Delivery, Outcome, Record, Sink, WhenFull};
///
/// struct Log;
///
/// impl Sink for Log {
///     async fn deliver(&self, record: &Record) -> Outcome {
///         println!("{}", record.payload());
///         Outcome::Delivered
///     }
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let outbox = Outbox::builder()
///     .delivery(Delivery { concurrency: 4, ..Delivery::default() })
///     .when_full(WhenFull::Block(Duration::from_millis(50)))
///     .sink(Log)
///     .start()?;
/// outbox.enqueue(Record::new("conversation-1", "message-1", json!({"text": "안녕하세요"})))?;
/// let report = outbox.flush(Duration::from_secs(5)).await;
/// assert_eq!((report.delivered, report.pending), (1, 0));
/// # Ok::<(), turnwire::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct OutboxBuilder {
    pub(super) path: Option<PathBuf>,
    pub(super) durability: Durability,
    pub(super) limits: OutboxLimits,
    pub(super) when_full: WhenFull,
    pub(super) delivery: Delivery,
    pub(super) sink: Option<Arc<dyn AnySink>>,
}

impl OutboxBuilder {
    /// The file that holds the records, shared with other processes. Without one they are held in memory.
    ///
    /// The path is the name of a file, also where SQLite would read something else into it (`:memory:`, `file:…`). The
    /// file and its directory are made if they are not there, for their owner alone (0600, 0700); from an existing file
    /// the rights of others are taken away. It must not lie on a network file system, and containers share its
    /// directory rather than the file alone, as the log and the signs of life of its processes lie beside it.
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// What an accepted record survives. Default [`Durability::Os`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How much it holds.
    #[must_use]
    pub fn limits(mut self, limits: OutboxLimits) -> Self {
        self.limits = limits;
        self
    }

    /// What happens when it is full. Default [`WhenFull::Reject`].
    #[must_use]
    pub fn when_full(mut self, policy: WhenFull) -> Self {
        self.when_full = policy;
        self
    }

    /// How records are delivered.
    #[must_use]
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Where records go. Without a sink they are kept until one is [attached](Outbox::attach).
    #[must_use]
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// Opens the file, takes up what it holds, and begins to deliver.
    ///
    /// A damaged outbox is set aside under a name that says so, all that can be read of it is taken over, and
    /// [`Stats::set_aside`](super::Stats::set_aside) names it. A file that shows no sign of having been an outbox is
    /// refused and left alone.
    ///
    /// # Errors
    ///
    /// `config` when a setting makes no sense; `storage` when the file cannot be made or opened, or is no outbox, as a
    /// text, a pipe, a directory, or a file with a second hard link. A full disk is no error: records are held in memory
    /// until there is space.
    pub fn start(self) -> Result<Outbox> {
        Outbox::start(self)
    }

    /// Refuses settings that make no sense, brings the others within what can be counted with, and makes the path
    /// absolute: a process that changes its directory keeps its outbox.
    pub(super) fn checked(mut self) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorKind::Config, "outbox.start", why);
        let (limits, has_file) = (&self.limits, self.path.is_some());
        let takes_nothing = match () {
            () if self.delivery.concurrency == 0 => "`concurrency` is 0: nothing is delivered",
            () if self.delivery.limit.is_zero() => "`limit` is 0: no delivery has time to end",
            () if limits.record_bytes == 0 => "`record_bytes` is 0: no record is taken",
            () if has_file && limits.file_bytes == 0 => "`file_bytes` is 0: no record is taken",
            () if !has_file && limits.memory_records.min(limits.memory_bytes) == 0 => {
                "`memory_records` or `memory_bytes` is 0: no record is taken"
            }
            () => "",
        };
        if !takes_nothing.is_empty() {
            return Err(wrong(takes_nothing.to_owned()));
        }
        if let Some(path) = &mut self.path {
            if path.as_os_str().is_empty() {
                return Err(wrong("the path of the outbox is empty: name a file".to_owned()));
            }
            if path.as_os_str().as_encoded_bytes().contains(&0) {
                return Err(wrong(format!("the path {path:?} has a NUL byte in it")));
            }
            *path = std::path::absolute(&*path).map_err(|error| {
                wrong(format!("the path {} cannot be made absolute: {error}", path.display()))
                    .with_source(error)
            })?;
        }
        self.limits.record_bytes = self.limits.record_bytes.min(LARGEST_RECORD);
        self.delivery = self.delivery.bounded();
        Ok(self)
    }
}

impl Delivery {
    fn bounded(self) -> Self {
        let wait = |time: Duration| time.clamp(SHORTEST_WAIT, NO_LIMIT);
        Delivery {
            concurrency: self.concurrency.min(MOST_AT_ONCE),
            limit: self.limit.min(NO_LIMIT),
            initial_backoff: wait(self.initial_backoff),
            max_backoff: wait(self.max_backoff),
            max_retry_after: self.max_retry_after.min(NO_LIMIT),
            max_age: self.max_age.min(NO_LIMIT),
            breaker_wait: wait(self.breaker_wait),
            max_breaker_wait: wait(self.max_breaker_wait),
            poison_tries: self.poison_tries,
            breaker_failures: self.breaker_failures,
            remembered: self.remembered,
        }
    }
}

impl fmt::Debug for OutboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("OutboxBuilder");
        out.field("path", &self.path).field("durability", &self.durability);
        out.field("limits", &self.limits).field("when_full", &self.when_full);
        out.field("delivery", &self.delivery).field("has_sink", &self.sink.is_some()).finish()
    }
}
