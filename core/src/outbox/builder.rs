//! The builder of an outbox, and shortcuts to open one.

use std::fmt;
#[cfg(feature = "outbox-sqlite")]
use std::path::PathBuf;
use std::sync::Arc;

use super::delivery::Delivery;
use super::handle::Outbox;
use super::options::{Durability, OutboxLimits, WhenFull};
use super::settings::OutboxSettings;
use super::sink::Sink;
use crate::error::Result;

impl Outbox {
    /// A builder with the default settings.
    pub fn builder() -> OutboxBuilder {
        OutboxBuilder::default()
    }

    /// An outbox in this file, with the default settings and no sink yet. Needs the feature `outbox-sqlite`.
    ///
    /// # Errors
    ///
    /// As [`OutboxBuilder::start`].
    #[cfg(feature = "outbox-sqlite")]
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Outbox::builder().path(path).start()
    }
}

/// Builder of an [`Outbox`].
///
/// ```
/// use std::time::Duration;
/// use serde_json::json;
/// use turnwire::Outbox;
/// use turnwire::outbox::{Delivery, Outcome, Record, WhenFull};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let outbox = Outbox::builder()
///     .delivery(Delivery::new().concurrency(4))
///     .when_full(WhenFull::Block(Duration::from_millis(50)))
///     .sink(|record: Record| async move {
///         println!("{}", record.payload());
///         Outcome::Delivered
///     })
///     .start()?;
/// outbox.enqueue(Record::new("conversation-1", "message-1", json!({"text": "안녕하세요"})))?;
/// let report = outbox.flush(Duration::from_secs(5)).await;
/// assert_eq!((report.delivered, report.pending), (1, 0));
/// # Ok::<(), turnwire::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct OutboxBuilder {
    pub(super) settings: OutboxSettings,
    sink: Option<Arc<dyn Sink>>,
}

impl OutboxBuilder {
    /// The file that stores the records, shared with other processes. Without one they are kept in memory.
    ///
    /// The path is the name of a file, even where SQLite would interpret it (`:memory:`, `file:…`). The file and its
    /// directory are created if they are missing, accessible only by their owner (0600, 0700); access by others to an
    /// existing file is removed. The file must not be on a network file system. Containers must share its directory
    /// rather than the file alone, because the log and the lock files of its processes are stored next to it.
    ///
    /// Needs the feature `outbox-sqlite`.
    #[cfg(feature = "outbox-sqlite")]
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.path = Some(path.into());
        self
    }

    /// The failures that a record in the file survives. Default [`Durability::Os`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// The capacity.
    #[must_use]
    pub fn limits(mut self, limits: OutboxLimits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// The behaviour when a limit is reached. Default [`WhenFull::Reject`].
    #[must_use]
    pub fn when_full(mut self, policy: WhenFull) -> Self {
        self.settings.when_full = policy;
        self
    }

    /// The delivery settings.
    #[must_use]
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.settings.delivery = delivery;
        self
    }

    /// Delivers after the last handle is dropped as well, until nothing is due any more: for hosts whose garbage
    /// collector drops handles.
    #[cfg(feature = "bridge")]
    pub(crate) fn lingering(mut self) -> Self {
        self.settings.lingers = true;
        self
    }

    /// The destination of the records. Without a sink they are kept until one is [attached](Outbox::attach).
    #[must_use]
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// Opens the file and starts to deliver, including the records that it contains.
    ///
    /// A damaged outbox is renamed (`….damaged-…`), its readable records are imported, and
    /// [`Stats::set_aside`](super::Stats::set_aside) names it. A file that does not look like an outbox is rejected and
    /// left unchanged.
    ///
    /// # Errors
    ///
    /// `config` if a setting is unusable; `storage` if the file cannot be created or opened, or is not an outbox, such
    /// as a text, a pipe, a directory, or a file with a second hard link. A full disk is not an error: records are kept
    /// in memory until there is space.
    pub fn start(self) -> Result<Outbox> {
        Outbox::started(self.settings.checked()?, self.sink)
    }
}

impl fmt::Debug for OutboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("OutboxBuilder");
        out.field("path", &self.settings.path).field("durability", &self.settings.durability);
        out.field("limits", &self.settings.limits).field("when_full", &self.settings.when_full);
        out.field("delivery", &self.settings.delivery)
            .field("has_sink", &self.sink.is_some())
            .finish()
    }
}
