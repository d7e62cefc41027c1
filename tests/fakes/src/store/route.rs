//! Which call of the store a request is.

use crate::request::{Request, percent_decoded};

/// A call of the store, with what its path tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Save,
    Count,
    CreateWorkspace,
    StartSession,
    History {
        workspace: String,
    },
    Workspaces {
        user: String,
    },
    /// Of an older store.
    NewestWorkspace {
        user: String,
    },
    Session {
        workspace: String,
    },
    UpdateStatus,
    Reissue,
    /// Of an older store.
    Refresh,
}

impl Route {
    /// The call that the request makes; `None` if the store has no such call.
    pub(crate) fn of(request: &Request, older: bool) -> Option<Self> {
        let path: Vec<String> =
            request.path.trim_start_matches('/').split('/').map(percent_decoded).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let route = match (request.method.as_str(), &*path) {
            ("POST", ["api", "chat", "save"]) => Self::Save,
            ("PATCH", ["api", "session", "update-messages"]) => Self::Count,
            ("POST", ["api", "workspace", "create"]) => Self::CreateWorkspace,
            ("POST", ["api", "session", "start"]) => Self::StartSession,
            ("GET", ["api", "chat", "history", id]) => Self::History { workspace: (*id).into() },
            ("GET", ["api", "workspace", user, "status"]) if !older => {
                Self::Workspaces { user: (*user).into() }
            }
            ("GET", ["api", "workspace", user]) if older => {
                Self::NewestWorkspace { user: (*user).into() }
            }
            ("GET", ["api", "session", id]) => Self::Session { workspace: (*id).into() },
            ("PATCH", ["api", "session", "update-status"]) => Self::UpdateStatus,
            ("POST", ["reissue"]) if !older => Self::Reissue,
            ("POST", ["api", "members", "refresh-token"]) if older => Self::Refresh,
            _ => return None,
        };
        Some(route)
    }

    /// The name under which scripts for the call are found.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Count => "update-messages",
            Self::CreateWorkspace => "create-workspace",
            Self::StartSession => "start-session",
            Self::History { .. } => "history",
            Self::Workspaces { .. } => "workspaces",
            Self::NewestWorkspace { .. } => "workspace",
            Self::Session { .. } => "session",
            Self::UpdateStatus => "update-status",
            Self::Reissue => "reissue",
            Self::Refresh => "refresh-token",
        }
    }
}
