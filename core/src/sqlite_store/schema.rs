//! The schema of a store's file.

use crate::sqlite::{Form, STORE_ID};

/// The form of a store.
pub(super) const FORM: Form = Form { name: "a store", id: STORE_ID, steps: STEPS };

const STEPS: &[&str] = &["
    -- The conversations. Times are milliseconds since 1970.
    CREATE TABLE workspace (
        id TEXT PRIMARY KEY,
        user_id TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        -- The last change: a message, or a new name. No two workspaces of a user have the same.
        updated_at INTEGER NOT NULL,
        -- The message that opened it, by which a repeated creation finds it.
        opened_by TEXT,
        UNIQUE (user_id, opened_by)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX workspace_latest ON workspace (user_id, updated_at);

    CREATE TABLE message (
        -- The order of the messages of one moment.
        seq INTEGER PRIMARY KEY,
        user_id TEXT NOT NULL,
        id TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        sender_id TEXT NOT NULL,
        parent_id TEXT,
        type TEXT NOT NULL,
        UNIQUE (user_id, id)
    ) STRICT;
    CREATE INDEX message_order ON message (workspace_id, sent_at, seq);
"];

#[cfg(test)]
mod tests {
    use super::*;

    /// When this fails, older files exist: add a step instead of changing one.
    #[test]
    fn the_stored_form_is_the_one_that_was_released() {
        insta::assert_snapshot!(FORM.stored());
    }
}
