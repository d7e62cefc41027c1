//! A courier for the inspection of a stream that exists, which it neither creates nor delivers.

use super::Courier;
use crate::error::{ErrorKind, Result};
use crate::nats::connection::connect;
use crate::nats::settings::Nats;
use crate::nats::{runtime, setup, wanted};
use crate::outbox::{Outcome, Record};

const OPERATION: &str = "courier.inspect";

impl Courier {
    /// A courier that inspects the stream as it is on the broker, whatever partitions and replicas it has. It delivers nothing.
    ///
    /// # Errors
    ///
    /// `config` if a setting is unusable, or there is no such stream, or one with something else in it; otherwise as
    /// [`stats`](Self::stats).
    #[cfg_attr(not(feature = "bridge"), expect(dead_code, reason = "only the command uses it"))]
    pub(crate) async fn inspecting(mut nats: Nats) -> Result<Courier> {
        let settings = nats.clone().checked(OPERATION)?;
        let found = runtime::run(OPERATION, async move {
            let connected = connect(&settings, OPERATION).await?;
            let name = settings.names.stream();
            let found = setup::find_stream(&settings, &connected, name, OPERATION).await?;
            let refused = |why: String| settings.error(ErrorKind::Config, OPERATION, why);
            let Some(found) = found else {
                return Err(refused(format!("there is no stream `{name}` on the broker")));
            };
            match wanted::partitions(&found.config) {
                Some(partitions) => Ok((partitions, found.config)),
                None => Err(refused(format!("the stream `{name}` holds no records of outboxes"))),
            }
        });
        let (partitions, config) = found.await?;
        nats.partitions = partitions;
        nats.replicas = config.num_replicas.try_into().unwrap_or(1);
        nats.max_bytes = config.max_bytes.try_into().ok();
        Courier::builder(nats).sink(nowhere).build()
    }
}

/// The sink of a courier that never runs.
async fn nowhere(_: Record) -> Outcome {
    Outcome::retry("this courier only inspects the stream")
}
