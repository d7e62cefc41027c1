//! The outbox beyond one machine: records travel over NATS JetStream, and couriers deliver them.
//!
//! ```text
//! web process: Turns ─▶ Outbox (file) ─▶ NatsSink ──stored──▶ stream ──▶ Courier, any process ─▶ ChatStore
//! ```
//!
//! The outbox stays in front: a turn never waits for the network, and records wait in its file while the broker is down.
//! [`NatsSink`] publishes them, and any number of [`Courier`]s deliver them to any [`Sink`](crate::outbox::Sink), in the order of
//! their conversations.
//!
//! # Guarantees
//!
//! - A record leaves the outbox when the broker has stored it, and the broker when its courier's sink has accepted it. So it can be
//!   delivered twice, after a crash, but not lost. How much a broker's own crash loses depends on its settings (`sync_interval`,
//!   [`Nats::replicas`]).
//! - Conversations are spread over [partitions](Nats::partitions), of which each has one record on its way at a time: that keeps
//!   the order, whatever number of couriers run.
//! - [`Sink::delivered`](crate::outbox::Sink::delivered) is called at most once for each record, also if it is delivered twice within
//!   [`Nats::counted_for`].
//! - A user's tokens never leave the process of the turn. A courier has a token provider of its own.
//!
//! # Failures
//!
//! Decisions are those of the outbox, with the same [`Delivery`](crate::outbox::Delivery) settings: waits that grow, a breaker,
//! poison, dead letters. A record that waits for a token, or fails while others are delivered, is parked with the later ones of its
//! conversation, so that its partition goes on.
//!
//! # Servers
//!
//! NATS 2.9.10 or later with JetStream, and 2.10.5 or later for a stream with [`Nats::max_bytes`]. In production use 2.10.23 or later.

mod address;
mod broker;
mod connection;
mod courier;
mod headers;
mod login;
mod names;
mod publish;
mod runtime;
mod settings;
mod setup;
mod sink;
mod tls;
mod wanted;

pub use courier::{Courier, CourierBuilder, CourierStats};
pub use settings::Nats;
#[cfg(feature = "bridge")]
pub(crate) use settings::{partitions, replicas};
pub use sink::NatsSink;
