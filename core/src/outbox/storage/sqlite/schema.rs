//! The schema: its migration steps from an empty file to the form that this version reads and writes.
//!
//! The `user_version` of a file is the number of steps applied to it. A released step is never changed: a change of the
//! schema is a new step.

use rusqlite::{Connection, Result};

/// `twob` in ASCII: distinguishes an outbox from any other SQLite file.
pub(super) const APPLICATION_ID: i64 = 0x7477_6f62;

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
"];

/// The reason why this version cannot use an undamaged file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Foreign {
    /// The file belongs to another program.
    #[error("the file is another program's database: name another path")]
    OtherProgram,
    /// More steps were applied to the file than this version knows.
    #[error(
        "the file has form {steps}, of a later version of turnwire; this one knows up to {known}: update turnwire, or \
         name another path"
    )]
    Newer { steps: i64, known: usize },
}

/// Checks that this version can use the file.
pub(super) fn check(connection: &Connection) -> Result<Option<Foreign>> {
    // In one transaction: a new file that another process is migrating appears either empty or complete.
    let look = connection.unchecked_transaction()?;
    let application: i64 = pragma(&look, "application_id")?;
    let steps: i64 = pragma(&look, "user_version")?;
    let tables: i64 = look.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    look.finish()?;
    Ok(match () {
        () if application != APPLICATION_ID && (application != 0 || tables > 0) => {
            Some(Foreign::OtherProgram)
        }
        () if steps > STEPS.len() as i64 => Some(Foreign::Newer { steps, known: STEPS.len() }),
        () => None,
    })
}

/// Applies the missing steps. Two processes may do so at the same time: the second finds none missing.
pub(super) fn migrate(connection: &Connection) -> Result<()> {
    if pragma(connection, "user_version")? == STEPS.len() as i64 {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let taken = (|| {
        let steps: i64 = pragma(connection, "user_version")?;
        if steps >= STEPS.len() as i64 {
            return Ok(());
        }
        for step in STEPS.iter().skip(steps.try_into().unwrap_or(0)) {
            connection.execute_batch(step)?;
        }
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", STEPS.len() as i64)
    })();
    connection.execute_batch(if taken.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    taken
}

pub(super) fn pragma(connection: &Connection, name: &str) -> Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored form as SQLite keeps it. When this fails, older files exist: add a step instead of changing one.
    #[test]
    fn the_stored_form_is_the_one_that_was_released() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let mut rows = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' ORDER BY name")
            .unwrap();
        let sql: Vec<String> = rows
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .map(|sql| {
                let sql = sql.unwrap();
                let code = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
                code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let version = pragma(&connection, "user_version").unwrap();
        insta::assert_snapshot!(format!("user_version {version}\n{}", sql.join("\n")));
    }

    #[test]
    fn steps_are_taken_once() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        connection.execute("UPDATE counter SET accepted = 7", []).unwrap();
        migrate(&connection).unwrap();
        let accepted: i64 =
            connection.query_row("SELECT accepted FROM counter", [], |row| row.get(0)).unwrap();
        assert_eq!((accepted, check(&connection).unwrap()), (7, None));
    }

    #[test]
    fn files_of_other_programs_and_of_later_versions_are_told() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(check(&connection).unwrap(), None);
        connection.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
        assert_eq!(check(&connection).unwrap(), Some(Foreign::OtherProgram));

        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let newer = Foreign::Newer { steps: 99, known: STEPS.len() };
        assert_eq!(check(&connection).unwrap(), Some(newer));
    }
}
