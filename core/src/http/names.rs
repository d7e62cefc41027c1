//! The names of headers and operations that several files use.

/// The header with the service's id of a request.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// The operation in errors of a client's set-up.
pub(super) const BUILD: &str = "client.build";

/// The header by which a service may recognise a request that it has accepted already.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
