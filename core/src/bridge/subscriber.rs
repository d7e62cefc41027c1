//! The one subscriber of `tracing` in a host's process: the log's part and the traces' part, each of which can be switched on later.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Filter, Layer, SubscriberExt};

use super::log_layer::Keep;
use super::trace_layer::{Collect, MARKER};

/// The level of the log, as [`rank`] counts; 0 without one.
static LOGGED: AtomicU8 = AtomicU8::new(0);
static IS_TRACED: AtomicBool = AtomicBool::new(false);

/// Keeps records of this level and above. Returns false if the log has a level already, or the process has another subscriber.
pub(super) fn log_at(level: Level) -> bool {
    let set = LOGGED.compare_exchange(0, rank(level), Ordering::SeqCst, Ordering::SeqCst);
    set.is_ok() && install()
}

/// Collects the spans of calls that continue a host's trace.
pub(super) fn trace_spans() {
    if !IS_TRACED.swap(true, Ordering::SeqCst) {
        install();
    }
}

fn install() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let mut is_new = false;
    let installed = INSTALLED.get_or_init(|| {
        is_new = true;
        let layers =
            Registry::default().with(Keep.with_filter(Logged)).with(Collect.with_filter(Traced));
        tracing::subscriber::set_global_default(layers).is_ok()
    });
    if !is_new {
        // Places in the code that nobody was interested in are asked for once.
        tracing::callsite::rebuild_interest_cache();
    }
    *installed
}

/// The part of the log.
struct Logged;

/// The part of the traces.
struct Traced;

impl Logged {
    fn wants(metadata: &Metadata<'_>) -> bool {
        is_ours(metadata) && rank(*metadata.level()) <= LOGGED.load(Ordering::Relaxed)
    }
}

impl Traced {
    fn wants(metadata: &Metadata<'_>) -> bool {
        let is_ours = is_ours(metadata) || metadata.target() == MARKER;
        metadata.is_span() && is_ours && IS_TRACED.load(Ordering::Relaxed)
    }
}

impl<S: Subscriber> Filter<S> for Logged {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Logged::wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(Logged::wants(metadata))
    }
}

impl<S: Subscriber> Filter<S> for Traced {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Traced::wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(Traced::wants(metadata))
    }
}

fn interest(wants: bool) -> Interest {
    match wants {
        true => Interest::always(),
        false => Interest::never(),
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "turnwire" || metadata.target().starts_with("turnwire::")
}

/// From 1 for errors to 5 for details.
fn rank(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}
