//! Where the store's calls are.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, ErrorKind, Result};

/// What stands as it is in a segment of a path (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The paths of the store's calls, below its URL. Braces stand for the id that a call is about.
///
/// ```
/// use turnwire::ChatStore;
/// use turnwire::store::StorePaths;
///
/// # fn main() -> turnwire::Result<()> {
/// let paths = StorePaths { save: "/v2/chat/save".into(), ..StorePaths::default() };
/// let store = ChatStore::builder("http://localhost:8888").paths(paths).build()?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePaths {
    /// `POST`: saves a message.
    pub save: String,
    /// `PATCH`: counts a saved message.
    pub update_messages: String,
    /// `POST`: creates a workspace.
    pub create_workspace: String,
    /// `POST`: starts a session.
    pub start_session: String,
    /// `GET`: the messages of a workspace, `{}`.
    pub history: String,
    /// `GET`: the workspaces of a user, `{}`.
    pub workspaces: String,
    /// `GET`: the active session of a workspace, `{}`.
    pub session: String,
    /// `PATCH`: sets the status of a session.
    pub update_status: String,
    /// `POST`: new tokens for stale ones.
    pub reissue: String,
    /// `GET`, in an older store: the workspace of a user, `{}`.
    pub workspace: String,
    /// `POST`, in an older store: new tokens for a refresh token.
    pub refresh_token: String,
}

impl Default for StorePaths {
    fn default() -> Self {
        StorePaths {
            save: "/api/chat/save".into(),
            update_messages: "/api/session/update-messages".into(),
            create_workspace: "/api/workspace/create".into(),
            start_session: "/api/session/start".into(),
            history: "/api/chat/history/{}".into(),
            workspaces: "/api/workspace/{}/status".into(),
            session: "/api/session/{}".into(),
            update_status: "/api/session/update-status".into(),
            reissue: "/reissue".into(),
            workspace: "/api/workspace/{}".into(),
            refresh_token: "/api/members/refresh-token".into(),
        }
    }
}

/// A path with the id in its place.
pub(super) fn filled(path: &str, id: &str, operation: &'static str) -> Result<String> {
    // Dots alone would lead to another path, and an empty id to the path of another call.
    if matches!(id.trim(), "" | "." | "..") {
        let why = format!("{id:?} is no id");
        return Err(Error::new(ErrorKind::InvalidRequest, operation, why));
    }
    Ok(path.replace("{}", &utf8_percent_encode(id, SEGMENT).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        let path = |id| filled("/a/{}/b", id, "test").map_err(|e| e.code());
        assert_eq!(path("w-1"), Ok("/a/w-1/b".into()));
        assert_eq!(path("../w?x=1#안"), Ok("/a/..%2Fw%3Fx%3D1%23%EC%95%88/b".into()));
        for none in ["", " ", ".", ".."] {
            assert_eq!(path(none), Err("invalid_request"), "{none:?}");
        }
    }
}
