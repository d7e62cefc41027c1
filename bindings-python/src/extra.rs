//! The extra of the package: the client of NATS brokers.

/// The advice to a program that needs it.
pub(crate) const INSTALL: &str =
    "install it: pip install \"turnwire[nats]\"; from a clone, pip install ./bindings-python/nats";
