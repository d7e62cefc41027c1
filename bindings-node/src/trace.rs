//! Traces of the program, which calls and turns continue: their finished spans return to the environment's thread.

use std::sync::{Arc, Mutex, PoisonError};

use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use turnwire::bridge;

use crate::call::Call;
use crate::options::longest_wait;

/// The numbers of traces, each with its spans as JSON.
type ReportsArgs = FnArgs<(Vec<(u32, String)>,)>;
type OnReports = ThreadsafeFunction<(), (), ReportsArgs, Status, false, true>;
type Reports = Mutex<Vec<(u32, String)>>;

/// The traces of one environment (the main thread, or a worker). They do not keep the process alive.
#[napi]
pub struct Traces {
    reports: Arc<Reports>,
    on_reports: Arc<OnReports>,
}

/// A trace. It belongs to the call that it is given to.
#[napi]
pub struct Trace {
    /// Empty once a call has it: JavaScript may drop this much later.
    inner: Mutex<Option<Arc<bridge::Trace>>>,
}

#[napi]
impl Traces {
    /// Calls `on_reports` with finished spans.
    #[napi(constructor)]
    pub fn new(on_reports: Function<'_, ReportsArgs, ()>) -> napi::Result<Self> {
        let reports = Arc::<Reports>::default();
        let drained = reports.clone();
        let on_reports = on_reports
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| {
                let reports =
                    std::mem::take(&mut *drained.lock().unwrap_or_else(PoisonError::into_inner));
                Ok((reports,).into())
            })?;
        Ok(Traces { reports, on_reports: Arc::new(on_reports) })
    }

    /// A trace with the values of the headers `traceparent` and `tracestate`, which is reported once, under this number.
    #[napi]
    pub fn begin(&self, number: u32, parent: String, state: String) -> Trace {
        let (reports, on_reports) = (self.reports.clone(), self.on_reports.clone());
        let report = move |json| {
            let mut waiting = reports.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push((number, json));
            drop(waiting);
            // An environment that is shutting down gets no report any more.
            on_reports.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        Trace { inner: Mutex::new(Some(bridge::Trace::new(&parent, &state, report))) }
    }
}

impl Trace {
    /// The trace, for the call that it is given to.
    pub(crate) fn taken(trace: Option<&Trace>) -> Option<Arc<bridge::Trace>> {
        trace?.inner.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Hands over, at the end of the process, the spans of what still runs, and waits for their reports, at most for so many milliseconds.
#[napi]
pub fn end_traces(timeout_ms: f64) -> napi::Result<Call> {
    Call::started(bridge::end_traces(longest_wait(timeout_ms, "end_traces")?))
}
