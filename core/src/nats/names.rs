//! The names on the broker: subjects, consumers and buckets, and the hash that spreads conversations over partitions.
//!
//! ```text
//! <stream>.rec.<n>.<p>.<conversation>       a record, in partition p of n
//! <stream>.rec.<n>.<p>.unpark               a request to try the parked records of partition p
//! <stream>.parked.<n>.<p>.<conversation>    a record that waits for a token, and those behind it
//! <stream>.dead.<conversation>.<id>         a dead letter
//! ```
//!
//! A stream that is made anew with another number of partitions has other subjects: whoever still uses the former number is refused,
//! and puts no record where nobody looks for it.
//!
//! Conversations and ids may contain any character, so that their hashes stand in subjects.

use uuid::Uuid;

/// The name space of the hashes. Another one would send a conversation's records to another partition.
const SPACE: Uuid = Uuid::from_u128(0x6b1f_5d0e_9c3a_4a57_8e21_74f0_b6d9_c418);

/// The last token of a request to try parked records. A hash has 32 characters.
const UNPARK: &str = "unpark";

/// The hash of a conversation or an id, as a token of a subject: UUID version 5 in [`SPACE`], in 32 hexadecimal digits.
pub(super) fn token(name: &str) -> String {
    Uuid::new_v5(&SPACE, name.as_bytes()).simple().to_string()
}

/// The partition of a conversation: the first 32 bits of its hash, modulo the number of partitions.
pub(super) fn partition(conversation: &str, partitions: u16) -> u16 {
    let (first, ..) = Uuid::new_v5(&SPACE, conversation.as_bytes()).as_fields();
    u16::try_from(first % u32::from(partitions.max(1))).unwrap_or_default()
}

/// The names that belong to one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    stream: String,
    partitions: u16,
}

impl Names {
    pub(super) fn new(stream: &str, partitions: u16) -> Self {
        Names { stream: stream.to_owned(), partitions }
    }

    pub(super) fn stream(&self) -> &str {
        &self.stream
    }

    pub(super) fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The partition of a conversation.
    pub(super) fn partition(&self, conversation: &str) -> u16 {
        partition(conversation, self.partitions)
    }

    /// The subjects of the stream.
    pub(super) fn subjects(&self) -> Vec<String> {
        vec![self.records(), self.all_parked(), self.all_dead()]
    }

    /// The subject of a conversation's records.
    pub(super) fn record(&self, conversation: &str) -> String {
        let partition = self.partition(conversation);
        format!("{}.{}", self.in_partition("rec", partition), token(conversation))
    }

    /// The beginning of a partition's subjects.
    fn in_partition(&self, kind: &str, partition: u16) -> String {
        format!("{}.{kind}.{}.{partition}", self.stream, self.partitions)
    }

    /// The subjects of all records, requests included.
    pub(super) fn records(&self) -> String {
        format!("{}.rec.{}.>", self.stream, self.partitions)
    }

    /// The subjects of a partition.
    pub(super) fn records_of(&self, partition: u16) -> String {
        format!("{}.>", self.in_partition("rec", partition))
    }

    /// The durable consumer of a partition.
    pub(super) fn consumer(partition: u16) -> String {
        format!("courier-{partition}")
    }

    /// The subject of a request to try the parked records of a partition.
    pub(super) fn unpark(&self, partition: u16) -> String {
        format!("{}.{UNPARK}", self.in_partition("rec", partition))
    }

    /// The subjects of all such requests.
    pub(super) fn unparks(&self) -> String {
        format!("{}.rec.{}.*.{UNPARK}", self.stream, self.partitions)
    }

    /// Returns true for a request to try parked records.
    pub(super) fn is_unpark(subject: &str) -> bool {
        subject.rsplit('.').next() == Some(UNPARK)
    }

    /// The subject of a parked record.
    pub(super) fn parked(&self, conversation: &str) -> String {
        self.parked_in(self.partition(conversation), &token(conversation))
    }

    /// The subjects of all parked records.
    pub(super) fn all_parked(&self) -> String {
        format!("{}.parked.{}.>", self.stream, self.partitions)
    }

    /// The subjects of a partition's parked records.
    pub(super) fn parked_of(&self, partition: u16) -> String {
        format!("{}.>", self.in_partition("parked", partition))
    }

    /// The subject of a conversation's parked records, by the hash of the conversation. It has no wildcard: servers before 2.10 look
    /// for one in all messages.
    pub(super) fn parked_in(&self, partition: u16, conversation: &str) -> String {
        format!("{}.{conversation}", self.in_partition("parked", partition))
    }

    /// The partition, and the hash of the conversation, in the subject of a parked record.
    pub(super) fn parts_of_parked<'a>(&self, subject: &'a str) -> Option<(u16, &'a str)> {
        let rest = subject.strip_prefix(&self.stream)?.strip_prefix(".parked.")?;
        let mut parts = rest.split('.').skip(1);
        Some((parts.next()?.parse().ok()?, parts.next()?))
    }

    /// The subject of a dead letter.
    pub(super) fn dead(&self, conversation: &str, id: &str) -> String {
        format!("{}.dead.{}.{}", self.stream, token(conversation), token(id))
    }

    /// The subjects of all dead letters.
    pub(super) fn all_dead(&self) -> String {
        format!("{}.dead.>", self.stream)
    }

    /// The subjects that a dead letter with this id may have.
    pub(super) fn dead_by_id(&self, id: &str) -> String {
        format!("{}.dead.*.{}", self.stream, token(id))
    }

    /// The bucket of the ids that are counted.
    pub(super) fn counted(&self) -> String {
        format!("{}_counted", self.stream)
    }

    /// The bucket of failed attempts.
    pub(super) fn attempts(&self) -> String {
        format!("{}_attempts", self.stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_has_the_same_partition_and_token_for_ever() {
        // Records that wait on a broker were published with these: another hash would break their order.
        let known = [
            ("conversation-1", "30d98614e30f552a8b1450ba93951cea", 20),
            ("", "32de99f976b75ca78a28df91c8c099bb", 57),
            ("안녕 * > . 하세요", "235340f23cb1530a83dc032bdef47fa2", 50),
        ];
        for (name, hash, place) in known {
            assert_eq!((token(name).as_str(), partition(name, 64)), (hash, place), "{name}");
        }
    }

    #[test]
    fn conversations_are_spread_over_all_partitions() {
        for partitions in [1, 16, 64, 256] {
            let mut counts = vec![0_u32; usize::from(partitions)];
            for number in 0..u32::from(partitions) * 100 {
                let name = Uuid::from_u128(u128::from(number)).to_string();
                if let Some(count) = counts.get_mut(usize::from(partition(&name, partitions))) {
                    *count += 1;
                }
            }
            assert_eq!(counts.iter().sum::<u32>(), u32::from(partitions) * 100);
            assert!(
                counts.iter().all(|count| (50..160).contains(count) || partitions == 1),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn whatever_a_name_contains_its_subject_has_a_fixed_number_of_tokens() {
        let names = Names::new("turnwire", 64);
        for name in ["a", "a.b", "*", ">", "a b\r\n", ""] {
            assert_eq!(names.record(name).split('.').count(), 5);
            assert_eq!(names.dead(name, name).split('.').count(), 4);
            let parked = names.parked(name);
            assert_eq!(parked.split('.').count(), 5);
            assert_eq!(
                names.parts_of_parked(&parked),
                Some((names.partition(name), token(name).as_str()))
            );
        }
        assert_eq!(names.parts_of_parked("other.parked.64.1.a"), None);
        assert!(Names::is_unpark(&names.unpark(3)) && !Names::is_unpark(&names.record("a")));
    }
}
