//! Checks the journal of a run.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::journal::{Event, Line};

/// The figures of a run, which passes without faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) durable: usize,
    pub(crate) in_memory: usize,
    pub(crate) delivered: usize,
    /// Repeated deliveries, after a crash between the delivery and its settlement.
    pub(crate) repeated: usize,
    pub(crate) counted: usize,
    /// Durable records that were not delivered.
    pub(crate) lost: Vec<String>,
    /// Records that were sent before an earlier one of their conversation was delivered.
    pub(crate) out_of_order: Vec<String>,
    /// Records that were sent while another process was sending one of the same conversation.
    pub(crate) overlapping: Vec<String>,
    /// Records that were counted more than once.
    pub(crate) counted_twice: Vec<String>,
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        let faults = [&self.lost, &self.out_of_order, &self.overlapping, &self.counted_twice];
        faults.iter().all(|fault| fault.is_empty())
    }
}

/// Checks a journal whose last process has delivered the rest.
pub(crate) fn judge(lines: &[Line]) -> Verdict {
    let mut verdict = Verdict::default();
    // The last line of each process: its operation at that time may have been interrupted by the kill.
    let mut last = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        last.insert(line.writer.as_str(), at);
    }
    // Records of each process by conversation, with increasing ids.
    let mut taken: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
    for line in lines.iter().filter(|line| is_taken(line.event)) {
        let key = (line.conversation.as_str(), author(&line.id));
        taken.entry(key).or_default().push(&line.id);
    }
    taken.values_mut().for_each(|ids| ids.sort_unstable());
    let in_memory = lines.iter().filter(|line| line.event == Event::InMemory);
    let in_memory: HashSet<&str> = in_memory.map(|line| line.id.as_str()).collect();

    let (mut delivered, mut counted) = (HashSet::new(), HashSet::new());
    let mut sending: HashMap<&str, (&str, &str)> = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        let (conversation, id) = (line.conversation.as_str(), line.id.as_str());
        match line.event {
            Event::Durable => verdict.durable += 1,
            Event::InMemory => verdict.in_memory += 1,
            Event::Begin => {
                // Records in memory only are unknown to other processes.
                if let Some((other, sent)) = sending.insert(conversation, (&line.writer, id))
                    && last.get(other).is_some_and(|last| *last > at)
                    && ![sent, id].iter().any(|id| in_memory.contains(id))
                {
                    verdict.overlapping.push(id.to_owned());
                }
                let own = taken.get(&(conversation, author(id))).map_or(&[][..], Vec::as_slice);
                let earlier = own.partition_point(|other| *other < id).checked_sub(1);
                let earlier = earlier.and_then(|index| own.get(index));
                if earlier.is_some_and(|earlier| !delivered.contains(earlier)) {
                    verdict.out_of_order.push(id.to_owned());
                }
            }
            Event::Delivered => {
                sending.remove(conversation);
                if delivered.insert(id) {
                    verdict.delivered += 1;
                } else {
                    verdict.repeated += 1;
                }
            }
            Event::Failed => drop(sending.remove(conversation)),
            Event::Counted => {
                verdict.counted += 1;
                if !counted.insert(id) {
                    verdict.counted_twice.push(id.to_owned());
                }
            }
        }
    }
    let durable = lines.iter().filter(|line| line.event == Event::Durable);
    let lost = durable.filter(|line| !delivered.contains(line.id.as_str()));
    verdict.lost = lost.map(|line| line.id.clone()).collect();
    verdict
}

fn is_taken(event: Event) -> bool {
    matches!(event, Event::Durable | Event::InMemory)
}

/// The process that enqueued the record: the part of its id before the number.
fn author(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(author, _)| author)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  accepted as durable      {:>8}", self.durable)?;
        writeln!(f, "  accepted in memory       {:>8}", self.in_memory)?;
        writeln!(f, "  delivered                {:>8}", self.delivered)?;
        writeln!(f, "  delivered again          {:>8}   (same id, after a crash)", self.repeated)?;
        writeln!(f, "  counted                  {:>8}", self.counted)?;
        for (name, found) in [
            ("lost", &self.lost),
            ("out of order", &self.out_of_order),
            ("two at a time", &self.overlapping),
            ("counted twice", &self.counted_twice),
        ] {
            let some = found.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            writeln!(f, "  {name:<25}{:>8}   {some}", found.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        let event = |word: &str| match word {
            "durable" => Event::Durable,
            "begin" => Event::Begin,
            "delivered" => Event::Delivered,
            "counted" => Event::Counted,
            other => panic!("{other}"),
        };
        let line = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            let [writer, word, id] = words[..] else { panic!("{line}") };
            let (writer, id) = (writer.to_owned(), format!("w-{id}"));
            Line { writer, event: event(word), conversation: "c".into(), id }
        };
        text.split(';').map(line).collect()
    }

    #[test]
    fn a_good_run_is_good_and_a_repeated_delivery_is_counted() {
        let good = "w durable 1;w durable 2;w begin 1;w delivered 1;x begin 1;x delivered 1;x counted 1;\
                    x begin 2;x delivered 2;x counted 2";
        let verdict = judge(&lines(good));
        assert!(verdict.is_good(), "{verdict}");
        assert_eq!((verdict.durable, verdict.delivered, verdict.repeated), (2, 2, 1));
    }

    #[test]
    fn every_fault_is_found() {
        assert_eq!(judge(&lines("w durable 1;w begin 1")).lost, ["w-1"]);
        let skipped = "w durable 1;w durable 2;w begin 2;w delivered 2;w begin 1;w delivered 1";
        assert_eq!(judge(&lines(skipped)).out_of_order, ["w-2"]);
        let twice = "w durable 1;w begin 1;x begin 1;x delivered 1;w delivered 1";
        assert_eq!(judge(&lines(twice)).overlapping, ["w-1"]);
        let counted = "w durable 1;w begin 1;w delivered 1;w counted 1;x counted 1";
        assert_eq!(judge(&lines(counted)).counted_twice, ["w-1"]);
    }

    #[test]
    fn a_process_that_died_while_it_was_sending_does_not_overlap() {
        let died = "w durable 1;w begin 1;x begin 1;x delivered 1";
        assert!(judge(&lines(died)).is_good());
    }
}
