//! The stream, its consumers and its buckets on the broker: created where they are missing, checked where they exist.

use async_nats::jetstream::{self, ErrorCode, consumer, kv, stream};
use futures_util::stream::{self as streams, StreamExt, TryStreamExt};

use super::connection::{Broker, Connected};
use super::names::Names;
use super::wanted::{self, Difference};
use crate::error::{Error, ErrorKind, Result};

/// The consumers that are checked at a time.
const AT_ONCE: usize = 16;

/// The consumer of one partition.
pub(super) type PartitionConsumer = consumer::Consumer<consumer::pull::Config>;

/// Creates the stream, or checks the one that exists.
///
/// # Errors
///
/// `config` for a stream with other settings, which is left as it is.
pub(super) async fn ensure_stream(
    broker: &Broker,
    connected: &Connected,
    operation: &'static str,
) -> Result<()> {
    let names = &broker.settings.names;
    let wanted = wanted::stream(&broker.settings);
    let mut found = find_stream(broker, connected, names.stream(), operation).await?;
    if found.is_none() {
        match connected.jetstream.create_stream(wanted.clone()).await {
            Ok(_) => return Ok(()),
            Err(error) => match error.kind() {
                // Another process has just created one.
                jetstream::context::CreateStreamErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NAME_EXIST =>
                {
                    found = find_stream(broker, connected, names.stream(), operation).await?;
                }
                _ => {
                    let why = format!("the stream `{}` cannot be created: {error}", names.stream());
                    return Err(refused(broker, operation, why));
                }
            },
        }
    }
    let Some(found) = found else {
        let why = format!("the stream `{}` is neither there nor can it be created", names.stream());
        return Err(refused(broker, operation, why));
    };
    let differences = wanted::differences(&found.config, &wanted);
    refuse_others(broker, operation, &format!("the stream `{}`", names.stream()), &differences)
}

async fn find_stream(
    broker: &Broker,
    connected: &Connected,
    name: &str,
    operation: &'static str,
) -> Result<Option<stream::Info>> {
    match connected.jetstream.get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().clone())),
        Err(error) => match error.kind() {
            jetstream::context::GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            jetstream::context::GetStreamErrorKind::JetStream(error) => {
                let why = format!("the stream `{name}` cannot be read: {error}");
                Err(refused(broker, operation, why))
            }
            _ => {
                let why = format!("the broker does not answer about the stream `{name}`: {error}");
                let hint = "check that JetStream is enabled (`nats-server -js`) and that the login may use it";
                Err(broker.error(ErrorKind::Server, operation, why).with_hint(hint))
            }
        },
    }
}

/// The stream, without a request to the broker.
pub(super) async fn stream(
    broker: &Broker,
    connected: &Connected,
    operation: &'static str,
) -> Result<stream::Stream<()>> {
    let found = connected.jetstream.get_stream_no_info(broker.settings.names.stream()).await;
    found.map_err(|error| unanswered(broker, operation, &error))
}

/// Creates the consumers, or checks those that exist; returns them in the order of the partitions.
///
/// # Errors
///
/// `config` for a consumer with other settings, which is left as it is.
pub(super) async fn ensure_consumers(
    broker: &Broker,
    connected: &Connected,
    operation: &'static str,
) -> Result<Vec<PartitionConsumer>> {
    let names = &broker.settings.names;
    let stream = &stream(broker, connected, operation).await?;
    let each = (0..names.partitions())
        .map(|partition| ensure_consumer(broker, stream, partition, operation));
    streams::iter(each).buffered(AT_ONCE).try_collect().await
}

/// Creates the consumer of a partition, or checks the one that exists.
pub(super) async fn ensure_consumer(
    broker: &Broker,
    stream: &stream::Stream<()>,
    partition: u16,
    operation: &'static str,
) -> Result<PartitionConsumer> {
    let name = Names::consumer(partition);
    let wanted = wanted::consumer(&broker.settings.names, partition);
    let found = match stream.get_consumer::<consumer::pull::Config>(&name).await {
        Ok(found) => found,
        // One that another process creates now has the same settings, or fails here.
        Err(_) => stream.create_consumer(wanted.clone()).await.map_err(|error| {
            let why = format!(
                "the consumer `{name}` of the stream `{}` cannot be created: {error}",
                broker.settings.names.stream()
            );
            refused(broker, operation, why)
        })?,
    };
    let differences = wanted::consumer_differences(&found.cached_info().config, &wanted);
    let what = format!("the consumer `{name}` of the stream `{}`", broker.settings.names.stream());
    refuse_others(broker, operation, &what, &differences)?;
    Ok(found)
}

/// Creates a bucket, or opens the one that exists.
///
/// # Errors
///
/// `config` for a bucket that forgets sooner, or has another number of replicas.
pub(super) async fn ensure_bucket(
    broker: &Broker,
    connected: &Connected,
    wanted: kv::Config,
    operation: &'static str,
) -> Result<kv::Store> {
    let name = wanted.bucket.clone();
    if let Ok(store) = connected.jetstream.get_key_value(&name).await {
        let differences = wanted::bucket_differences(&store.stream.cached_info().config, &wanted);
        refuse_others(broker, operation, &format!("the bucket `{name}`"), &differences)?;
        return Ok(store);
    }
    connected.jetstream.create_key_value(wanted).await.map_err(|error| {
        refused(broker, operation, format!("the bucket `{name}` cannot be created: {error}"))
    })
}

/// Refuses what has other settings.
fn refuse_others(
    broker: &Broker,
    operation: &'static str,
    what: &str,
    differences: &[Difference],
) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let why = format!("{what} has other settings: {}", differences.join("; "));
    let hint =
        "use the settings that it has, edit it with the `nats` command, or name another stream";
    Err(broker.error(ErrorKind::Config, operation, why).with_hint(hint))
}

fn refused(broker: &Broker, operation: &'static str, why: String) -> Error {
    let hint = "check the limits and permissions of the account, and the servers of the cluster";
    broker.error(ErrorKind::Config, operation, why).with_hint(hint)
}

/// The error of a request to the broker that failed.
pub(super) fn unanswered(
    broker: &Broker,
    operation: &'static str,
    error: &dyn std::fmt::Display,
) -> Error {
    broker.error(ErrorKind::Server, operation, format!("the broker did not do it: {error}"))
}
