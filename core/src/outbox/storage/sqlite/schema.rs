//! The schema: its migration steps from an empty file to the form that this version reads and writes.

use crate::sqlite::{Form, OUTBOX_ID};

/// The form of an outbox.
pub(super) const FORM: Form = Form { name: "an outbox", id: OUTBOX_ID, steps: STEPS };

/// The owner of records that any process may deliver.
pub(super) const ANYBODY: i64 = 0;

/// The size of a page that SQLite gives a new file, in bytes.
pub(super) const PAGE_SIZE: u64 = 4096;

const STEPS: &[&str] = &["
    -- One row: what the outbox has held. accepted = delivered + dead + pending + discarded.
    CREATE TABLE counter (
        accepted INTEGER NOT NULL, delivered INTEGER NOT NULL, dead INTEGER NOT NULL,
        pending INTEGER NOT NULL, held INTEGER NOT NULL, discarded INTEGER NOT NULL,
        last_seq INTEGER NOT NULL
    ) STRICT;
    INSERT INTO counter VALUES (0, 0, 0, 0, 0, 0, 0);

    -- The processes that use the file. Each holds a lock on a file of its name, and is dead without it.
    CREATE TABLE process (no INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;

    -- What is pending. The owner is the process that knows the record's tokens; 0 is anybody.
    CREATE TABLE record (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL,
        user TEXT,
        payload TEXT NOT NULL,
        owner INTEGER NOT NULL,
        is_held INTEGER NOT NULL,
        needs_token INTEGER NOT NULL DEFAULT 0,
        accepted_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        strikes INTEGER NOT NULL DEFAULT 0,
        mark INTEGER NOT NULL DEFAULT 0,
        reason TEXT
    ) STRICT;
    CREATE INDEX record_order ON record (conversation, seq);
    CREATE INDEX record_tokenless_conversation ON record (conversation) WHERE needs_token;
    CREATE INDEX record_tokenless_user ON record (user) WHERE needs_token;

    -- The conversations that have pending records, with owner and time of the first one. One without a time is
    -- claimed by the process in lease, or its first record is held.
    CREATE TABLE conversation (
        name TEXT PRIMARY KEY, owner INTEGER NOT NULL, due_at INTEGER, lease INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX conversation_due ON conversation (owner, due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX conversation_lease ON conversation (lease) WHERE lease IS NOT NULL;

    CREATE TABLE dead (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL,
        user TEXT,
        payload TEXT NOT NULL,
        accepted_at INTEGER NOT NULL,
        died_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;

    -- The ids of the last delivered records, so that none is taken a second time.
    CREATE TABLE delivered (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
", "
    -- How far a record is that opens its conversation, or waits behind one that does: JSON. A held record that has it
    -- is released by the end of its owner.
    ALTER TABLE record ADD COLUMN opening TEXT;
    ALTER TABLE dead ADD COLUMN opening TEXT;
    -- The name of the conversation that the record has opened.
    ALTER TABLE delivered ADD COLUMN conversation TEXT;
    CREATE INDEX record_unopened ON record (owner) WHERE is_held AND opening IS NOT NULL;
", "
    -- The turns that run, each in its process, and the requests to stop them. A request that comes before its turn is in the
    -- table has no process, and the time at which it came.
    CREATE TABLE turn (
        id TEXT PRIMARY KEY, process INTEGER, is_stopped INTEGER NOT NULL, asked_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX turn_process ON turn (process, is_stopped);
", "
    -- The user of the record, and from now on its conversation whether it opened that or not: a message may follow any of
    -- the user's own. Rows without a conversation are of an older form, which kept no user: nothing follows them.
    ALTER TABLE delivered ADD COLUMN user TEXT;
    UPDATE delivered SET conversation = NULL;
", "
    -- The turns that run, each in its process, with their users. Rows of processes that run are written again.
    DROP TABLE turn;
    CREATE TABLE turn (
        id TEXT PRIMARY KEY, process INTEGER NOT NULL, user TEXT, is_stopped INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX turn_process ON turn (process, is_stopped);

    -- The requests to stop turns that are not in the table yet, and their times. One without a user (an empty text) is the
    -- service's own.
    CREATE TABLE turn_stop (
        id TEXT NOT NULL, user TEXT NOT NULL, asked_at INTEGER NOT NULL, PRIMARY KEY (id, user)
    ) STRICT, WITHOUT ROWID;
", "
    -- Before a record takes a place that it has found, it looks for others that may be about to get the same one.
    CREATE INDEX record_opening ON record (opening) WHERE opening IS NOT NULL;
"];

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::{openings, records};
    use super::*;
    use crate::outbox::storage::{Ahead, RecordUser};

    #[test]
    fn a_delivered_record_of_an_older_file_is_known_and_followed_by_nobody() {
        let connection = Connection::open_in_memory().unwrap();
        Form { steps: &STEPS[..3], ..FORM }.migrate(&connection).unwrap();
        let sql =
            "INSERT INTO delivered (id, conversation) VALUES ('opener', 'ws-1'), ('plain', NULL)";
        connection.execute_batch(sql).unwrap();
        FORM.migrate(&connection).unwrap();
        for id in ["opener", "plain"] {
            assert!(records::is_known(&connection, id).unwrap());
            assert_eq!(records::user_of(&connection, id).unwrap(), RecordUser::Unknown);
            assert_eq!(openings::ahead(&connection, id).unwrap(), Ahead::Unknown);
        }
    }

    /// When this fails, older files exist: add a step instead of changing one.
    #[test]
    fn the_stored_form_is_the_one_that_was_released() {
        insta::assert_snapshot!(FORM.stored());
    }
}
