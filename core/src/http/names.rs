//! The names of headers and operations used by several files.

/// The header with the service's id of a request.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// The operation in errors while building a client.
pub(super) const BUILD: &str = "client.build";

/// The header that lets a service recognise a request that it has already accepted.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The header with the ids of the trace and the span that a request continues.
pub(super) const TRACE_PARENT: &str = "traceparent";

/// The header with what tracing systems add to `traceparent`.
pub(super) const TRACE_STATE: &str = "tracestate";
