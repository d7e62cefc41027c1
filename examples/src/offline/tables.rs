//! What the offline store holds, and what it does not take.

use serde_json::{Value, json};

use super::wire::token;

/// The longest text of a message, and the longest name of a workspace, in code points.
const LONGEST_TEXT: usize = 2000;
const LONGEST_NAME: usize = 100;

/// The rows, as the store tells them.
#[derive(Debug, Default)]
pub(super) struct Tables {
    messages: Vec<Value>,
    workspaces: Vec<Value>,
    sessions: Vec<Value>,
}

/// Why something is not taken.
#[derive(Debug, PartialEq)]
pub(super) struct Refused {
    /// Whether the call itself is wrong; else the database does not take it.
    pub(super) is_invalid: bool,
    pub(super) why: String,
}

impl Refused {
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Refused { is_invalid: true, why: why.into() }
    }

    fn database(why: impl Into<String>) -> Self {
        Refused { is_invalid: false, why: why.into() }
    }
}

impl Tables {
    /// Inserts a message, or replaces the one of its id.
    pub(super) fn save(&mut self, message: &Value) -> Result<(), Refused> {
        let text = |name: &str| match message[name].as_str() {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(Refused::invalid(format!("{name}: must not be blank"))),
        };
        let (id, workspace) = (text("msgId")?, text("msgWorkspaceId")?);
        text("msgSenderUUID")?;
        if !["USER", "AI"].contains(&text("msgSenderRole")?) {
            return Err(Refused::invalid("msgSenderRole: must be USER or AI"));
        }
        if !["T", "V"].contains(&text("msgType")?) {
            return Err(Refused::invalid("msgType: must be T or V"));
        }
        if !(message["msgSentAt"].is_u64() || message["msgSentAt"].is_string()) {
            return Err(Refused::invalid("msgSentAt: must be a time"));
        }
        if text("msgContent")?.chars().count() > LONGEST_TEXT {
            return Err(Refused::database("Data too long for column 'msg_content'"));
        }
        self.know(workspace)?;
        match self.messages.iter_mut().find(|row| row["msgId"] == id) {
            Some(row) => *row = message.clone(),
            None => self.messages.push(message.clone()),
        }
        Ok(())
    }

    /// The messages of a workspace, the last one first: the protocol promises no order.
    pub(super) fn history(&self, workspace: &str) -> Vec<Value> {
        let rows = self.messages.iter().rev();
        rows.filter(|row| row["msgWorkspaceId"] == workspace).cloned().collect()
    }

    pub(super) fn create_workspace(
        &mut self,
        user: &str,
        name: &str,
        now: u64,
    ) -> Result<Value, Refused> {
        if name.chars().count() > LONGEST_NAME {
            return Err(Refused::database("Data too long for column 'workspace_name'"));
        }
        let workspace = json!({
            "workspaceId": format!("ws-{}", token(12)),
            "workspaceName": name,
            "workspaceCreatedAt": now,
            "workspaceUpdatedAt": now,
            "workspaceDeletedAt": null,
            "workspaceMemUuid": user,
            "workspaceStatus": "ACTIVE",
        });
        self.workspaces.push(workspace.clone());
        Ok(workspace)
    }

    /// A page of a user's workspaces.
    pub(super) fn workspaces(
        &self,
        user: &str,
        status: &str,
        offset: usize,
        size: usize,
    ) -> Vec<Value> {
        let rows = self.workspaces.iter();
        let rows =
            rows.filter(|row| row["workspaceMemUuid"] == user && row["workspaceStatus"] == status);
        rows.skip(offset).take(size).cloned().collect()
    }

    /// Starts a session, in place of the one that is active.
    pub(super) fn start_session(&mut self, workspace: &str, user: &str) -> Result<Value, Refused> {
        self.know(workspace)?;
        self.sessions.retain(|row| row["sessionWorkspaceId"] != workspace);
        let session = json!({
            "sessionId": format!("session-{}", token(12)),
            "sessionWorkspaceId": workspace,
            "sessionMemUUID": user,
            "sessionStatus": "ACTIVE",
            "sessionMessageCount": 0,
        });
        self.sessions.push(session.clone());
        Ok(session)
    }

    pub(super) fn count_message(&mut self, workspace: &str) -> Result<(), Refused> {
        let session = self.sessions.iter_mut().find(|row| row["sessionWorkspaceId"] == workspace);
        let session = session.ok_or_else(|| Refused::database("There is no active session"))?;
        let count = session["sessionMessageCount"].as_u64().unwrap_or_default();
        session["sessionMessageCount"] = (count + 1).into();
        Ok(())
    }

    pub(super) fn active_session(&self, workspace: &str) -> Option<Value> {
        self.sessions.iter().find(|row| row["sessionWorkspaceId"] == workspace).cloned()
    }

    fn know(&self, workspace: &str) -> Result<(), Refused> {
        match self.workspaces.iter().any(|row| row["workspaceId"] == workspace) {
            true => Ok(()),
            false => Err(Refused::database(format!("There is no workspace {workspace}"))),
        }
    }
}
