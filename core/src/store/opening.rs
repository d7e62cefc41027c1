//! A workspace that is created for a conversation of an outbox, and its session.

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::call::Call;
use super::client::{ChatStore, Identity};
use super::paths::filled;
use super::reissue::REISSUE;
use super::sink::outcome_of;
use super::{Workspace, WorkspaceStatus};
use crate::config::CallOptions;
use crate::error::{Error, ErrorKind};
use crate::guard::Callback;
use crate::outbox::{Opened, Opener, Opening, OpeningCall, OpeningStep};
use crate::outbox::{Outcome, Record};

/// The operation that errors of a creation name.
const CREATE: &str = "store.create_workspace";

/// The beginning of the reason of every dead letter whose workspace does not exist.
const FAILED: &str = "its workspace could not be created";

/// The plan of a workspace: it is made for the user of its record.
pub(crate) fn planned(name: &str) -> Opening {
    Opening::Planned(json!({"workspaceName": name}))
}

impl Opener for ChatStore {
    fn callback(&self) -> Callback {
        Callback::of::<ChatStore>("store")
    }

    /// Creates the workspace, in one attempt.
    fn open<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Opened> {
        Box::pin(async move {
            if let Some(observer) = call.observer {
                observer.begins(OpeningStep::Create);
            }
            let store = self.with(CallOptions::new().max_retries(0));
            // A request that ends with its process is in doubt, and most do while the store is not reached: look first.
            if call.is_again
                && let Err(error) = store.look(&call).await
            {
                if let Some(observer) = call.observer {
                    observer.ended(OpeningStep::Create, Err(&error));
                }
                return Opened::Not(failed(outcome_of(&error)));
            }
            let created = store.create_planned(&call);
            let created = match self.shared.http.total(&self.options) {
                Some(limit) => timeout(limit, created).await.unwrap_or_else(|_| {
                    let why = "the store did not answer within the total limit";
                    Err(Error::new(ErrorKind::TotalTimeout, CREATE, why))
                }),
                None => created.await,
            };
            if let Some(observer) = call.observer {
                observer.ended(OpeningStep::Create, created.as_ref().map(drop));
            }
            match created {
                Ok(id) => Opened::As(id),
                Err(error) if did_nothing(&error) => {
                    call.requests.was_refused();
                    Opened::Not(failed(outcome_of(&error)))
                }
                Err(error) => Opened::InDoubt(in_doubt(&error.to_string())),
            }
        })
    }

    /// Starts the session, without which no message is counted, unless another process has done so.
    fn begin<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(observer) = call.observer {
                observer.begins(OpeningStep::Begin);
            }
            let store = self.with_identity(call.record);
            let user = call.record.user_id().unwrap_or_default();
            let workspace = call.record.conversation();
            let has_one = call.is_again
                && store.active_session(workspace).await.is_ok_and(|session| session.is_some());
            let started = match has_one {
                true => Ok(()),
                false => store.start_session(workspace, user).await,
            };
            if let Some(observer) = call.observer {
                observer.ended(OpeningStep::Begin, started.as_ref().copied());
            }
            if let Err(error) = started {
                tracing::warn!(error.code = error.code(), "no session was started: {error}");
            }
        })
    }

    fn in_doubt(&self) -> String {
        in_doubt("the process that asked for it has ended")
    }
}

impl ChatStore {
    /// Looks whether the store is there for the record's user, whatever it answers.
    async fn look(&self, call: &OpeningCall<'_>) -> Result<(), Error> {
        let user = call.record.user_id().unwrap_or_default();
        let store = self.with_identity(call.record);
        let looked = match self.shared.http.total(&self.options) {
            Some(limit) => timeout(limit, store.first_workspace(user)).await,
            None => Ok(store.first_workspace(user).await),
        };
        match looked {
            Ok(Err(error))
                if error.status().is_none() || error.kind() == ErrorKind::Authentication =>
            {
                Err(error)
            }
            Ok(_) => Ok(()),
            Err(_) => {
                let why = "the store did not answer within the total limit";
                Err(Error::new(ErrorKind::TotalTimeout, CREATE, why))
            }
        }
    }

    /// The least that can be asked about a user: for its status alone.
    async fn first_workspace(&self, user_id: &str) -> Result<(), Error> {
        const OPERATION: &str = "store.workspaces";
        let paths = &self.shared.paths;
        let path = if self.shared.older { &paths.workspace } else { &paths.workspaces };
        let path = filled(path, user_id, OPERATION)?;
        let active = WorkspaceStatus::Active;
        let query = [("workspaceStatus", active.as_str()), ("offset", "0"), ("size", "1")];
        let call = Call::new(OPERATION, Method::GET, &path).query(&query);
        self.call::<serde_json::Value>(call, &self.identity).await.map(drop)
    }

    fn with_identity(&self, record: &Record) -> Self {
        ChatStore { identity: self.identity_of(record), ..self.clone() }
    }

    async fn create_planned(&self, call: &OpeningCall<'_>) -> Result<String, Error> {
        let name = call.plan.get("workspaceName").and_then(Value::as_str).unwrap_or_default();
        let Some(user) = call.record.user_id() else {
            let why = "the record does not say whose workspace it is";
            return Err(Error::new(ErrorKind::InvalidRequest, CREATE, why));
        };
        let identity: Identity = self.identity_of(call.record);
        let query = [("memUuid", user), ("workspaceName", name)];
        let path = &self.shared.paths.create_workspace;
        let create = Call::new(CREATE, Method::POST, path).query(&query).once();
        let made: Workspace = self.wanted(create.noted_by(call.requests), &identity).await?;
        if made.id.trim().is_empty() {
            let why = "the store gave the new workspace no id";
            return Err(Error::new(ErrorKind::Decode, CREATE, why));
        }
        Ok(made.id)
    }
}

/// Returns true if the store has certainly not created the workspace: it was not reached, or says so itself. A gateway
/// that lost the store amid the request (502) or waited for it in vain (504) does not know.
fn did_nothing(error: &Error) -> bool {
    let before_any_request = error.operation() == REISSUE
        || matches!(
            error.kind(),
            ErrorKind::InvalidRequest | ErrorKind::Config | ErrorKind::Storage
        );
    match error.status() {
        _ if before_any_request || error.is_connect() => true,
        Some(502 | 504) => false,
        Some(300..) => true,
        Some(_) => error.kind() == ErrorKind::Api,
        None => error.kind() == ErrorKind::Authentication,
    }
}

/// The outcome, whose reason says what it is about.
fn failed(outcome: Outcome) -> Outcome {
    let about = |reason: String| format!("{FAILED}: {reason}");
    match outcome {
        Outcome::Retry { after, reason } => Outcome::Retry { after, reason: about(reason) },
        Outcome::Unavailable { after, reason } => {
            Outcome::Unavailable { after, reason: about(reason) }
        }
        Outcome::Dead { reason } => Outcome::Dead { reason: about(reason) },
        other => other,
    }
}

fn in_doubt(why: &str) -> String {
    format!(
        "{FAILED}: the store may have created it, but its answer was lost: look before this is sent again ({why})"
    )
}
