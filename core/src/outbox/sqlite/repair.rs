//! A damaged file is set aside under a name that says so, and as much of it as can be read is taken over.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, Result, Row};

use super::open::{FLAGS, OpenFault, beside, connect};
use super::place::PARTS;
use super::{Disk, Identity, Settings, identity, letters, openings, presence, records};
use crate::outbox::backend::{Fault, Fresh};
use crate::outbox::state::{Millis, Trial};

const PATIENCE: Duration = Duration::from_secs(5);
/// So many damaged files are set aside for one handle. More would fill the disk: something else is wrong.
const MOST_SET_ASIDE: usize = 8;
/// How long another process that repairs the file is waited for.
const REPAIR: Duration = Duration::from_secs(5);

/// Puts a new file in the place of the damaged one, unless another process has done so.
pub(super) fn replace(
    settings: &Settings,
    damaged: Identity,
    why: &str,
    set_aside: &mut Vec<PathBuf>,
) -> Result<Disk, OpenFault> {
    let path = &settings.path;
    if set_aside.len() >= MOST_SET_ASIDE {
        let why = format!("damaged again, after {MOST_SET_ASIDE} files were set aside: {why}");
        return Err(OpenFault::Now(Fault::Unusable(why)));
    }
    let failed = |error: std::io::Error| {
        let what = format!("a damaged file cannot be set aside: {error} ({why})");
        OpenFault::Now(Fault::Unusable(what))
    };
    let _alone = alone(&settings.presence_directory()).map_err(failed)?;
    if damaged.is_some() && identity(path) != damaged {
        // Another process was here first.
        return Disk::on(connect(settings, PATIENCE)?, settings);
    }
    let aside = free_name(path);
    for part in PARTS {
        match fs::rename(beside(path, part), beside(&aside, part)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
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
    presence::private(options.create_new(true).write(true)).open(path).map_err(failed)?;
    let mut disk = Disk::on(connect(settings, PATIENCE)?, settings)?;
    let saved = match Connection::open_with_flags(&aside, FLAGS) {
        Ok(old) => disk.salvage(&old).map_err(OpenFault::Now)?,
        Err(_) => 0,
    };
    tracing::warn!(records = saved, "records were taken over from the damaged outbox");
    Ok(disk)
}

impl Disk {
    /// Takes over what can be read of another file; says how many records it was.
    pub(super) fn salvage(&mut self, old: &Connection) -> Result<usize, Fault> {
        let now = now();
        self.write(|connection| {
            let mut saved = 0;
            let delivered =
                |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?));
            for (id, opened) in rows(old, "delivered", &delivered)? {
                records::remember(connection, &id, opened.as_deref(), usize::MAX)?;
            }
            for row in rows(old, "dead", &letters::dead_row)? {
                letters::insert_dead(connection, &row)?;
                saved += 1;
            }
            // Last: they may wait behind the others.
            for row in rows(old, "record", &pending_row)? {
                saved += usize::from(records::insert(
                    connection,
                    &row,
                    records::ANYBODY,
                    row.trial.accepted_at,
                    now,
                )?);
            }
            Ok(saved)
        })
    }
}

/// All rows of a table that can be read: from the front up to the damage, and from the back down to it.
fn rows<T>(old: &Connection, table: &str, read: &dyn Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    let columns = match table {
        "record" => {
            "id, conversation, user, payload, is_held, accepted_at, attempts, strikes, mark, opening, seq"
        }
        "dead" => {
            "id, conversation, user, payload, accepted_at, attempts, died_at, reason, opening, seq"
        }
        _ => "id, conversation, seq",
    };
    // A file of an older form has no such columns.
    let older =
        columns.replace("opening", "NULL").replace("id, conversation, seq", "id, NULL, seq");
    let mut found = std::collections::BTreeMap::new();
    for order in ["ASC", "DESC"] {
        // Not by an index: it may be the damaged part.
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

fn pending_row(row: &Row<'_>) -> Result<Fresh> {
    let opening = openings::read(row, 9)?;
    Ok(Fresh {
        id: row.get(0)?,
        conversation: row.get(1)?,
        user: row.get(2)?,
        payload: row.get(3)?,
        // One that says how to go on is held by its process, which this may not be any more.
        is_held: row.get::<_, bool>(4)? && opening.is_none(),
        has_tokens: false,
        trial: Trial {
            accepted_at: row.get(5)?,
            attempts: row.get(6)?,
            strikes: row.get(7)?,
            mark: row.get(8)?,
        },
        opening,
    })
}

/// Only one process repairs at a time.
fn alone(directory: &Path) -> std::io::Result<File> {
    presence::private_directory(directory)?;
    let mut options = OpenOptions::new();
    let file =
        presence::private(options.create(true).append(true)).open(directory.join("repair"))?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(error)) => return Err(error),
            Err(fs::TryLockError::WouldBlock) if since.elapsed() >= REPAIR => {
                let why = "another process has been repairing the file for too long";
                return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, why));
            }
            Err(fs::TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Renames a file, if it still lies there. What is read of it from now on is read by those who have it open.
pub(super) fn set_file_aside(
    settings: &Settings,
    file: Identity,
) -> std::io::Result<Option<PathBuf>> {
    let _alone = alone(&settings.presence_directory())?;
    if identity(&settings.path) != file {
        return Ok(None);
    }
    let aside = free_name(&settings.path);
    fs::rename(&settings.path, &aside).map(|()| Some(aside))
}

/// Renames a log whose database is gone.
pub(super) fn set_orphans_aside(settings: &Settings) -> std::io::Result<()> {
    let _alone = alone(&settings.presence_directory())?;
    if settings.path.exists() {
        return Ok(());
    }
    rename_log(&settings.path, |_| true)
}

/// Renames the log that had these identities, if it still lies there.
pub(super) fn set_log_aside(settings: &Settings, log: [Identity; 2]) -> std::io::Result<()> {
    let _alone = alone(&settings.presence_directory())?;
    rename_log(&settings.path, |found| found.is_some() && log.contains(&found))
}

fn rename_log(path: &Path, is_meant: impl Fn(Identity) -> bool) -> std::io::Result<()> {
    let aside = free_name(path);
    for part in PARTS.iter().skip(1) {
        let from = beside(path, part);
        if from.exists() && is_meant(identity(&from)) {
            fs::rename(from, beside(&aside, part))?;
        }
    }
    Ok(())
}

fn free_name(path: &Path) -> PathBuf {
    let seconds = now() / 1000;
    let names = (0..).map(|n| match n {
        0 => beside(path, &format!(".damaged-{seconds}")),
        n => beside(path, &format!(".damaged-{seconds}-{n}")),
    });
    let is_free = |name: &PathBuf| PARTS.iter().all(|part| !beside(name, part).exists());
    let mut free = names.into_iter().filter(is_free);
    // There are more names than files.
    free.next().unwrap_or_else(|| beside(path, ".damaged"))
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}
