//! Names that several files of this room share.

/// The header that carries a service's id of a request, and under which it is kept.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// The operation that errors of a client's set-up name.
pub(super) const BUILD: &str = "client.build";

/// The header by which a service may know a request that it has taken already.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
