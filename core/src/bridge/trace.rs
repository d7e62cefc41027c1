//! A trace of the host that a call or a turn continues.
//!
//! The host starts a span with its own tracing API, and hands its trace context over with the call. Requests carry that context, and core's
//! spans below it are collected. When the last of them has ended, the host gets them all at once, as JSON, on a thread that may block:
//!
//! - `name`, `end` and `attributes` complete the host's own span
//! - `spans` are those below it: `{"name", "is_client", "start", "end", "parent", "attributes"}`, where the parent is the index of an
//!   earlier one, or null for the host's span
//! - `metrics` are points of histograms: `{"name", "unit", "buckets", "value", "attributes"}`
//!
//! Times are pairs of seconds and nanoseconds since 1970. A span with the attribute `error.type` has failed. A turn whose messages are not
//! saved 5 s after its end is handed over without the rest.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::Metadata;
use tracing::span::{Attributes, Record};

use super::trace_json::{self, SpanData};
use crate::process::{Origin, PerProcess, runtime};

/// Receives the finished spans, as JSON.
type Report = Box<dyn FnOnce(String) + Send>;

/// A trace of the host.
pub struct Trace {
    origin: Origin,
    number: u64,
    /// Its context for requests.
    headers: HeaderMap,
    collected: Mutex<Collected>,
}

struct Collected {
    spans: Vec<SpanData>,
    /// `None` once they are handed over.
    report: Option<Report>,
}

/// The traces of this process.
#[derive(Default)]
struct Traces {
    running: Mutex<HashMap<u64, Weak<Trace>>>,
    /// The reports to the host that are under way.
    reports: TaskTracker,
}

impl Trace {
    /// A trace whose requests have these headers. `report` is called once.
    pub(super) fn begun(
        headers: HeaderMap,
        report: impl FnOnce(String) + Send + 'static,
    ) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let trace = Arc::new(Trace {
            origin: Origin::here(),
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            headers,
            collected: Mutex::new(Collected { spans: Vec::new(), report: Some(Box::new(report)) }),
        });
        traces().running().insert(trace.number, Arc::downgrade(&trace));
        trace
    }

    /// Its context, as the headers of a request.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Ends the trace with this error, if nothing began in it.
    pub(super) fn refuse(&self, error: &str) {
        if self.open().is_some_and(|collected| collected.spans.is_empty()) {
            self.hand_over(Some(error));
        }
    }

    /// Adds a span; returns its number, or `None` once the spans are handed over.
    pub(super) fn begin(
        &self,
        metadata: &'static Metadata<'static>,
        attributes: &Attributes<'_>,
        parent: Option<usize>,
    ) -> Option<usize> {
        let mut collected = self.open()?;
        let number = collected.spans.len();
        // Other spans of a call belong to its own.
        let parent = parent.or_else(|| number.checked_sub(1).map(|_| 0));
        let mut span = SpanData::begin(metadata.name(), parent);
        attributes.record(&mut span);
        collected.spans.push(span);
        Some(number)
    }

    /// Adds values to a span.
    pub(super) fn record(&self, number: usize, values: &Record<'_>) {
        if let Some(mut collected) = self.open()
            && let Some(span) = collected.spans.get_mut(number)
        {
            values.record(span);
        }
    }

    /// Ends a span. The end of the first one, which comes last, hands them over.
    pub(super) fn end(&self, number: usize) {
        if let Some(mut collected) = self.open()
            && let Some(span) = collected.spans.get_mut(number)
        {
            span.end();
        }
        if number == 0 {
            self.hand_over(None);
        }
    }

    /// Hands the spans over, with the error of a call that never began.
    pub(super) fn hand_over(&self, error: Option<&str>) {
        let Some(mut collected) = self.open() else { return };
        let (spans, report) = (std::mem::take(&mut collected.spans), collected.report.take());
        drop(collected);
        let traces = traces();
        traces.running().remove(&self.number);
        let error = error.map(str::to_owned);
        if let (Some(report), Ok(runtime)) = (report, runtime()) {
            let write = move || report(trace_json::written(spans, error));
            traces.reports.spawn_blocking_on(write, &runtime);
        }
    }

    /// The spans, unless they are handed over. In a forked child they are the parent's.
    fn open(&self) -> Option<MutexGuard<'_, Collected>> {
        if self.origin.is_inherited() {
            return None;
        }
        // No code that can panic runs under the lock.
        let collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        collected.report.is_some().then_some(collected)
    }
}

impl Drop for Trace {
    /// A call that was dropped before it began.
    fn drop(&mut self) {
        self.hand_over(Some("cancelled"));
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Waits until the host has received the spans of everything that has ended, at most for this time.
pub(super) async fn settled(limit: Duration) {
    let reports = traces().reports.clone();
    reports.close();
    let _ = timeout(limit, reports.wait()).await;
}

/// Hands over the spans of what still runs.
pub(super) fn hand_over_all() {
    let running: Vec<_> = traces().running().values().filter_map(Weak::upgrade).collect();
    running.iter().for_each(|trace| trace.hand_over(None));
}

fn traces() -> Arc<Traces> {
    static TRACES: PerProcess<Arc<Traces>> = PerProcess::new();
    TRACES.get_or_make(Arc::default)
}

impl Traces {
    fn running(&self) -> MutexGuard<'_, HashMap<u64, Weak<Trace>>> {
        // No code that can panic runs under the lock.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
