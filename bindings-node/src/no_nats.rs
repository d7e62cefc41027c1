//! The classes of NATS brokers in a build without their client: none can be made, and the refusal says what to install.

use std::convert::Infallible;

use napi_derive::napi;
use turnwire::bridge;
use turnwire::outbox::OutboxBuilder;

use crate::extra::INSTALL;
use crate::json::thrown;

/// Publishes the records of an outbox, where the extra is installed.
#[napi]
pub struct NatsSink {
    never: Infallible,
}

impl NatsSink {
    pub(crate) fn set(&self, _outbox: OutboxBuilder) -> OutboxBuilder {
        match self.never {}
    }
}

#[napi]
impl NatsSink {
    /// Refuses.
    #[napi(constructor)]
    pub fn new() -> napi::Result<Self> {
        Err(refusal("nats.sink"))
    }
}

/// Delivers the records of a stream, where the extra is installed.
#[napi]
pub struct Courier {
    #[expect(dead_code, reason = "it says that there is none")]
    never: Infallible,
}

#[napi]
impl Courier {
    /// Refuses.
    #[napi(constructor)]
    pub fn new() -> napi::Result<Self> {
        Err(refusal("courier.build"))
    }
}

fn refusal(operation: &'static str) -> napi::Error {
    thrown(&bridge::no_nats(operation, INSTALL))
}
