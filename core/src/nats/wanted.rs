//! The settings of the stream, its consumers and its buckets, and their comparison with those on the broker.

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy};
use async_nats::jetstream::{kv, stream};

use super::names::Names;
use super::settings::Checked;

/// The time within which the broker drops a message whose id it knows.
const DUPLICATES: Duration = Duration::from_secs(10 * 60);
/// The time after which the broker delivers a record again whose courier is silent.
pub(super) const ACK_WAIT: Duration = Duration::from_secs(30);
/// The time for which failed attempts are remembered.
const ATTEMPTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The stream: a work queue in files, which accepts nothing that it has no space for.
///
/// The number of partitions stands in its description, as older servers keep no metadata.
pub(super) fn stream(settings: &Checked) -> stream::Config {
    let (names, nats) = (&settings.names, &settings.nats);
    stream::Config {
        name: names.stream().to_owned(),
        description: Some(format!("records of turnwire in {} partitions", names.partitions())),
        subjects: names.subjects(),
        retention: stream::RetentionPolicy::WorkQueue,
        storage: stream::StorageType::File,
        discard: stream::DiscardPolicy::New,
        duplicate_window: DUPLICATES,
        num_replicas: usize::from(nats.replicas),
        max_bytes: nats.max_bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or(-1),
        max_messages: -1,
        max_messages_per_subject: -1,
        max_message_size: -1,
        max_consumers: -1,
        ..stream::Config::default()
    }
}

/// The number of partitions of a stream that [`stream`] created.
pub(super) fn partitions(config: &stream::Config) -> Option<u16> {
    let words = config.description.as_deref()?.strip_prefix("records of turnwire in ")?;
    words.strip_suffix(" partitions")?.parse().ok()
}

/// The consumer of a partition. One record at a time: that alone keeps the order through failures and crashes.
pub(super) fn consumer(names: &Names, partition: u16) -> consumer::pull::Config {
    consumer::pull::Config {
        durable_name: Some(Names::consumer(partition)),
        filter_subject: names.records_of(partition),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: 1,
        max_deliver: -1,
        ..consumer::pull::Config::default()
    }
}

/// The bucket of the ids that are counted.
pub(super) fn counted(settings: &Checked) -> kv::Config {
    kv::Config {
        bucket: settings.names.counted(),
        description: "ids of records of turnwire that are counted".to_owned(),
        history: 1,
        max_age: settings.nats.counted_for,
        storage: stream::StorageType::File,
        num_replicas: usize::from(settings.nats.replicas),
        ..kv::Config::default()
    }
}

/// The bucket of failed attempts.
pub(super) fn attempts(settings: &Checked) -> kv::Config {
    kv::Config {
        bucket: settings.names.attempts(),
        description: "failed attempts of records of turnwire".to_owned(),
        history: 1,
        max_age: ATTEMPTS,
        storage: stream::StorageType::File,
        num_replicas: usize::from(settings.nats.replicas),
        ..kv::Config::default()
    }
}

/// The stream of a bucket, by the rules of NATS for key-value stores.
pub(super) fn bucket_stream(bucket: &kv::Config) -> stream::Config {
    stream::Config {
        name: format!("KV_{}", bucket.bucket),
        description: Some(bucket.description.clone()),
        subjects: vec![format!("$KV.{}.>", bucket.bucket)],
        retention: stream::RetentionPolicy::Limits,
        storage: bucket.storage,
        discard: stream::DiscardPolicy::New,
        max_age: bucket.max_age,
        duplicate_window: Duration::from_secs(120).min(bucket.max_age),
        num_replicas: bucket.num_replicas,
        max_messages_per_subject: bucket.history,
        max_messages: -1,
        max_bytes: -1,
        max_message_size: -1,
        max_consumers: -1,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        ..stream::Config::default()
    }
}

/// A setting whose value on the broker is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    setting: &'static str,
    found: String,
    wanted: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {} there and {} here", self.setting, self.found, self.wanted)
    }
}

/// Adds a difference if two values differ.
fn compare<T: fmt::Debug + PartialEq>(
    differences: &mut Vec<Difference>,
    setting: &'static str,
    found: &T,
    wanted: &T,
) {
    if found != wanted {
        let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
        differences.push(Difference { setting, found, wanted });
    }
}

/// The settings of a stream that differ, of those on which the promises depend.
pub(super) fn differences(found: &stream::Config, wanted: &stream::Config) -> Vec<Difference> {
    let mut all = Vec::new();
    let text = |config: &stream::Config| config.description.clone().unwrap_or_default();
    // First, as it names the partitions.
    compare(&mut all, "description", &text(found), &text(wanted));
    compare(&mut all, "subjects", &sorted(&found.subjects), &sorted(&wanted.subjects));
    compare(&mut all, "retention", &found.retention, &wanted.retention);
    compare(&mut all, "storage", &found.storage, &wanted.storage);
    compare(&mut all, "discard", &found.discard, &wanted.discard);
    compare(&mut all, "duplicate_window", &found.duplicate_window, &wanted.duplicate_window);
    compare(&mut all, "num_replicas", &found.num_replicas, &wanted.num_replicas);
    compare(&mut all, "max_bytes", &found.max_bytes, &wanted.max_bytes);
    compare(&mut all, "max_age", &found.max_age, &wanted.max_age);
    compare(&mut all, "max_msgs", &found.max_messages, &wanted.max_messages);
    let per_subject = "max_msgs_per_subject";
    let wanted_per_subject = wanted.max_messages_per_subject;
    compare(&mut all, per_subject, &found.max_messages_per_subject, &wanted_per_subject);
    // A record just below such a limit could not become a dead letter, which is larger, and would block its partition.
    compare(&mut all, "max_msg_size", &found.max_message_size, &wanted.max_message_size);
    all
}

fn sorted(subjects: &[impl ToString]) -> Vec<String> {
    let mut subjects: Vec<String> = subjects.iter().map(ToString::to_string).collect();
    subjects.sort();
    subjects
}

/// The settings of a consumer that differ, of those on which the order depends.
pub(super) fn consumer_differences(
    found: &consumer::Config,
    wanted: &consumer::pull::Config,
) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(&mut all, "filter_subject", &found.filter_subject, &wanted.filter_subject);
    compare(&mut all, "ack_policy", &found.ack_policy, &wanted.ack_policy);
    compare(&mut all, "ack_wait", &found.ack_wait, &wanted.ack_wait);
    compare(&mut all, "max_ack_pending", &found.max_ack_pending, &wanted.max_ack_pending);
    compare(&mut all, "max_deliver", &found.max_deliver, &wanted.max_deliver);
    all
}

/// The settings of a bucket that differ.
pub(super) fn bucket_differences(found: &stream::Config, wanted: &kv::Config) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(&mut all, "max_age", &found.max_age, &wanted.max_age);
    compare(&mut all, "num_replicas", &found.num_replicas, &wanted.num_replicas);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::Nats;

    fn settings(nats: Nats) -> Checked {
        nats.checked("nats.sink").unwrap()
    }

    fn found(change: impl FnOnce(&mut stream::Config)) -> Vec<String> {
        let wanted = stream(&settings(Nats::new("localhost").max_bytes(1000)));
        let mut found = wanted.clone();
        change(&mut found);
        differences(&found, &wanted).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_stream_as_it_was_created_is_accepted() {
        assert!(found(|_| {}).is_empty());
        assert!(found(|config| config.subjects.reverse()).is_empty());
        assert!(found(|config| config.max_consumers = 100).is_empty(), "no promise depends on it");
    }

    #[test]
    fn each_setting_on_which_a_promise_depends_is_named_with_both_values() {
        type Change = fn(&mut stream::Config);
        let cases: [(&str, Change); 10] = [
            ("`retention` is Limits there and WorkQueue here", |config| {
                config.retention = stream::RetentionPolicy::Limits
            }),
            ("`storage` is Memory there and File here", |config| {
                config.storage = stream::StorageType::Memory
            }),
            ("`discard` is Old there and New here", |config| {
                config.discard = stream::DiscardPolicy::Old
            }),
            ("`duplicate_window` is 120s there and 600s here", |config| {
                config.duplicate_window = Duration::from_secs(120)
            }),
            ("`num_replicas` is 3 there and 1 here", |config| config.num_replicas = 3),
            ("`max_bytes` is -1 there and 1000 here", |config| config.max_bytes = -1),
            ("`max_age` is 5s there and 0ns here", |config| {
                config.max_age = Duration::from_secs(5)
            }),
            ("`max_msgs` is 7 there and -1 here", |config| config.max_messages = 7),
            ("`max_msgs_per_subject` is 1 there", |config| config.max_messages_per_subject = 1),
            ("`max_msg_size` is 9 there and -1 here", |config| config.max_message_size = 9),
        ];
        for (said, change) in cases {
            let found = found(change);
            assert!(found.len() == 1 && found[0].starts_with(said), "{found:?}");
        }
        let all = found(|config| config.subjects = vec!["turnwire.>".to_owned()]);
        assert!(all[0].starts_with("`subjects` is [\"turnwire.>\"] there"), "{all:?}");
    }

    #[test]
    fn another_number_of_partitions_is_found_on_every_server() {
        let of = |partitions| stream(&settings(Nats::new("localhost").partitions(partitions)));
        let found = differences(&of(16), &of(64));
        assert_eq!(found.len(), 2, "the description, and the subjects");
        let said = found[0].to_string();
        assert!(said.contains("16 partitions") && said.contains("64 partitions"), "{said}");
    }

    #[test]
    fn the_partitions_of_a_stream_are_read_back() {
        let config = stream(&settings(Nats::new("localhost").partitions(256)));
        assert_eq!(partitions(&config), Some(256));
        let other = |description: &str| stream::Config {
            description: Some(description.to_owned()),
            ..stream::Config::default()
        };
        assert_eq!(partitions(&other("records of another library")), None);
        assert_eq!(partitions(&stream::Config::default()), None);
    }

    #[test]
    fn a_consumer_that_would_break_the_order_is_found() {
        let names = Names::new("turnwire", 64);
        let wanted = consumer(&names, 3);
        assert_eq!(
            (wanted.max_ack_pending, wanted.filter_subject.as_str()),
            (1, "turnwire.rec.64.3.>")
        );
        let found = |max_ack_pending| consumer::Config {
            filter_subject: wanted.filter_subject.clone(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending,
            max_deliver: -1,
            ..consumer::Config::default()
        };
        assert!(consumer_differences(&found(1), &wanted).is_empty());
        let differences = consumer_differences(&found(1000), &wanted);
        let said: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["`max_ack_pending` is 1000 there and 1 here"]);
    }
}
