//! Calls and turns that continue a trace of the host.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::sleep;
use tracing::{Instrument, Span};

use super::subscriber;
use super::trace::Trace;
use super::trace_layer::{current, marker};
use crate::error::Result;
use crate::process::runtime;
use crate::propagation;

/// The longest wait for a turn's messages after its end.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The time after that in which the last span ends by itself.
const GRACE: Duration = Duration::from_millis(100);

impl Trace {
    /// A trace with the values of the headers `traceparent` and `tracestate`: they are empty where the host has no trace, but collects
    /// metrics. `report` is called once.
    pub fn new(
        parent: &str,
        state: &str,
        report: impl FnOnce(String) + Send + 'static,
    ) -> Arc<Self> {
        subscriber::trace_spans();
        propagation::set_propagator(inject);
        let value = |text| HeaderValue::from_str(text).ok().filter(|value| !value.is_empty());
        let mut headers = HeaderMap::new();
        if let Some(parent) = value(parent) {
            headers.insert("traceparent", parent);
            headers
                .extend(value(state).map(|state| (HeaderName::from_static("tracestate"), state)));
        }
        Trace::begun(headers, report)
    }
}

/// Writes the context of the current trace to the headers of a request.
fn inject(headers: &mut HeaderMap) {
    if let Some(trace) = current() {
        headers.extend(trace.headers().clone());
    }
}

/// Starts a call that is given the trace. If that fails, the trace ends with the error: a call that is refused is none that was
/// cancelled.
///
/// # Errors
///
/// The error of `start`, unchanged.
pub fn starting<T>(
    trace: Option<Arc<Trace>>,
    start: impl FnOnce(Option<Arc<Trace>>) -> Result<T>,
) -> Result<T> {
    let started = start(trace.clone());
    if let (Some(trace), Err(error)) = (trace, &started) {
        trace.hand_over(Some(error.code()));
    }
    started
}

/// Starts something that continues the trace. Its failure ends the trace.
pub(super) fn started<T>(
    trace: Option<Arc<Trace>>,
    start: impl FnOnce() -> Result<T>,
) -> Result<T> {
    starting(trace, |trace| match trace {
        Some(trace) => marker(trace).in_scope(start),
        None => start(),
    })
}

/// Runs a call that continues the trace.
pub(super) fn continued<F: Future>(
    trace: Option<Arc<Trace>>,
    future: F,
) -> impl Future<Output = F::Output> {
    future.instrument(trace.map_or_else(Span::none, marker))
}

/// Ends the current trace with this error, if nothing began in it.
pub(super) fn refused(error: &str) {
    if let Some(trace) = current() {
        trace.refuse(error);
    }
}

/// Hands the current trace over [`PATIENCE`] after this end, if it has not ended by itself.
pub(super) fn limit(end: impl Future<Output = ()> + Send + 'static) {
    if let (Some(trace), Ok(runtime)) = (current(), runtime()) {
        // Weak: a call that is dropped ends its trace.
        let trace = Arc::downgrade(&trace);
        runtime.spawn(async move {
            end.await;
            sleep(GRACE).await;
            if let Some(trace) = trace.upgrade() {
                trace.hand_over(None);
            }
        });
    }
}
