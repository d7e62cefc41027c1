//! The service behind the wire, which answers where no script does.

use std::fmt::Debug;

use serde_json::Value;

use crate::request::Request;
use crate::script::Script;

/// A service in good health.
pub(crate) trait Service: Debug + Send + Sync {
    /// The keys under which a script for the call is looked up; the first that has one wins.
    fn keys(&self, call: &Call<'_>) -> Vec<String>;

    /// Does what the call asks for, and answers: as a script, so that there is only one way to write a reply.
    fn answer(&self, call: &Call<'_>) -> Script;

    /// The service's own control calls, below `/_fake/`; `None` for one that it does not know.
    fn control(&self, method: &str, call: &str, body: &Value) -> Option<Script> {
        let _ = (method, call, body);
        None
    }

    /// Forgets everything that it was told.
    fn reset(&self) {}
}

/// One request, as a service sees it.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// The body, if it is JSON.
    pub(crate) json: Option<&'a Value>,
    /// The id that a chat reply to it has.
    pub(crate) reply_id: &'a str,
}
