//! The service behind the wire, for requests without a script.

use std::fmt::Debug;

use serde_json::Value;

use crate::form::Form;
use crate::request::Request;
use crate::script::Script;

/// A healthy service.
pub(crate) trait Service: Debug + Send + Sync {
    /// The keys under which a script for the call is looked up; the first that has one wins.
    fn keys(&self, call: &Call<'_>) -> Vec<String>;

    /// The form of the reply that the call asks for.
    fn form(&self, call: &Call<'_>) -> Form {
        let _ = call;
        Form::Plain
    }

    /// The script's reply in the form of the call; `None` if it has that form already.
    fn fit(&self, call: &Call<'_>, script: &Script) -> Option<Script> {
        let _ = (call, script);
        None
    }

    /// Does the work of the call, and answers with a script, so that there is only one way to write a reply.
    fn answer(&self, call: &Call<'_>) -> Script;

    /// The service's own control calls, below `/_fake/`; `None` for one that it does not know.
    fn control(&self, method: &str, call: &str, body: &Value) -> Option<Script> {
        let _ = (method, call, body);
        None
    }

    /// Resets its state.
    fn reset(&self) {}
}

/// One request, for a service.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// The body, if it is JSON.
    pub(crate) json: Option<&'a Value>,
    /// The id of a chat reply to it.
    pub(crate) reply_id: &'a str,
}
