//! The paths of the store's calls.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, ErrorKind, Result};

/// The escape set of a path segment: all but the unreserved characters (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Defines the paths in one table: a public field with its default, and a setter.
macro_rules! store_paths {
    ($(#[doc = $doc:literal] $name:ident: $default:literal,)+) => {
        /// The paths of the store's calls, below its URL. `{}` is replaced by the id in question.
        ///
        /// ```
        /// use turnwire::ChatStore;
        /// use turnwire::store::StorePaths;
        ///
        /// # fn main() -> turnwire::Result<()> {
        /// let paths = StorePaths::new().save("/v2/chat/save").history("/v2/chat/{}/messages");
        /// let store = ChatStore::builder("http://localhost:8888").paths(paths).build()?;
        /// # let _ = store;
        /// # Ok(())
        /// # }
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[must_use]
        pub struct StorePaths {
            $(
                #[doc = $doc]
                #[doc = concat!(" Default `", $default, "`.")]
                pub $name: String,
            )+
        }

        impl StorePaths {
            /// The default paths.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets [`", stringify!($name), "`](Self::", stringify!($name), ").")]
                pub fn $name(mut self, path: impl Into<String>) -> Self {
                    self.$name = path.into();
                    self
                }
            )+
        }

        impl Default for StorePaths {
            fn default() -> Self {
                StorePaths { $($name: $default.into(),)+ }
            }
        }
    };
}

store_paths! {
    /// `POST`: saves a message.
    save: "/api/chat/save",
    /// `PATCH`: counts a saved message.
    update_messages: "/api/session/update-messages",
    /// `POST`: creates a workspace.
    create_workspace: "/api/workspace/create",
    /// `POST`: starts a session.
    start_session: "/api/session/start",
    /// `GET`: the messages of a workspace, `{}`.
    history: "/api/chat/history/{}",
    /// `GET`: the workspaces of a user, `{}`.
    workspaces: "/api/workspace/{}/status",
    /// `GET`: the active session of a workspace, `{}`.
    session: "/api/session/{}",
    /// `PATCH`: sets the status of a session.
    update_status: "/api/session/update-status",
    /// `POST`: renews stale tokens.
    reissue: "/reissue",
    /// `GET`, in an older store: the workspace of a user, `{}`.
    workspace: "/api/workspace/{}",
    /// `POST`, in an older store: renews tokens with a refresh token.
    refresh_token: "/api/members/refresh-token",
}

/// The path with the id inserted.
pub(super) fn filled(path: &str, id: &str, operation: &'static str) -> Result<String> {
    // Dots alone would resolve to another path, and an empty id to the path of another call.
    if matches!(id.trim(), "" | "." | "..") {
        let why = format!("{id:?} is not a valid id");
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
