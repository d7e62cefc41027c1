//! The statements about workspaces. Each does one thing inside its caller's transaction.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::conversation::{Workspace, WorkspaceStatus};
use crate::process::new_id;

const COLUMNS: &str = "id, user_id, name, created_at, updated_at";

/// Creates a workspace, or returns the one that this message has opened.
pub(super) fn create(
    connection: &Connection,
    user: &str,
    name: &str,
    opened_by: Option<&str>,
) -> Result<Workspace> {
    let sql = format!("SELECT {COLUMNS} FROM workspace WHERE user_id = ?1 AND opened_by = ?2");
    let known = connection.prepare_cached(&sql)?.query_row(params![user, opened_by], workspace);
    if let Some(known) = known.optional()? {
        return Ok(known);
    }
    let sql = format!(
        "INSERT INTO workspace ({COLUMNS}, opened_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING {COLUMNS}"
    );
    let (id, updated_at) = (new_id().to_string(), next_update(connection, user)?);
    connection
        .prepare_cached(&sql)?
        .query_row(params![id, user, name, now(), updated_at, opened_by], workspace)
}

/// A user's workspaces, the last used first.
pub(super) fn of_user(connection: &Connection, user: &str) -> Result<Vec<Workspace>> {
    let sql =
        format!("SELECT {COLUMNS} FROM workspace WHERE user_id = ?1 ORDER BY updated_at DESC");
    connection.prepare_cached(&sql)?.query_map([user], workspace)?.collect()
}

/// Returns true if the user has this workspace.
pub(super) fn is_of(connection: &Connection, user: &str, id: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM workspace WHERE id = ?1 AND user_id = ?2)";
    connection.prepare_cached(sql)?.query_row([id, user], |row| row.get(0))
}

/// Renames a workspace; `None` if the user does not have it.
pub(super) fn rename(
    connection: &Connection,
    user: &str,
    id: &str,
    name: &str,
) -> Result<Option<Workspace>> {
    let sql = format!(
        "UPDATE workspace SET name = ?3, updated_at = ?4 WHERE id = ?1 AND user_id = ?2 RETURNING {COLUMNS}"
    );
    let updated_at = next_update(connection, user)?;
    let mut update = connection.prepare_cached(&sql)?;
    update.query_row(params![id, user, name, updated_at], workspace).optional()
}

/// Marks a workspace as the last used; `false` if the user does not have it.
pub(super) fn touch(connection: &Connection, user: &str, id: &str) -> Result<bool> {
    let sql = "UPDATE workspace SET updated_at = ?3 WHERE id = ?1 AND user_id = ?2";
    let updated_at = next_update(connection, user)?;
    Ok(connection.prepare_cached(sql)?.execute(params![id, user, updated_at])? == 1)
}

/// Deletes a workspace and its messages; `false` if the user does not have it.
pub(super) fn delete(connection: &Connection, user: &str, id: &str) -> Result<bool> {
    let sql = "DELETE FROM workspace WHERE id = ?1 AND user_id = ?2";
    let is_deleted = connection.prepare_cached(sql)?.execute([id, user])? == 1;
    if is_deleted {
        let sql = "DELETE FROM message WHERE workspace_id = ?1";
        connection.prepare_cached(sql)?.execute([id])?;
    }
    Ok(is_deleted)
}

fn workspace(row: &Row<'_>) -> Result<Workspace> {
    Ok(Workspace {
        id: row.get(0)?,
        user_id: row.get(1)?,
        name: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        deleted_at: None,
        status: Some(WorkspaceStatus::Active),
    })
}

/// The time of a change: now, and later than every other change of the user, so that a clock that is set back or stands
/// still leaves the order intact.
fn next_update(connection: &Connection, user: &str) -> Result<i64> {
    let sql = "SELECT max(updated_at) FROM workspace WHERE user_id = ?1";
    let last: Option<i64> = connection.prepare_cached(sql)?.query_row([user], |row| row.get(0))?;
    Ok(last.map_or(i64::MIN, |last| last.saturating_add(1)).max(now()))
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
