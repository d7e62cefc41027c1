//! The sink that publishes the records of an outbox.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::broker::Broker;
use super::connection::Connected;
use super::publish::{Unpublished, check_size, publish};
use super::settings::Nats;
use super::{headers, names, setup};
use crate::error::Result;
use crate::outbox::{Outcome, Record, Sink};

/// Publishes the records of an outbox to a stream, from which a [`Courier`](super::Courier) delivers them.
///
/// A record counts as delivered when the broker has stored it; if the broker is not reached, or is full, it waits in the
/// outbox. A record that is published again within 10 minutes, with the same id and payload, is stored once.
///
/// Clones share one connection for each process, which the first record opens.
///
/// ```no_run
/// use turnwire::Outbox;
/// use turnwire::nats::NatsSink;
///
/// # #[cfg(feature = "outbox-sqlite")]
/// # fn run() -> turnwire::Result<()> {
/// let sink = NatsSink::new("nats://localhost:4222")?;
/// let outbox = Outbox::builder().path("var/outbox.db").sink(sink).start()?;
/// # let _ = outbox;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NatsSink {
    broker: Arc<Broker>,
}

impl NatsSink {
    /// A sink for this broker, which is not contacted yet.
    ///
    /// # Errors
    ///
    /// `config` if a setting is unusable.
    pub fn new(nats: impl Into<Nats>) -> Result<Self> {
        Ok(NatsSink { broker: Broker::new(nats.into().checked("nats.sink")?) })
    }

    /// Connects, and creates the stream or checks the one that exists: for a program that wants to know at its start. A sink that
    /// is not checked does the same with its first record.
    ///
    /// # Errors
    ///
    /// `config` for a stream with other settings, or one that cannot be created; `connect` or `connect_timeout` if no server is
    /// reached; `authentication` if it refuses the login; `server` if it does not answer.
    pub async fn check(&self) -> Result<()> {
        let broker = self.broker.clone();
        super::runtime::run("nats.check", async move {
            connected(&broker, "nats.check").await.map(drop)
        })
        .await
    }
}

/// The connection to a broker that keeps what is published to it.
async fn connected(broker: &Broker, operation: &'static str) -> Result<Connected> {
    let connected = broker.connected(operation).await?;
    setup::refuse_deletion(&broker.settings, &connected, operation)?;
    Ok(connected)
}

#[async_trait]
impl Sink for NatsSink {
    async fn deliver(&self, record: &Record) -> Outcome {
        let connected = match connected(&self.broker, "nats.publish").await {
            Ok(connected) => connected,
            Err(error) => return Outcome::unavailable(error.to_string()),
        };
        let subject = self.broker.settings.names.record(record.conversation());
        let payload = record.payload().to_string();
        // Another outbox may have the same id with a text of its own: the whole reply in place of one that broke off.
        let message_id = format!("{}:{}", record.id(), names::token(&payload));
        let headers = headers::of(record, &message_id);
        let body = Bytes::from(payload);
        let published = match check_size(&connected, &headers, &body) {
            Ok(()) => publish(&connected, subject, headers, body).await,
            Err(refused) => Err(refused),
        };
        match published {
            Ok(_) | Err(Unpublished::Present) => Outcome::Delivered,
            Err(Unpublished::TooLarge(why)) => Outcome::dead(why),
            Err(Unpublished::Unavailable(why)) => Outcome::unavailable(why),
            Err(Unpublished::NoStream(why)) => {
                // The next attempt creates it.
                self.broker.forget();
                Outcome::unavailable(why)
            }
        }
    }

    // A stream that is full takes some records and refuses others, by chance. What a record is refused for is `Dead`.
    fn blames_no_record(&self) -> bool {
        true
    }

    // Couriers do.
    fn passes_on(&self) -> bool {
        true
    }
}

impl fmt::Debug for NatsSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NatsSink").field(&self.broker.settings.nats).finish()
    }
}
