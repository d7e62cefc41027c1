//! The repair of a damaged file: it is renamed, and its readable records are imported into a new file.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, Result, Row};

use super::aside::{LABEL, alone, now};
use super::connect::connect;
use super::disk::Disk;
use super::schema::ANYBODY;
use super::settings::FileSettings;
use super::{letters, openings, records};
use crate::outbox::state::AttemptState;
use crate::outbox::storage::rows::{DeliveredRow, NewRecord};
use crate::sqlite::{
    FLAGS, Fault, Identity, OpenFault, PARTS, beside, free_name, identity, private,
};

const PATIENCE: Duration = Duration::from_secs(5);

/// The most damaged files that are set aside for one outbox. More would fill the disk: the cause lies elsewhere.
const MOST_SET_ASIDE: usize = 8;

/// Replaces the damaged file with a new one, unless another process has done so.
pub(super) fn replace(
    settings: &FileSettings,
    damaged: Identity,
    why: &str,
    set_aside: &mut Vec<PathBuf>,
) -> Result<Disk, OpenFault> {
    let path = &settings.path;
    if set_aside.len() >= MOST_SET_ASIDE {
        let why = format!("damaged again after {MOST_SET_ASIDE} files were set aside: {why}");
        return Err(Fault::Unusable(why).into());
    }
    let failed = |error: io::Error| {
        let what = format!("a damaged file cannot be set aside: {error} ({why})");
        OpenFault::from(Fault::Unusable(what))
    };
    let _alone = alone(&settings.owner_directory()).map_err(failed)?;
    if damaged.is_some() && identity(path) != damaged {
        // Another process has already replaced it.
        return Disk::on(connect(settings, PATIENCE)?, settings);
    }
    let aside = free_name(path, LABEL);
    for part in PARTS {
        match fs::rename(beside(path, part), beside(&aside, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    tracing::error!(
        file = %path.display(), set_aside = %aside.display(), why,
        "a damaged outbox was set aside"
    );
    set_aside.push(aside.clone());
    let mut options = OpenOptions::new();
    private(options.create_new(true).write(true)).open(path).map_err(failed)?;
    let mut disk = Disk::on(connect(settings, PATIENCE)?, settings)?;
    let saved = match Connection::open_with_flags(&aside, FLAGS) {
        Ok(old) => disk.salvage(&old)?,
        Err(_) => 0,
    };
    tracing::warn!(records = saved, "imported the records of the damaged outbox");
    Ok(disk)
}

impl Disk {
    /// Imports the readable records of another file, and returns their number.
    pub(super) fn salvage(&mut self, old: &Connection) -> Result<usize, Fault> {
        let now = now();
        self.write(|connection| {
            let mut saved = 0;
            for row in rows(old, "delivered", &delivered_row)? {
                records::remember(connection, &row, usize::MAX)?;
            }
            for row in rows(old, "dead", &letters::dead_row)? {
                letters::insert_dead(connection, &row)?;
                saved += 1;
            }
            // Last, because they may wait behind the others.
            for row in rows(old, "record", &pending_row)? {
                saved += usize::from(records::insert(
                    connection,
                    &row,
                    ANYBODY,
                    row.attempt.accepted_at,
                    now,
                )?);
            }
            Ok(saved)
        })
    }
}

/// The readable rows of a table: forwards up to the damage, and backwards down to it.
fn rows<T>(old: &Connection, table: &str, read: &dyn Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    let columns = match table {
        "record" => {
            "id, conversation, user, payload, is_held, accepted_at, attempts, strikes, mark, opening, seq"
        }
        "dead" => {
            "id, conversation, user, payload, accepted_at, attempts, died_at, reason, opening, seq"
        }
        _ => "id, conversation, user, seq",
    };
    // A file with an older schema lacks these columns.
    let older = columns
        .replace("opening", "NULL")
        .replace("id, conversation, user, seq", "id, NULL, NULL, seq");
    let mut found = std::collections::BTreeMap::new();
    for order in ["ASC", "DESC"] {
        // Not through an index, which may be the damaged part.
        let select = |columns: &str| {
            old.prepare(&format!("SELECT {columns} FROM {table} NOT INDEXED ORDER BY seq {order}"))
        };
        let Ok(mut statement) = select(columns).or_else(|_| select(&older)) else { continue };
        let Ok(mut rows) = statement.query([]) else { continue };
        while let Ok(Some(row)) = rows.next() {
            let seq = row.get::<_, i64>("seq");
            if let (Ok(seq), Ok(value)) = (seq, read(row)) {
                found.insert(seq, value);
            }
        }
    }
    Ok(found.into_values().collect())
}

fn delivered_row(row: &Row<'_>) -> Result<DeliveredRow> {
    Ok(DeliveredRow { id: row.get(0)?, conversation: row.get(1)?, user: row.get(2)? })
}

fn pending_row(row: &Row<'_>) -> Result<NewRecord> {
    let opening = openings::read(row, 9)?;
    Ok(NewRecord {
        id: row.get(0)?,
        conversation: row.get(1)?,
        user: row.get(2)?,
        payload: row.get(3)?,
        // A record with a plan is held only by its own process, which may not be this one.
        is_held: row.get::<_, bool>(4)? && opening.is_none(),
        has_tokens: false,
        attempt: AttemptState {
            accepted_at: row.get(5)?,
            failures: row.get(6)?,
            strikes: row.get(7)?,
            mark: row.get(8)?,
        },
        opening,
    })
}
