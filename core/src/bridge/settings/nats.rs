//! The objects of settings of a NATS broker and of a courier. They are known without the feature `nats` too, since the packages that
//! lack it declare them.

use serde::Deserialize;

use super::outbox::DeliverySettings;
use super::values::{Size, Time};

/// A broker.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NatsSettings {
    pub(super) url: Option<String>,
    pub(super) credentials_file: Option<String>,
    pub(super) token: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) nkey: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) client_certificate: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) stream: Option<String>,
    pub(super) partitions: Option<u32>,
    pub(super) replicas: Option<u32>,
    pub(super) max_bytes: Size,
    pub(super) counted_for: Time,
}

/// A courier.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CourierSettings {
    pub(super) delivery: Option<DeliverySettings>,
}
