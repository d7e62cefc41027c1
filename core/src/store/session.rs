//! Sessions, and their JSON.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::json::{self, Fields};
use crate::open_enum::open_enum;

/// A session: a period of a conversation in which messages are counted. It times out after 10 minutes without one.
///
/// The protocol does not specify the fields of a session, so its JSON is kept unchanged.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Session {
    json: Box<RawValue>,
}

impl Session {
    /// The session's JSON object, unchanged.
    pub fn json(&self) -> &str {
        self.json.get()
    }

    /// A field of the session; `None` when it has no field of this name and type.
    ///
    /// ```
    /// use turnwire::store::Session;
    ///
    /// let session: Session = serde_json::from_str(r#"{"sessionId": 7, "messageCount": 2}"#)?;
    /// assert_eq!(session.field("sessionId"), Some(7));
    /// assert_eq!(session.field::<String>("endedAt"), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let fields = Fields::read(self.json(), [name]).ok()?;
        json::from_str(fields.raw(name)?).ok()
    }
}

impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match json.get().starts_with('{') {
            true => Ok(Session { json }),
            false => Err(D::Error::custom("expected a session as a JSON object")),
        }
    }
}

open_enum! {
    /// The status of a session.
    SessionStatus as String {
        /// Messages are counted.
        Active = "ACTIVE",
        /// Ended.
        Completed = "COMPLETED",
        /// Failed.
        Error = "ERROR",
        /// Ended without further messages.
        Timeout = "TIMEOUT",
    }
}
