//! The stream, its consumers and its buckets on the broker: created where they are missing, checked where they exist.

use std::fmt::Display;

use async_nats::jetstream::context::{self, ConsumerInfoErrorKind};
use async_nats::jetstream::stream::ConsumerErrorKind;
use async_nats::jetstream::{self, ErrorCode, kv, stream};
use futures_util::stream::{self as streams, StreamExt, TryStreamExt};

use super::connection::Connected;
use super::names::Names;
use super::settings::Checked;
use super::wanted::{self, Difference};
use crate::error::{Error, ErrorKind, Result};

/// The consumers that are checked at a time.
const AT_ONCE: usize = 16;
/// The first version whose full stream refuses a record and deletes no other: earlier ones find that it is too full once it has the
/// record, and then delete the oldest ones, which nobody has delivered.
const KEEPS_WHEN_FULL: (i64, i64, i64) = (2, 10, 5);
/// The status of answers that a broker gives while it cannot do what is asked.
const UNAVAILABLE: usize = 503;

/// Refuses a stream with a limit at which the server deletes records: to create one, and to publish to one that exists. It can be
/// inspected and emptied.
///
/// # Errors
///
/// `config` for a server before 2.10.5, if there is such a limit.
pub(super) fn refuse_deletion(
    settings: &Checked,
    connected: &Connected,
    operation: &'static str,
) -> Result<()> {
    let (major, minor, patch) = KEEPS_WHEN_FULL;
    if settings.nats.max_bytes.is_some()
        && !connected.client.is_server_compatible(major, minor, patch)
    {
        let version = connected.client.server_info().version;
        let why = format!(
            "the server's version is {version}: before {major}.{minor}.{patch} a stream with `max_bytes` that is full deletes its oldest \
             records"
        );
        let hint =
            "use a later server, or leave `max_bytes` out and limit the server's `max_file_store`";
        return Err(settings.error(ErrorKind::Config, operation, why).with_hint(hint));
    }
    Ok(())
}

/// Creates the stream, or checks the one that exists.
///
/// # Errors
///
/// `config` for a stream with other settings, which is left as it is, or for a limit that the server does not keep, if there is no
/// stream yet.
pub(super) async fn ensure_stream(
    settings: &Checked,
    connected: &Connected,
    operation: &'static str,
) -> Result<()> {
    let wanted = wanted::stream(settings);
    let what = format!("the stream `{}`", wanted.name);
    let found = found_or_created(settings, connected, &wanted, &what, operation).await?;
    refuse_others(settings, operation, &what, &wanted::differences(&found, &wanted))
}

/// The settings of the stream that exists, or was created now.
async fn found_or_created(
    settings: &Checked,
    connected: &Connected,
    wanted: &stream::Config,
    what: &str,
    operation: &'static str,
) -> Result<stream::Config> {
    if let Some(found) = find_stream(settings, connected, &wanted.name, operation).await? {
        return Ok(found.config);
    }
    if wanted.name == settings.names.stream() {
        refuse_deletion(settings, connected, operation)?;
    }
    let created = match connected.jetstream.create_stream(wanted.clone()).await {
        Ok(created) => return Ok(created.cached_info().config.clone()),
        Err(error) => error,
    };
    // Another process may have just created one.
    if let Some(found) = find_stream(settings, connected, &wanted.name, operation).await? {
        return Ok(found.config);
    }
    let answer = match created.kind() {
        context::CreateStreamErrorKind::JetStream(error) => Some(error),
        _ => None,
    };
    Err(failed(settings, operation, format!("{what} cannot be created: {created}"), answer))
}

/// The stream with this name; `None` if there is none.
pub(super) async fn find_stream(
    settings: &Checked,
    connected: &Connected,
    name: &str,
    operation: &'static str,
) -> Result<Option<stream::Info>> {
    let error = match connected.jetstream.get_stream(name).await {
        Ok(stream) => return Ok(Some(stream.cached_info().clone())),
        Err(error) => error,
    };
    match error.kind() {
        context::GetStreamErrorKind::JetStream(answer)
            if answer.error_code() == ErrorCode::STREAM_NOT_FOUND =>
        {
            Ok(None)
        }
        context::GetStreamErrorKind::JetStream(answer) => {
            let why = format!("the stream `{name}` cannot be read: {answer}");
            Err(failed(settings, operation, why, Some(answer)))
        }
        _ => {
            let why = format!("the broker does not answer about the stream `{name}`: {error}");
            Err(failed(settings, operation, why, None))
        }
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
    let what = format!("the consumer `{name}` of the stream `{}`", settings.names.stream());
    let wanted = wanted::consumer(&settings.names, partition);
    let found = match stream.consumer_info(&name).await {
        Ok(found) => found.config,
        // The broker would change a consumer that exists: only one that is missing is created.
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {
            let created = stream.create_consumer(wanted.clone()).await.map_err(|error| {
                let why = format!("{what} cannot be created: {error}");
                let answer = match error.kind() {
                    ConsumerErrorKind::JetStream(answer) => Some(answer),
                    _ => None,
                };
                failed(settings, operation, why, answer)
            })?;
            created.cached_info().config.clone()
        }
        Err(error) => {
            let why = format!("{what} cannot be read: {error}");
            let answer = match error.kind() {
                ConsumerInfoErrorKind::JetStream(answer) => Some(answer),
                _ => None,
            };
            return Err(failed(settings, operation, why, answer));
        }
    };
    let differences = wanted::consumer_differences(&found, &wanted);
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
    let what = format!("the bucket `{}`", wanted.bucket);
    // As the stream that it is: the client asks for an account's limits before it creates a bucket, and cannot read the answer of
    // servers before 2.10.
    let stream = wanted::bucket_stream(&wanted);
    let found = found_or_created(settings, connected, &stream, &what, operation).await?;
    let differences = wanted::bucket_differences(&found, &wanted);
    refuse_others(settings, operation, &what, &differences)?;
    let opened = connected.jetstream.get_key_value(&wanted.bucket).await;
    opened.map_err(|error| unanswered(settings, operation, &error))
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

/// The error of something that cannot be read or created: `config` if the broker refuses it for good, `server` if it may do it later.
fn failed(
    settings: &Checked,
    operation: &'static str,
    why: String,
    answer: Option<jetstream::Error>,
) -> Error {
    let (kind, hint) = match answer {
        Some(answer) if is_refusal(&answer) => (
            ErrorKind::Config,
            "check the limits and permissions of the account, and the servers of the cluster",
        ),
        Some(_) => (ErrorKind::Server, "check that the servers of the cluster run"),
        None => (
            ErrorKind::Server,
            "check that JetStream is enabled (`nats-server -js`) and that the login may use it",
        ),
    };
    settings.error(kind, operation, why).with_hint(hint)
}

/// Returns false for an answer that the broker gives while it starts, has no leader, lacks servers, or is busy.
fn is_refusal(answer: &jetstream::Error) -> bool {
    match answer.error_code() {
        ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT | ErrorCode::CLUSTER_REQUIRED => true,
        ErrorCode::CLUSTER_NOT_LEADER
        | ErrorCode::CLUSTER_NOT_ACTIVE
        | ErrorCode::CLUSTER_NOT_ASSIGNED
        | ErrorCode::CLUSTER_INCOMPLETE
        | ErrorCode::CLUSTER_NO_PEERS
        | ErrorCode::RAFT_GENERAL
        | ErrorCode::STREAM_NOT_FOUND
        | ErrorCode::STREAM_OFFLINE
        | ErrorCode::STREAM_OFFLINE_REASON
        | ErrorCode::STREAM_STORE_FAILED
        | ErrorCode::STREAM_TOO_MANY_REQUESTS
        | ErrorCode::CONSUMER_OFFLINE
        | ErrorCode::CONSUMER_OFFLINE_REASON
        | ErrorCode::CONSUMER_STORE_FAILED => false,
        _ => answer.code() != UNAVAILABLE,
    }
}

/// The error of a request to the broker that failed.
pub(super) fn unanswered(
    settings: &Checked,
    operation: &'static str,
    error: &dyn Display,
) -> Error {
    settings.error(ErrorKind::Server, operation, format!("the broker did not do it: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::nats::Nats;

    fn kind(code: usize, err_code: u64) -> (ErrorKind, bool) {
        let answer = json!({"code": code, "err_code": err_code, "description": "no"});
        let settings = Nats::new("localhost").checked("nats.sink").unwrap();
        let answer = Some(serde_json::from_value(answer).unwrap());
        let error = failed(&settings, "courier.run", "the stream".to_owned(), answer);
        (error.kind(), error.is_retryable())
    }

    #[test]
    fn a_refusal_for_good_is_told_from_a_broker_that_cannot_do_it_now() {
        for (code, err_code) in
            [(503, 10008), (503, 10023), (500, 10118), (400, 10005), (500, 10009)]
        {
            assert_eq!(kind(code, err_code), (ErrorKind::Server, true), "{err_code}");
        }
        // Replicas without a cluster, storage beyond the account's, no subjects of its own, an account without JetStream.
        for (code, err_code) in [(500, 10074), (500, 10047), (400, 10065), (503, 10039)] {
            assert_eq!(kind(code, err_code), (ErrorKind::Config, false), "{err_code}");
        }
        let settings = Nats::new("localhost").checked("nats.sink").unwrap();
        let silent = failed(&settings, "courier.run", "the stream".to_owned(), None);
        assert!(silent.is_retryable() && silent.kind() == ErrorKind::Server);
    }
}
