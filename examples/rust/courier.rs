//! The courier as a program: delivers the records that outboxes have published to a NATS broker, to a chat store.
//!
//! ```sh
//! TURNWIRE_STORE_URL=http://localhost:8888 \
//!   cargo run --release -p turnwire-examples --features courier --example courier -- \
//!   --nats nats://localhost:4222 --tokens tokens.txt
//! curl localhost:9100/readyz
//! curl localhost:9100/metrics
//! ```

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve};
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use turnwire::ChatStore;
use turnwire::nats::{Courier, Nats};
use turnwire_examples::metrics::Metrics;
use turnwire_examples::terminal::{self, Failure, Output};
use turnwire_examples::tokens::TokenFile;

#[tokio::main]
async fn main() {
    let ended = run(&Options::parse()).await;
    terminal::exit(Output::stdout(), ended)
}

async fn run(options: &Options) -> Result<(), Failure> {
    // Before anything else: a signal during the start ends the program as well.
    let ended = terminal::terminated().map_err(|error| Failure::Local("no signals", error))?;
    let courier = Courier::builder(options.broker())
        .sink(ChatStore::new(&options.store)?)
        .tokens(TokenFile::new(&options.tokens))
        .build()?;

    let failed = |error| Failure::Local("the courier does not start", error);
    let listener = TcpListener::bind(options.address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Output::stdout().text(&format!("listening on http://{address}\n"))?;
    let app = Router::new()
        // Any answer means that the program runs: a courier whose `run` failed has ended the program.
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(courier.clone());
    let delivered = CancellationToken::new();
    let serving = serve(listener, app).with_graceful_shutdown(delivered.clone().cancelled_owned());
    let serving = tokio::spawn(async { serving.await });
    // Health and metrics are answered until the last delivery has ended.
    let outcome = courier.run(ended.cancelled_owned()).await;
    delivered.cancel();
    outcome?;
    match serving.await {
        Ok(served) => served.map_err(|error| Failure::Local("the HTTP server ended", error)),
        Err(_) => Ok(()),
    }
}

/// 200 while records are delivered, so that a roll-out waits for it.
async fn ready(State(courier): State<Courier>) -> Response {
    match courier.is_ready() {
        true => "ready\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not connected to the broker\n").into_response(),
    }
}

/// The counters in the text format of Prometheus.
async fn metrics(State(courier): State<Courier>) -> Response {
    let mut metrics = Metrics::default();
    metrics.gauge("turnwire_courier_ready", "1 while records are delivered.", courier.is_ready());
    let stats = courier.stats().await;
    metrics.gauge("turnwire_stream_up", "1 if the broker has answered.", stats.is_ok());
    // Values that are not known are left out: zeros would look like an empty stream.
    if let Ok(stats) = stats {
        let (delivered, dead) = (stats.delivered_here, stats.dead_here);
        metrics.counter(
            "turnwire_courier_delivered_total",
            "Records that this courier delivered.",
            delivered,
        );
        metrics.counter("turnwire_courier_dead_total", "Records that this courier gave up.", dead);
        let is_open = stats.is_breaker_open;
        metrics.gauge(
            "turnwire_courier_breaker_open",
            "1 while the store fails for all records.",
            is_open,
        );
        metrics.gauge(
            "turnwire_stream_pending",
            "Records that wait, parked ones included.",
            stats.pending,
        );
        metrics.gauge(
            "turnwire_stream_parked",
            "Records that wait for a token, or behind one.",
            stats.parked,
        );
        metrics.gauge(
            "turnwire_stream_dead_letters",
            "Records that were given up, of all couriers.",
            stats.dead,
        );
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, metrics.text()).into_response()
}

/// Delivers the records of a NATS stream to a chat store, until SIGTERM or Ctrl-C; then it ends what is in flight.
///
/// It serves /healthz, /readyz and /metrics (Prometheus). Run as many as you like: they share the work.
#[derive(Parser)]
#[command(name = "courier")]
struct Options {
    /// The broker; the servers of a cluster are separated by commas
    #[arg(long, value_name = "URL", env = "TURNWIRE_NATS_URL", hide_env_values = true)]
    nats: String,

    /// The credentials file for the broker
    #[arg(long, value_name = "FILE", env = "TURNWIRE_NATS_CREDS")]
    creds: Option<PathBuf>,

    /// Certificates in PEM that are trusted for the broker, besides the system's
    #[arg(long, value_name = "FILE", env = "TURNWIRE_NATS_CA")]
    ca: Option<PathBuf>,

    /// The name of the stream
    #[arg(long, value_name = "NAME", env = "TURNWIRE_NATS_STREAM", default_value = "turnwire")]
    stream: String,

    /// The partitions of the stream, as its publishers set them
    #[arg(long, value_name = "NUMBER", env = "TURNWIRE_NATS_PARTITIONS", default_value_t = 64)]
    partitions: u16,

    /// The servers that keep each record, as the publishers set them
    #[arg(long, value_name = "NUMBER", env = "TURNWIRE_NATS_REPLICAS", default_value_t = 1)]
    replicas: u8,

    /// The size of the stream, as the publishers set it; without it, the broker's own limit
    #[arg(long, value_name = "BYTES", env = "TURNWIRE_NATS_MAX_BYTES")]
    max_bytes: Option<u64>,

    /// The time for which the id of a delivered record is remembered, so that it is counted once; the same for all couriers
    #[arg(long, value_name = "SECONDS", env = "TURNWIRE_NATS_COUNTED_FOR", default_value_t = 3600)]
    counted_for: u64,

    /// The URL of the chat store
    #[arg(long, value_name = "URL", env = "TURNWIRE_STORE_URL")]
    store: String,

    /// A file with the service's credential at the store: its access token, and on the next line its refresh token. It is
    /// read again whenever tokens are needed, so that it can be replaced while the program runs
    #[arg(long, value_name = "FILE", env = "TURNWIRE_TOKENS_FILE")]
    tokens: PathBuf,

    /// The address to listen on; with port 0 the system chooses one
    #[arg(
        long,
        value_name = "IP:PORT",
        env = "TURNWIRE_COURIER_ADDRESS",
        default_value = "127.0.0.1:9100"
    )]
    address: SocketAddr,
}

impl Options {
    fn broker(&self) -> Nats {
        let mut nats = Nats::new(&self.nats)
            .stream(&self.stream)
            .partitions(self.partitions)
            .replicas(self.replicas)
            .counted_for(Duration::from_secs(self.counted_for));
        if let Some(bytes) = self.max_bytes {
            nats = nats.max_bytes(bytes);
        }
        if let Some(file) = &self.creds {
            nats = nats.credentials_file(file);
        }
        if let Some(file) = &self.ca {
            nats = nats.ca_file(file);
        }
        nats
    }
}
