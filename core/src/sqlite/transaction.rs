//! Reads and writes on a connection: one transaction per write, and per read of several statements.

use rusqlite::{Connection, Result};

use super::fault::Fault;
use super::faults::{fault, forked};
use super::fork;

/// Runs queries on a connection, each of which sees the latest state.
pub(crate) fn read<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T, Fault> {
    let Some(_call) = fork::call() else { return Err(forked()) };
    act(connection).map_err(fault)
}

/// Runs queries on a connection, all of which see the same state.
pub(crate) fn snapshot<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T, Fault> {
    transact(connection, "BEGIN DEFERRED", act)
}

/// Runs a transaction, and commits it unless `act` fails. It is immediate, so that it never has to roll back halfway
/// because of another writer.
pub(crate) fn write<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T, Fault> {
    transact(connection, "BEGIN IMMEDIATE", act)
}

fn transact<T>(
    connection: &Connection,
    begin: &str,
    act: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T, Fault> {
    let Some(_call) = fork::call() else { return Err(forked()) };
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    if !connection.is_autocommit() {
        // A panic has left a transaction open.
        run("ROLLBACK").map_err(fault)?;
    }
    run(begin).map_err(fault)?;
    let acted = act(connection).and_then(|value| run("COMMIT").map(|_| value));
    if acted.is_err() && !connection.is_autocommit() {
        // The failed transaction ends either way: SQLite rolls back by itself if this fails.
        let _ = run("ROLLBACK");
    }
    acted.map_err(fault)
}
