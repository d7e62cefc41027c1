//! The trait that every store of records implements.

use std::fmt::Debug;
use std::time::Duration;

use super::rows::{
    Adopted, Ahead, ClaimedRecord, Counters, Counts, DeadRow, Inserted, NewRecord, PendingRow,
    RecordUser, RunningTurnRows, Settled, StopAsked, Tier, Transition, TurnChanges, UserTurn,
};
use crate::outbox::opening::Opening;
use crate::outbox::state::{Choice, Millis};
use crate::sqlite::Fault;

/// The wait until the next maintenance of a store that needs it soon.
pub(in crate::outbox) const MAINTENANCE_SOON: Duration = Duration::from_millis(100);

/// The due records that are looked at for a choice: the longest queue costs a probe no more than that.
pub(in crate::outbox) const CHOICE: usize = 1_000;

/// Stores records and their states. Times are milliseconds since the epoch.
///
/// A conversation is claimed as a whole: its records belong to the claimant alone until the claim ends.
pub(in crate::outbox) trait Backend: Debug + Send {
    /// Inserts records. If it returns a fault, none of them is stored.
    fn insert(&mut self, records: &[NewRecord], now: Millis) -> Result<Vec<Inserted>, Fault>;

    /// The state of a record that others may wait behind.
    fn ahead(&mut self, id: &str) -> Result<Ahead, Fault>;

    /// The user of the record with this id.
    fn user_of(&mut self, id: &str) -> Result<RecordUser, Fault>;

    /// Replaces a held record and queues it. Returns the tier that holds it; `None` if no such record is held.
    fn release(&mut self, record: &NewRecord, now: Millis) -> Result<Option<Tier>, Fault>;

    /// Claims up to `limit` conversations whose first record is due, and returns these records.
    fn claim(&mut self, limit: usize, now: Millis) -> Result<Vec<ClaimedRecord>, Fault> {
        self.claim_chosen(Choice::Any, limit, now)
    }

    /// [`claim`](Self::claim), where the first record is one of these. A store looks at [`CHOICE`] due records.
    fn claim_chosen(
        &mut self,
        choice: Choice,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<ClaimedRecord>, Fault>;

    /// The time at which the next claim can find something; `None` if no record waits for a time.
    fn next_due(&mut self, now: Millis) -> Result<Option<Millis>, Fault>;

    /// Stores the state of the opening of a claimed record's conversation; `false` if the record is not pending.
    fn save_opening(&mut self, claimed: &ClaimedRecord, now: Millis) -> Result<bool, Fault>;

    /// Renames a claimed conversation, also in the payloads of its records, and stores the state of its opening with
    /// the claimed record. Returns the updated record; `None` if it is not pending, or others have claimed a
    /// conversation with the new name.
    fn open(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: &Opening,
        now: Millis,
    ) -> Result<Option<ClaimedRecord>, Fault>;

    /// As [`open`](Self::open), unless another conversation has the name, or may be about to get it
    /// ([`has_rival`](Self::has_rival)).
    fn adopt(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: &Opening,
        now: Millis,
    ) -> Result<Adopted, Fault>;

    /// Returns true if a record that is pending, dead, or remembered as delivered is in a conversation with this name: a sink
    /// may have it long before the service does.
    fn is_taken(&mut self, name: &str) -> Result<bool, Fault>;

    /// Returns true if another record of the user has requested the same place, and its answer may still arrive.
    fn has_rival(&mut self, claimed: &ClaimedRecord, opening: &Opening) -> Result<bool, Fault>;

    /// Stores the transition of a claimed record, unless it is not pending. If the record dies before its conversation
    /// was opened, all records that wait behind it die too.
    fn settle(
        &mut self,
        claimed: &ClaimedRecord,
        transition: &Transition,
        now: Millis,
    ) -> Result<Settled, Fault>;

    /// Makes a pending record due at once.
    fn hasten(&mut self, id: &str, now: Millis) -> Result<(), Fault>;

    /// Ends the claim of a record's conversation without changing it.
    fn unclaim(&mut self, claimed: &ClaimedRecord, now: Millis) -> Result<(), Fault>;

    /// Ends all claims of this process.
    fn unclaim_all(&mut self, now: Millis) -> Result<(), Fault>;

    /// Writes the changes to the running turns of this process, and reads the requests to stop them. A store that no other
    /// process uses has none.
    fn exchange_turns(
        &mut self,
        _changes: &TurnChanges,
        _now: Millis,
    ) -> Result<RunningTurnRows, Fault> {
        Ok(RunningTurnRows::default())
    }

    /// Stores the request to stop a turn of another process, unless it is another user's.
    fn stop_turn(&mut self, _turn: &UserTurn, _now: Millis) -> Result<StopAsked, Fault> {
        Ok(StopAsked::Unknown)
    }

    /// The counts of records in the store, including those that have left it.
    fn counts(&mut self) -> Result<Counts, Fault>;

    /// Returns true if a record has been delivered from the same tier since this one was first tried.
    fn has_delivered_since(&mut self, claimed: &ClaimedRecord) -> Result<bool, Fault> {
        Ok(self.counts()?.delivered > claimed.attempt.mark)
    }

    /// The position after the last accepted record.
    fn position(&mut self) -> Position {
        Position::both(self.counts().map_or(Position::LAST, |counts| counts.last_seq))
    }

    /// Returns true if a record that this outbox must deliver is pending before `position`.
    fn is_waiting(&mut self, position: Position) -> Result<bool, Fault>;

    /// The payloads of a user's latest pending records in a conversation, `limit` at most, in order.
    fn undelivered(
        &mut self,
        conversation: &str,
        user: &str,
        limit: usize,
    ) -> Result<Vec<String>, Fault>;

    /// The pending records in order, `limit` at most.
    fn pending(&mut self, limit: usize) -> Result<Vec<PendingRow>, Fault>;

    /// The dead letters in order, `limit` at most.
    fn dead(&mut self, limit: usize) -> Result<Vec<DeadRow>, Fault>;

    /// Queues a dead letter again, after all others of its conversation; `false` if there is none with this id.
    fn requeue(&mut self, id: &str, now: Millis) -> Result<bool, Fault>;

    /// Removes a dead letter, or a pending record that is not being sent; `false` if there is none with this id.
    fn discard(&mut self, id: &str, now: Millis) -> Result<bool, Fault>;

    /// Counters for [`Stats`](crate::outbox::Stats), available even while the store cannot be read.
    fn counters(&mut self) -> Counters {
        Counters { now: self.counts().unwrap_or_default(), ..Counters::default() }
    }

    /// Repairs the store as far as possible, and ends the claims of dead processes.
    fn maintain(&mut self, _now: Millis) {}

    /// The wait until the next maintenance, if it is needed soon.
    fn maintenance_due(&self) -> Option<Duration> {
        None
    }

    /// Returns true if other processes use the store.
    fn has_company(&self) -> bool {
        false
    }

    /// Moves the write-ahead log into the database, if it is long.
    fn checkpoint(&mut self) -> Option<Checkpoint> {
        None
    }

    /// Ends this process's use of the store cleanly. It can still be read.
    fn leave(&mut self, _now: Millis) {}

    /// The open file.
    #[cfg(test)]
    #[cfg(feature = "outbox-sqlite")]
    fn disk(&mut self) -> &mut super::Disk {
        panic!("a backend without a file")
    }
}

/// Work that waits for the disk; it runs on another thread without the store's lock.
pub(in crate::outbox) type Checkpoint = Box<dyn FnOnce() -> Result<(), Fault> + Send>;

/// A position in the order of accepted records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbox) struct Position {
    pub(super) in_file: u64,
    pub(super) in_memory: u64,
}

impl Position {
    /// After every possible record: SQLite's integers end there.
    pub(super) const LAST: u64 = i64::MAX as u64;

    fn both(seq: u64) -> Self {
        Position { in_file: seq, in_memory: seq }
    }
}
