//! Three NATS servers in a cluster on loopback, which keep three copies of each stream and can lose members.

use anyhow::{Context, Result};
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;
use turnwire_fakes::ReservedPort;

use crate::broker::{Broker, Program};
use crate::wait;

/// The number of servers.
pub const SIZE: usize = 3;

/// A running cluster. Dropping it kills its servers.
#[derive(Debug)]
pub struct Cluster {
    /// The servers, in no special order.
    pub brokers: Vec<Broker>,
    /// The ports at which they reach each other.
    _routes: Vec<ReservedPort>,
}

impl Cluster {
    /// Starts three servers, and waits until they have elected a leader for JetStream.
    ///
    /// # Errors
    /// When a server cannot be started, or no leader is elected.
    pub async fn start(program: &Program) -> Result<Self> {
        // Each server must know the ports of the others before it starts.
        let routes: Vec<_> = (0..SIZE).map(|_| ReservedPort::new()).collect::<Result<_, _>>()?;
        let urls: Vec<String> =
            routes.iter().map(|port| format!("nats://{}", port.address())).collect();
        let mut brokers = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            let more = format!(
                "server_name: node-{number}\n\
                 cluster {{ name: turnwire, listen: \"{}\", routes: {urls:?} }}",
                route.address()
            );
            brokers.push(Broker::stopped(program, "", &more)?);
        }
        for broker in &mut brokers {
            broker.restart()?;
        }
        let cluster = Self { brokers, _routes: routes };
        cluster.ready().await?;
        Ok(cluster)
    }

    /// The addresses of all servers, with commas between.
    #[must_use]
    pub fn url(&self) -> String {
        let urls: Vec<String> = self.brokers.iter().map(Broker::url).collect();
        urls.join(",")
    }

    /// Waits until JetStream answers, which it does when a majority has elected a leader.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<()> {
        let url = self.url();
        wait::until_async("a leader of the cluster", async || is_ready(&url).await.is_ok()).await
    }
}

async fn is_ready(url: &str) -> Result<()> {
    let urls: Vec<&str> = url.split(',').collect();
    let client = async_nats::connect(urls).await?;
    let jetstream = async_nats::jetstream::new(client);
    match jetstream.get_stream("missing").await {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            // A leader knows that there is none. A server without one answers that JetStream is not available.
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(())
            }
            _ => Err(error).context("asking for a stream"),
        },
    }
}
