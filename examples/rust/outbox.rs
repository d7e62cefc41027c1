//! Inspects an outbox's file: lists pending records and dead letters, and requeues a dead letter.
//!
//! ```sh
//! cargo run --release --example outbox --features outbox -- status --file var/outbox.db
//! ```

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, Parser, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};
use jiff::{Timestamp, ZonedDateTime};
use serde_json::{Value, json};
use turnwire::Outbox;
use turnwire::outbox::{DeadLetter, PendingRecord, Stats};
use turnwire_examples::terminal::{self, Failure, Output};

fn main() {
    let options = Options::parse();
    let mut out = Output::stdout();
    let ended = run(&options.command, &mut out);
    terminal::exit(out, ended)
}

fn run(command: &Command, out: &mut Output) -> Result<(), Failure> {
    let place = command.place();
    let outbox = open(&place.file)?;
    let stats = outbox.stats();
    for damaged in &stats.set_aside {
        terminal::say(&format!("the file was damaged: it is kept as {}", damaged.display()));
    }
    match command {
        Command::Status(_) if place.json => out.json(&status_json(place, &stats).to_string()),
        Command::Status(_) => out.text(&format!("{}\n", status(place, &stats, &outbox.pending()?))),
        Command::Pending(_) => {
            let records = outbox.pending()?;
            let rows = records.iter().map(|record| (pending_json(record), pending_row(record)));
            let heads = ["id", "conversation", "state", "tries", "taken", "reason"];
            list(out, place, heads, rows, stats.pending)
        }
        Command::Dead(_) => {
            let letters = outbox.dead_letters()?;
            let rows = letters.iter().map(|letter| (dead_json(letter), dead_row(letter)));
            let heads = ["id", "conversation", "tries", "taken", "given up", "reason"];
            list(out, place, heads, rows, stats.dead)
        }
        Command::Requeue { id, .. } => match outbox.requeue(id)? {
            true => done(out, place, id, "queued again"),
            false => Err(unknown(id, "dead letter", "dead")),
        },
        Command::Discard { id, .. } => match outbox.discard(id)? {
            true => done(out, place, id, "discarded"),
            false => Err(unknown(id, "dead letter, nor a record that waits", "dead` and `pending")),
        },
    }
}

/// Opens an existing outbox: inspecting must not create one.
fn open(file: &Path) -> Result<Outbox, Failure> {
    if !file.exists() {
        let why = format!("{} is not there; --file says where it is", file.display());
        return Err(Failure::Local("no outbox", Error::new(ErrorKind::NotFound, why)));
    }
    // The library would make an outbox of it. One that another process creates now has a log beside it.
    let log =
        file.with_file_name(format!("{}-wal", file.file_name().unwrap_or_default().display()));
    if fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() == 0) && !log.exists() {
        let why = format!("{} is empty; --file says where the outbox is", file.display());
        return Err(Failure::Local("no outbox", Error::new(ErrorKind::InvalidData, why)));
    }
    Ok(Outbox::open(file)?)
}

fn unknown(id: &str, what: &str, lists: &str) -> Failure {
    let why = format!("`{id}` is no {what}; `{lists}` lists them");
    Failure::Local("nothing was changed", Error::new(ErrorKind::NotFound, why))
}

fn done(out: &mut Output, place: &Place, id: &str, what: &str) -> Result<(), Failure> {
    match place.json {
        true => out.json(&json!({"id": id, "result": what}).to_string()),
        false => out.text(&format!("{id}: {what}\n")),
    }
}

fn status(place: &Place, stats: &Stats, pending: &[PendingRecord]) -> Table {
    let mut table = table(["outbox", &place.file.display().to_string()]);
    table.add_row(["pending", &stats.pending.to_string()]);
    table.add_row(["  of them held", &stats.held.to_string()]);
    if let Some(oldest) = pending.iter().map(|record| record.accepted_at).min() {
        table.add_row(["  the oldest taken", &local(oldest)]);
    }
    table.add_row(["dead letters", &stats.dead.to_string()]);
    if let Some(error) = &stats.storage_error {
        table.add_row(["trouble", error]);
    }
    table
}

fn status_json(place: &Place, stats: &Stats) -> Value {
    json!({
        "file": place.file, "pending": stats.pending, "held": stats.held, "dead": stats.dead,
        "storageError": stats.storage_error, "setAside": stats.set_aside,
    })
}

fn pending_row(record: &PendingRecord) -> [String; 6] {
    let PendingRecord { id, conversation, attempts, accepted_at, reason, .. } = record;
    let state = record.state.as_str().to_owned();
    let reason = reason.clone().unwrap_or_default();
    [id.clone(), conversation.clone(), state, attempts.to_string(), local(*accepted_at), reason]
}

fn pending_json(record: &PendingRecord) -> Value {
    json!({
        "id": record.id, "conversation": record.conversation, "user": record.user,
        "state": record.state.as_str(), "attempts": record.attempts,
        "acceptedAt": utc(record.accepted_at), "reason": record.reason,
    })
}

fn dead_row(letter: &DeadLetter) -> [String; 6] {
    let DeadLetter { id, conversation, attempts, accepted_at, died_at, reason, .. } = letter;
    let (taken, given_up) = (local(*accepted_at), local(*died_at));
    [id.clone(), conversation.clone(), attempts.to_string(), taken, given_up, reason.clone()]
}

fn dead_json(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id, "conversation": letter.conversation, "user": letter.user,
        "payload": letter.payload, "attempts": letter.attempts, "reason": letter.reason,
        "acceptedAt": utc(letter.accepted_at), "diedAt": utc(letter.died_at),
    })
}

/// Prints a line of JSON for each, or one table, and the number of records that are not shown.
fn list(
    out: &mut Output,
    place: &Place,
    heads: [&str; 6],
    rows: impl Iterator<Item = (Value, [String; 6])>,
    all: u64,
) -> Result<(), Failure> {
    let mut table = table(heads);
    let mut shown = 0;
    for (json, row) in rows {
        shown += 1;
        match place.json {
            true => out.json(&json.to_string())?,
            false => drop(table.add_row(row)),
        }
    }
    if !place.json {
        let text = if shown == 0 { "none".to_owned() } else { table.to_string() };
        out.text(&format!("{text}\n"))?;
    }
    match all.saturating_sub(shown) {
        0 => Ok(()),
        more => {
            terminal::say(&format!("and {more} more"));
            Ok(())
        }
    }
}

fn table<'a>(heads: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(heads);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn utc(time: SystemTime) -> Option<String> {
    Timestamp::try_from(time).ok().map(|time| time.to_string())
}

fn local(time: SystemTime) -> String {
    ZonedDateTime::try_from(time)
        .map_or_else(|_| "?".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Inspects an outbox's file: lists pending records and dead letters, and requeues a dead letter.
///
/// Processes that use the file may continue meanwhile.
#[derive(Parser)]
#[command(name = "outbox")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Counts pending records and dead letters
    Status(Place),
    /// Lists pending records, oldest first
    Pending(Place),
    /// Lists dead letters with their reasons
    Dead(Place),
    /// Requeues a dead letter, behind all other records of its conversation
    Requeue {
        /// The dead letter
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Deletes a dead letter or a pending record
    Discard {
        /// The dead letter or record
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

impl Command {
    fn place(&self) -> &Place {
        match self {
            Command::Status(place) | Command::Pending(place) | Command::Dead(place) => place,
            Command::Requeue { place, .. } | Command::Discard { place, .. } => place,
        }
    }
}

#[derive(Args)]
struct Place {
    /// The outbox's file
    #[arg(long, value_name = "FILE", default_value = "var/outbox.db")]
    file: PathBuf,

    /// Show JSON, one object per line, instead of tables
    #[arg(long)]
    json: bool,
}
