//! The stream, its consumers and its buckets on the broker: created where they are missing, checked where they exist.

use std::fmt::Display;

use async_nats::jetstream::{self, ErrorCode, consumer, kv, stream};
use futures_util::stream::{self as streams, StreamExt, TryStreamExt};

use super::connection::Connected;
use super::names::Names;
use super::settings::Checked;
use super::wanted::{self, Difference};
use crate::error::{Error, ErrorKind, Result};

/// The consumers that are checked at a time.
const AT_ONCE: usize = 16;

/// Creates the stream, or checks the one that exists.
///
/// # Errors
///
/// `config` for a stream with other settings, which is left as it is.
pub(super) async fn ensure_stream(
    settings: &Checked,
    connected: &Connected,
    operation: &'static str,
) -> Result<()> {
    let names = &settings.names;
    let wanted = wanted::stream(settings);
    let mut found = find_stream(settings, connected, names.stream(), operation).await?;
    if found.is_none() {
        match connected.jetstream.create_stream(wanted.clone()).await {
            Ok(_) => return Ok(()),
            Err(error) => match error.kind() {
                // Another process has just created one.
                jetstream::context::CreateStreamErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NAME_EXIST =>
                {
                    found = find_stream(settings, connected, names.stream(), operation).await?;
                }
                _ => {
                    let why = format!("the stream `{}` cannot be created: {error}", names.stream());
                    return Err(refused(settings, operation, why));
                }
            },
        }
    }
    let Some(found) = found else {
        let why = format!("the stream `{}` is neither there nor can it be created", names.stream());
        return Err(refused(settings, operation, why));
    };
    let differences = wanted::differences(&found.config, &wanted);
    refuse_others(settings, operation, &format!("the stream `{}`", names.stream()), &differences)
}

/// The stream with this name; `None` if there is none.
pub(super) async fn find_stream(
    settings: &Checked,
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
                Err(refused(settings, operation, why))
            }
            _ => {
                let why = format!("the broker does not answer about the stream `{name}`: {error}");
                let hint = "check that JetStream is enabled (`nats-server -js`) and that the login may use it";
                Err(settings.error(ErrorKind::Server, operation, why).with_hint(hint))
            }
        },
    }
}

/// The stream, without a request to the broker.
pub(super) async fn stream(
    settings: &Checked,
    connected: &Connected,
    operation: &'static str,
) -> Result<stream::Stream<()>> {
    let found = connected.jetstream.get_stream_no_info(settings.names.stream()).await;
    found.map_err(|error| unanswered(settings, operation, &error))
}

/// Creates the consumers, or checks those that exist.
///
/// # Errors
///
/// `config` for a consumer with other settings, which is left as it is.
pub(super) async fn ensure_consumers(
    settings: &Checked,
    connected: &Connected,
    operation: &'static str,
) -> Result<()> {
    let names = &settings.names;
    let stream = &stream(settings, connected, operation).await?;
    let each = (0..names.partitions())
        .map(|partition| ensure_consumer(settings, stream, partition, operation));
    streams::iter(each).buffered(AT_ONCE).try_collect().await
}

/// Creates the consumer of a partition, or checks the one that exists.
pub(super) async fn ensure_consumer(
    settings: &Checked,
    stream: &stream::Stream<()>,
    partition: u16,
    operation: &'static str,
) -> Result<()> {
    let name = Names::consumer(partition);
    let wanted = wanted::consumer(&settings.names, partition);
    let found = match stream.get_consumer::<consumer::pull::Config>(&name).await {
        Ok(found) => found,
        // One that another process creates now has the same settings, or fails here.
        Err(_) => stream.create_consumer(wanted.clone()).await.map_err(|error| {
            let why = format!(
                "the consumer `{name}` of the stream `{}` cannot be created: {error}",
                settings.names.stream()
            );
            refused(settings, operation, why)
        })?,
    };
    let differences = wanted::consumer_differences(&found.cached_info().config, &wanted);
    let what = format!("the consumer `{name}` of the stream `{}`", settings.names.stream());
    refuse_others(settings, operation, &what, &differences)
}

/// Creates a bucket, or opens the one that exists.
///
/// # Errors
///
/// `config` for a bucket that forgets sooner, or has another number of replicas.
pub(super) async fn ensure_bucket(
    settings: &Checked,
    connected: &Connected,
    wanted: kv::Config,
    operation: &'static str,
) -> Result<kv::Store> {
    let name = wanted.bucket.clone();
    let open = || connected.jetstream.get_key_value(&name);
    let store = match open().await {
        Ok(store) => store,
        Err(_) => {
            // As the stream that it is: the client asks for an account's limits before it creates a bucket, and cannot read the answer
            // of servers before 2.10.
            let stream = wanted::bucket_stream(&wanted);
            let unusable = |error: &dyn Display| {
                refused(
                    settings,
                    operation,
                    format!("the bucket `{name}` cannot be created: {error}"),
                )
            };
            // One that another process creates now has the same settings, or is found to have others.
            let created = connected.jetstream.create_stream(stream).await;
            match open().await {
                Ok(store) => store,
                Err(error) => {
                    return Err(created.map_or_else(|e| unusable(&e), |_| unusable(&error)));
                }
            }
        }
    };
    let differences = wanted::bucket_differences(&store.stream.cached_info().config, &wanted);
    refuse_others(settings, operation, &format!("the bucket `{name}`"), &differences)?;
    Ok(store)
}

/// Refuses what has other settings.
fn refuse_others(
    settings: &Checked,
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
    Err(settings.error(ErrorKind::Config, operation, why).with_hint(hint))
}

fn refused(settings: &Checked, operation: &'static str, why: String) -> Error {
    let hint = "check the limits and permissions of the account, and the servers of the cluster";
    settings.error(ErrorKind::Config, operation, why).with_hint(hint)
}

/// The error of a request to the broker that failed.
pub(super) fn unanswered(
    settings: &Checked,
    operation: &'static str,
    error: &dyn Display,
) -> Error {
    settings.error(ErrorKind::Server, operation, format!("the broker did not do it: {error}"))
}
