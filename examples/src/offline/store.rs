//! A chat store that keeps messages, workspaces and sessions for as long as the example runs.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::pace::jittered;
use super::server::Server;
use super::tables::{Refused, Tables};
use super::wire::token;

/// What a store that is not far takes for a call that writes, and for one that reads.
const WRITES: Duration = Duration::from_millis(50);
const READS: Duration = Duration::from_millis(20);

/// Saving a message takes the longest: it is checked, and an index grows.
const SAVES: Duration = Duration::from_millis(100);

/// A running chat store, with one user who is logged in. Dropping it closes its port, and forgets everything.
#[derive(Debug)]
pub struct Store {
    server: Server,
    login: Arc<Login>,
}

/// The user, and the tokens that every call must carry.
#[derive(Debug)]
pub struct Login {
    /// The user's id.
    pub user_id: String,
    /// What `Authorization` carries.
    pub access: String,
    /// What `RefreshToken` carries.
    pub refresh: String,
}

#[derive(Clone, Debug)]
struct Shared {
    login: Arc<Login>,
    tables: Arc<Mutex<Tables>>,
}

impl Store {
    /// Starts the store on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the loopback interface has no free port.
    pub async fn start() -> io::Result<Self> {
        let named = |name: &str| format!("{name}-{}", token(12));
        let (user_id, access, refresh) = (named("user"), named("access"), named("refresh"));
        let login = Arc::new(Login { user_id, access, refresh });
        let shared = Shared { login: login.clone(), tables: Arc::default() };
        let router = Router::new()
            .route("/api/chat/save", post(save))
            .route("/api/chat/history/{workspace}", get(history))
            .route("/api/workspace/create", post(create_workspace))
            .route("/api/workspace/{user}/status", get(workspaces))
            .route("/api/session/start", post(start_session))
            .route("/api/session/update-messages", patch(count_message))
            .route("/api/session/{workspace}", get(active_session))
            .layer(from_fn_with_state(shared.clone(), let_in))
            .fallback(no_such_call)
            .with_state(shared);
        Ok(Store { server: Server::start(router).await?, login })
    }

    /// What a client takes as its URL.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The user who is logged in.
    pub fn login(&self) -> &Login {
        &self.login
    }
}

impl Shared {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A row is written whole or not at all.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Parameters = Query<HashMap<String, String>>;

/// Lets calls through that carry both tokens.
async fn let_in(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if shared.login.is_carried_by(request.headers()) {
        return next.run(request).await;
    }
    let why = "Both tokens are needed: Authorization and RefreshToken";
    wrapped(StatusCode::UNAUTHORIZED, why, Value::Null)
}

impl Login {
    fn is_carried_by(&self, headers: &HeaderMap) -> bool {
        bearer(headers, "authorization") == Some(&self.access)
            && bearer(headers, "refreshtoken") == Some(&self.refresh)
    }
}

fn bearer<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()?.strip_prefix("Bearer ")
}

async fn save(State(shared): State<Shared>, body: Bytes) -> Result<Response, Refused> {
    sleep(jittered(SAVES)).await;
    let message: Value = serde_json::from_slice(&body)
        .map_err(|error| Refused::invalid(format!("The body is not readable JSON: {error}")))?;
    shared.tables().save(&message)?;
    Ok(wrapped(StatusCode::CREATED, "The message is saved", Value::Null))
}

async fn history(State(shared): State<Shared>, Path(workspace): Path<String>) -> Response {
    sleep(jittered(READS)).await;
    match shared.tables().history(&workspace) {
        none if none.is_empty() => StatusCode::NO_CONTENT.into_response(),
        messages => wrapped(StatusCode::OK, "The history", messages.into()),
    }
}

async fn create_workspace(
    State(shared): State<Shared>,
    Query(given): Parameters,
) -> Result<Response, Refused> {
    sleep(jittered(WRITES)).await;
    let (user, name) = (parameter(&given, "memUuid")?, parameter(&given, "workspaceName")?);
    let workspace = shared.tables().create_workspace(user, name, now())?;
    Ok(wrapped(StatusCode::CREATED, "The workspace is created", workspace))
}

async fn workspaces(
    State(shared): State<Shared>,
    Path(user): Path<String>,
    Query(given): Parameters,
) -> Result<Response, Refused> {
    sleep(jittered(READS)).await;
    let status = parameter(&given, "workspaceStatus")?;
    let number = |name| {
        let number = parameter(&given, name)?.parse::<usize>();
        number.map_err(|_| Refused::invalid(format!("{name}: must be a number")))
    };
    let page = shared.tables().workspaces(&user, status, number("offset")?, number("size")?);
    Ok(wrapped(StatusCode::OK, "The workspaces", page.into()))
}

async fn start_session(
    State(shared): State<Shared>,
    Query(given): Parameters,
) -> Result<Response, Refused> {
    sleep(jittered(WRITES)).await;
    let (workspace, user) = (parameter(&given, "workspaceId")?, parameter(&given, "memUUID")?);
    let session = shared.tables().start_session(workspace, user)?;
    Ok(wrapped(StatusCode::CREATED, "The session is started", session))
}

async fn count_message(
    State(shared): State<Shared>,
    Query(given): Parameters,
) -> Result<Response, Refused> {
    sleep(jittered(READS)).await;
    shared.tables().count_message(parameter(&given, "workspaceId")?)?;
    Ok(wrapped(StatusCode::OK, "The message is counted", Value::Null))
}

async fn active_session(State(shared): State<Shared>, Path(workspace): Path<String>) -> Response {
    sleep(jittered(READS)).await;
    let session = shared.tables().active_session(&workspace);
    wrapped(StatusCode::OK, "The active session", session.unwrap_or_default())
}

async fn no_such_call(uri: Uri) -> Response {
    wrapped(StatusCode::NOT_FOUND, &format!("There is no call {}", uri.path()), Value::Null)
}

fn parameter<'a>(given: &'a HashMap<String, String>, name: &str) -> Result<&'a str, Refused> {
    let value = given.get(name).map(String::as_str).filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| Refused::invalid(format!("{name}: must not be blank")))
}

fn wrapped(status: StatusCode, message: &str, data: Value) -> Response {
    let body = json!({"success": status.is_success(), "message": message, "data": data});
    (status, Json(body)).into_response()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        // The store answers 500 to everything that its database refuses.
        let status = match self.is_invalid {
            true => StatusCode::BAD_REQUEST,
            false => StatusCode::INTERNAL_SERVER_ERROR,
        };
        wrapped(status, &self.why, Value::Null)
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
