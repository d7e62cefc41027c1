//! The refusal of a broker in a build that has no client of brokers: it is an extra of the packages, as few programs use it and it
//! would make all of them a third larger.

use crate::error::{Error, ErrorKind};

/// The refusal of `operation`; `install` is the advice.
pub fn no_nats(operation: &'static str, install: &'static str) -> Error {
    let why = "the client of NATS brokers is an extra, which is not installed";
    Error::new(ErrorKind::Config, operation, why).with_hint(install)
}
