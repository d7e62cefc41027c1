//! The trace context of requests: the headers `traceparent` and `tracestate`, by which a service continues the caller's trace.
//!
//! The library emits `tracing` spans with the attribute names of OpenTelemetry's conventions for generative AI, and knows no tracing
//! system. A program that has one sets a function that writes the current context to a request's headers:
//!
//! ```ignore
//! use opentelemetry::global;
//! use opentelemetry_http::HeaderInjector;
//! use tracing_opentelemetry::OpenTelemetrySpanExt;
//!
//! turnwire::propagation::set_propagator(|headers| {
//!     let context = tracing::Span::current().context();
//!     global::get_text_map_propagator(|propagator| {
//!         propagator.inject_context(&context, &mut HeaderInjector(headers));
//!     });
//! });
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use http::HeaderMap;

use crate::guard::drop_payload;

/// Writes the current trace context to headers.
type Propagator = Box<dyn Fn(&mut HeaderMap) + Send + Sync>;

static PROPAGATOR: OnceLock<Propagator> = OnceLock::new();

/// Sets the function that writes the current trace context to the headers of requests: to models, chat stores, chat services and speech
/// services, but not to Google Translate. It is called once for each call, inside the span of that call. Headers that a client or a call
/// sets, or removes, take precedence.
///
/// The first function stays for the rest of the process; returns false if there is one already.
pub fn set_propagator(inject: impl Fn(&mut HeaderMap) + Send + Sync + 'static) -> bool {
    PROPAGATOR.set(Box::new(inject)).is_ok()
}

/// The headers of the current trace context.
pub(crate) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(inject) = PROPAGATOR.get() {
        let injected = catch_unwind(AssertUnwindSafe(|| inject(&mut headers)));
        if let Err(payload) = injected {
            drop_payload(payload);
            tracing::error!("the propagator of trace contexts panicked");
            return HeaderMap::new();
        }
    }
    headers
}
