//! The extra of the package: the client of NATS brokers.

/// The advice to a program that needs it.
pub(crate) const INSTALL: &str =
    "install it: npm install turnwire-nats; in a clone, npm run build:nats builds it in";
