//! The settings of an outbox.

use serde::Deserialize;

use super::names::Names;
use super::value::{Subject, read};
use super::values::{Size, Time, set};
use crate::error::Result;
use crate::outbox::{Delivery, Durability, Outbox, OutboxBuilder, OutboxLimits, WhenFull};

/// An outbox.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OutboxSettings {
    path: Option<String>,
    durability: Option<DurabilityName>,
    /// The longest wait of a caller for room; 0 refuses a record at once.
    wait_when_full: Time,
    limits: Option<LimitSettings>,
    delivery: Option<DeliverySettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum DurabilityName {
    Os,
    Fsync,
}

/// The capacity.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitSettings {
    memory_records: Option<usize>,
    memory_bytes: Size,
    file_bytes: Size,
    record_bytes: Size,
}

/// The delivery of records.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DeliverySettings {
    concurrency: Option<usize>,
    limit: Time,
    initial_backoff: Time,
    max_backoff: Time,
    max_retry_after: Time,
    max_age: Time,
    poison_tries: Option<u32>,
    breaker_failures: Option<u32>,
    breaker_wait: Time,
    max_breaker_wait: Time,
    remembered: Option<usize>,
}

impl OutboxSettings {
    pub(super) fn builder(self) -> OutboxBuilder {
        let mut builder = Outbox::builder();
        builder = set(builder, self.path, OutboxBuilder::path);
        let durability = self.durability.map(|durability| match durability {
            DurabilityName::Os => Durability::Os,
            DurabilityName::Fsync => Durability::Fsync,
        });
        builder = set(builder, durability, OutboxBuilder::durability);
        let when_full = self.wait_when_full.given().map(|wait| match wait.is_zero() {
            true => WhenFull::Reject,
            false => WhenFull::Block(wait),
        });
        builder = set(builder, when_full, OutboxBuilder::when_full);
        builder = set(builder, self.limits.map(LimitSettings::limits), OutboxBuilder::limits);
        builder =
            set(builder, self.delivery.map(DeliverySettings::delivery), OutboxBuilder::delivery);
        builder
    }
}

impl LimitSettings {
    fn limits(self) -> OutboxLimits {
        let mut limits = OutboxLimits::new();
        limits = set(limits, self.memory_records, OutboxLimits::memory_records);
        limits = set(limits, self.memory_bytes.in_memory(), OutboxLimits::memory_bytes);
        limits = set(limits, self.file_bytes.given(), OutboxLimits::file_bytes);
        set(limits, self.record_bytes.in_memory(), OutboxLimits::record_bytes)
    }
}

impl DeliverySettings {
    pub(super) fn delivery(self) -> Delivery {
        let mut delivery = Delivery::new();
        delivery = set(delivery, self.concurrency, Delivery::concurrency);
        delivery = self.limit.set(delivery, Delivery::limit);
        delivery = set(delivery, self.initial_backoff.given(), Delivery::initial_backoff);
        delivery = set(delivery, self.max_backoff.given(), Delivery::max_backoff);
        delivery = self.max_retry_after.set(delivery, Delivery::max_retry_after);
        delivery = self.max_age.set(delivery, Delivery::max_age);
        delivery = set(delivery, self.poison_tries, Delivery::poison_tries);
        delivery = set(delivery, self.breaker_failures, Delivery::breaker_failures);
        delivery = set(delivery, self.breaker_wait.given(), Delivery::breaker_wait);
        delivery = set(delivery, self.max_breaker_wait.given(), Delivery::max_breaker_wait);
        set(delivery, self.remembered, Delivery::remembered)
    }
}

/// The settings of an outbox, from JSON. Its sink is set on the builder. With `lingers` it delivers after the host has
/// dropped it as well; an outbox whose sink ends with the host's object cannot.
///
/// # Errors
///
/// `config` when a setting is unknown or has a wrong type.
pub fn outbox(json: &str, names: Names, lingers: bool) -> Result<OutboxBuilder> {
    let settings = read::<OutboxSettings>(json, names, Subject::settings("outbox.start"))?;
    let builder = settings.builder();
    Ok(if lingers { builder.lingering() } else { builder })
}
