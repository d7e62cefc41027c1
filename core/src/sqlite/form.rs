//! The form of a file: the program that it belongs to, and the migration steps from an empty file to its schema.

use rusqlite::{Connection, Result};

/// `twob` in ASCII: distinguishes an outbox from any other SQLite file.
pub(crate) const OUTBOX_ID: i64 = 0x7477_6f62;

/// `twst` in ASCII: the embedded store.
pub(crate) const STORE_ID: i64 = 0x7477_7374;

/// The form of a kind of file.
///
/// The `user_version` of a file is the number of steps applied to it. A released step is never changed: a change of the
/// schema is a new step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// The kind in messages, such as "an outbox".
    pub(crate) name: &'static str,
    /// The `application_id` of such a file.
    pub(crate) id: i64,
    /// SQL, in order.
    pub(crate) steps: &'static [&'static str],
}

/// The reason why this version cannot use an undamaged file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Foreign {
    /// The file belongs to another program.
    #[error("the file is another program's database: name another path")]
    OtherProgram,
    /// The file is of the library's other kind.
    #[error(
        "the file is {found}, and not {wanted}: each needs a file of its own, so name another path"
    )]
    OtherKind { found: &'static str, wanted: &'static str },
    /// More steps were applied to the file than this version knows.
    #[error(
        "the file has form {steps}, of a later version of turnwire; this one knows up to {known}: update turnwire, or \
         name another path"
    )]
    Newer { steps: i64, known: usize },
}

impl Form {
    /// The reason why a file with another `application_id` cannot be used.
    pub(super) fn stranger(&self, id: i64) -> Foreign {
        let found = match id {
            OUTBOX_ID => "an outbox of turnwire",
            STORE_ID => "a store of turnwire",
            _ => return Foreign::OtherProgram,
        };
        Foreign::OtherKind { found, wanted: self.name }
    }

    /// Checks that this version can use the file.
    pub(super) fn check(&self, connection: &Connection) -> Result<Option<Foreign>> {
        // In one transaction: a new file that another process is migrating appears either empty or complete.
        let look = connection.unchecked_transaction()?;
        let id: i64 = pragma(&look, "application_id")?;
        let steps: i64 = pragma(&look, "user_version")?;
        let tables: i64 =
            look.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        look.finish()?;
        Ok(match () {
            () if id != self.id && (id != 0 || tables > 0) => Some(self.stranger(id)),
            () if steps > self.steps.len() as i64 => {
                Some(Foreign::Newer { steps, known: self.steps.len() })
            }
            () => None,
        })
    }

    /// Applies the missing steps. Two processes may do so at the same time: the second finds none missing.
    pub(crate) fn migrate(&self, connection: &Connection) -> Result<()> {
        if pragma(connection, "user_version")? == self.steps.len() as i64 {
            return Ok(());
        }
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let taken = (|| {
            let steps: i64 = pragma(connection, "user_version")?;
            if steps >= self.steps.len() as i64 {
                return Ok(());
            }
            for step in self.steps.iter().skip(steps.try_into().unwrap_or(0)) {
                connection.execute_batch(step)?;
            }
            connection.pragma_update(None, "application_id", self.id)?;
            connection.pragma_update(None, "user_version", self.steps.len() as i64)
        })();
        connection.execute_batch(if taken.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        taken
    }

    /// The stored form as SQLite keeps it, for snapshots.
    #[cfg(test)]
    pub(crate) fn stored(&self) -> String {
        let connection = Connection::open_in_memory().unwrap();
        self.migrate(&connection).unwrap();
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
        format!("user_version {version}\n{}", sql.join("\n"))
    }
}

fn pragma(connection: &Connection, name: &str) -> Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form {
        name: "an outbox",
        id: OUTBOX_ID,
        steps: &[
            "CREATE TABLE one (n INTEGER); INSERT INTO one VALUES (0);",
            "CREATE TABLE two (n INTEGER);",
        ],
    };

    #[test]
    fn steps_are_taken_once() {
        let connection = Connection::open_in_memory().unwrap();
        FORM.migrate(&connection).unwrap();
        connection.execute("UPDATE one SET n = 7", []).unwrap();
        FORM.migrate(&connection).unwrap();
        let n: i64 = connection.query_row("SELECT n FROM one", [], |row| row.get(0)).unwrap();
        assert_eq!((n, FORM.check(&connection).unwrap()), (7, None));
    }

    #[test]
    fn a_file_of_an_older_version_gets_the_missing_steps() {
        let connection = Connection::open_in_memory().unwrap();
        Form { steps: &FORM.steps[..1], ..FORM }.migrate(&connection).unwrap();
        FORM.migrate(&connection).unwrap();
        assert_eq!(pragma(&connection, "user_version").unwrap(), 2);
        connection.execute("INSERT INTO two VALUES (1)", []).unwrap();
    }

    #[test]
    fn files_of_other_programs_other_kinds_and_later_versions_are_told() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(FORM.check(&connection).unwrap(), None);
        connection.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
        assert_eq!(FORM.check(&connection).unwrap(), Some(Foreign::OtherProgram));

        let connection = Connection::open_in_memory().unwrap();
        FORM.migrate(&connection).unwrap();
        let store = Form { name: "a store", id: STORE_ID, ..FORM };
        let other = Foreign::OtherKind { found: "an outbox of turnwire", wanted: "a store" };
        assert_eq!(store.check(&connection).unwrap(), Some(other));
        connection.pragma_update(None, "user_version", 99).unwrap();
        let newer = Foreign::Newer { steps: 99, known: 2 };
        assert_eq!(FORM.check(&connection).unwrap(), Some(newer));
    }
}
