//! The statements about messages. Each does one thing inside its caller's transaction.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::workspaces;
use crate::conversation::StoreMessage;

const COLUMNS: &str = "id, role, content, sent_at, sender_id, parent_id, type, workspace_id";

/// The place of a message among those of its moment, as in [`conversation::sort`](crate::conversation::sort): 0 for a reply to
/// an earlier message, 1 for any other.
const IN_MOMENT: &str = "(role <> 'AI' OR parent_id IS NULL OR EXISTS (SELECT 1 FROM message AS asked WHERE asked.user_id = message.user_id
    AND asked.id = message.parent_id AND asked.workspace_id = message.workspace_id AND asked.sent_at = message.sent_at))";

/// A part of a workspace's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The messages, the earliest first.
    pub messages: Vec<StoreMessage>,
    /// The place of the page before this one; `None` at the beginning of the history.
    pub before: Option<String>,
}

/// Inserts a message, or replaces the user's message with its id; `false` if the user does not have its workspace.
pub(super) fn save(connection: &Connection, user: &str, message: &StoreMessage) -> Result<bool> {
    if !workspaces::touch(connection, user, &message.workspace_id)? {
        return Ok(false);
    }
    let sql = format!(
        "INSERT INTO message ({COLUMNS}, user_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (user_id, id) DO UPDATE SET role = excluded.role, content = excluded.content,
         sent_at = excluded.sent_at, sender_id = excluded.sender_id, parent_id = excluded.parent_id,
         type = excluded.type, workspace_id = excluded.workspace_id"
    );
    let StoreMessage { id, role, content, sent_at, sender_id, parent_id, kind, workspace_id } =
        message;
    let (role, kind) = (role.as_str(), kind.as_str());
    connection.prepare_cached(&sql)?.execute(params![
        id,
        role,
        content,
        sent_at,
        sender_id,
        parent_id,
        kind,
        workspace_id,
        user
    ])?;
    Ok(true)
}

/// The statement that reads a page, the latest message first. Its parameters: the workspace, the place before which it ends, and
/// the most messages.
pub(super) fn latest_before() -> String {
    format!(
        "SELECT {COLUMNS} FROM message
         WHERE workspace_id = ?1 AND sent_at <= ?2 AND (sent_at, {IN_MOMENT}, seq) < (?2, ?3, ?4)
         ORDER BY sent_at DESC, {IN_MOMENT} DESC, seq DESC LIMIT ?5"
    )
}

/// The latest messages of a workspace, or those before one of them, the earliest first. `None` if the user does not have
/// the workspace, or it does not have that message.
pub(super) fn page(
    connection: &Connection,
    user: &str,
    workspace: &str,
    before: Option<&str>,
    limit: usize,
) -> Result<Option<Vec<StoreMessage>>> {
    if !workspaces::is_of(connection, user, workspace)? {
        return Ok(None);
    }
    let end = match before {
        None => (i64::MAX, 1, i64::MAX),
        Some(id) => {
            let sql = format!(
                "SELECT sent_at, {IN_MOMENT}, seq FROM message WHERE user_id = ?1 AND id = ?2 AND workspace_id = ?3"
            );
            let mut end = connection.prepare_cached(&sql)?;
            let place = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let end = end.query_row([user, id, workspace], place);
            match end.optional()? {
                Some(end) => end,
                None => return Ok(None),
            }
        }
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = connection.prepare_cached(&latest_before())?;
    let rows = rows.query_map(params![workspace, end.0, end.1, end.2, limit], message)?;
    let mut messages = rows.collect::<Result<Vec<_>>>()?;
    messages.reverse();
    Ok(Some(messages))
}

/// The workspace of the user's message with this id, if there is one.
pub(super) fn workspace_of(
    connection: &Connection,
    user: &str,
    id: &str,
) -> Result<Option<String>> {
    let sql = "SELECT workspace_id FROM message WHERE user_id = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.query_row([user, id], |row| row.get(0)).optional()
}

/// The times of a workspace's messages, in order; `None` if the user does not have it.
pub(super) fn times(
    connection: &Connection,
    user: &str,
    workspace: &str,
) -> Result<Option<Vec<i64>>> {
    if !workspaces::is_of(connection, user, workspace)? {
        return Ok(None);
    }
    let sql = "SELECT sent_at FROM message WHERE workspace_id = ?1 ORDER BY sent_at";
    connection
        .prepare_cached(sql)?
        .query_map([workspace], |row| row.get(0))?
        .collect::<Result<_>>()
        .map(Some)
}

fn message(row: &Row<'_>) -> Result<StoreMessage> {
    Ok(StoreMessage {
        id: row.get(0)?,
        role: row.get::<_, String>(1)?.as_str().into(),
        content: row.get(2)?,
        sent_at: row.get(3)?,
        sender_id: row.get(4)?,
        parent_id: row.get(5)?,
        kind: row.get::<_, String>(6)?.as_str().into(),
        workspace_id: row.get(7)?,
    })
}
