//! The store's calls: who may make them, what they check, what they answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::data::Data;
use super::faults::{Fault, Faults};
use super::route::Route;
use super::tokens::{self, ACCESS_LIFE_MS, Kind, REFRESH_LIFE_MS, Standing};
use super::{Login, Pace, message};
use crate::script::{Framing, Script};
use crate::service::{Call, Service};

/// The longest name of a workspace, in code points.
const LONGEST_NAME: usize = 100;

/// A store in good health.
#[derive(Debug, Default)]
pub(crate) struct Store {
    data: Mutex<Data>,
    /// It has the calls of older stores in place of the present ones.
    older: bool,
    pace: Option<Pace>,
    faults: Option<Faults>,
}

impl Store {
    pub(crate) fn new(older: bool, pace: Option<Pace>, faults: Option<Faults>) -> Self {
        Self { data: Mutex::default(), older, pace, faults }
    }

    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        // A test that panics while it looks fails on its own; the others may go on.
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tokens for a user, that live as long as given, in milliseconds.
    pub(crate) fn login(&self, user: &str, access_ms: i64, refresh_ms: i64) -> Login {
        let mut data = self.data();
        let now = data.now_ms();
        let mut token = |kind, life_ms| {
            tokens::issue(kind, user, now, now.saturating_add(life_ms), data.number())
        };
        Login { access: token(Kind::Access, access_ms), refresh: token(Kind::Refresh, refresh_ms) }
    }

    /// A new token of one kind.
    fn renew(&self, kind: Kind, user: &str) -> String {
        let login = self.login(user, ACCESS_LIFE_MS, REFRESH_LIFE_MS);
        match kind {
            Kind::Access => login.access,
            Kind::Refresh => login.refresh,
        }
    }

    fn standings(&self, call: &Call<'_>) -> (Standing, Standing) {
        let now = self.data().now_ms();
        let judge = |name, kind| tokens::judge(call.request.header(name), kind, now);
        (judge("authorization", Kind::Access), judge("refreshtoken", Kind::Refresh))
    }

    /// The refusal of a call whose tokens are not both good.
    fn authorize(&self, call: &Call<'_>) -> Result<(), Script> {
        match self.standings(call) {
            (Standing::Good { .. }, Standing::Good { .. }) => Ok(()),
            (access, refresh) => Err(unauthorized(&access, &refresh)),
        }
    }

    fn reissue(&self, call: &Call<'_>) -> Script {
        let extend = call.request.header("extendlogin") == Some("true");
        let renewed = |header: &str, kind, user: &str| {
            let token = self.renew(kind, user);
            wrapped(200, true, "The token is reissued", Value::Null)
                .header(header, format!("Bearer {token}"))
        };
        match self.standings(call) {
            (Standing::Good { user } | Standing::Expired { user }, Standing::Good { .. }) => {
                renewed("Authorization", Kind::Access, &user)
            }
            (Standing::Good { user }, Standing::Expired { .. }) if extend => {
                renewed("refreshToken", Kind::Refresh, &user)
            }
            (access, refresh) => unauthorized(&access, &refresh),
        }
    }

    /// The older store's way to new tokens: both of them, for a good refresh token in the body.
    fn refresh(&self, call: &Call<'_>) -> Script {
        let token = call.json.and_then(|json| json.get("refreshToken")).and_then(Value::as_str);
        let bearer = token.map(|token| format!("Bearer {token}"));
        let now = self.data().now_ms();
        match tokens::judge(bearer.as_deref(), Kind::Refresh, now) {
            Standing::Good { user } => {
                let login = self.login(&user, ACCESS_LIFE_MS, REFRESH_LIFE_MS);
                let data = json!({"accessToken": login.access, "refreshToken": login.refresh});
                wrapped(200, true, "The tokens are refreshed", data)
            }
            Standing::Expired { .. } => refusal(401, "The refresh token has expired")
                .header("Token-Expired", "RefreshToken"),
            Standing::Worthless => refusal(401, "The refresh token is not valid"),
        }
    }

    fn save(&self, call: &Call<'_>) -> Result<Script, Script> {
        let message = call.json.ok_or_else(|| refusal(400, "The body is not readable JSON"))?;
        let (id, workspace) = message::check(message).map_err(|why| refusal(400, &why))?;
        let mut data = self.data();
        let fault = self.faults.and_then(|faults| faults.draw(id, data.attempt(id)));
        match fault {
            Some(Fault::Unavailable) => return Err(refusal(503, "The store is busy")),
            Some(Fault::Failed) => return Err(refusal(500, "The database has failed")),
            Some(Fault::Cut) => return Err(reset()),
            Some(Fault::Lost) | None => {}
        }
        message::fits(message).map_err(|why| refusal(500, &why))?;
        known(&data, workspace)?;
        data.save(id, message);
        if fault.is_some() {
            return Err(reset());
        }
        Ok(wrapped(201, true, "The message is saved", Value::Null))
    }

    fn create_workspace(&self, call: &Call<'_>) -> Result<Script, Script> {
        let (user, name) = (parameter(call, "memUuid")?, parameter(call, "workspaceName")?);
        if name.chars().count() > LONGEST_NAME {
            return Err(refusal(500, "Data too long for column 'workspace_name'"));
        }
        let mut data = self.data();
        let id = format!("workspace-{}", data.number());
        let workspace = data.create_workspace(&id, &user, &name);
        Ok(wrapped(201, true, "The workspace is created", json!(workspace)))
    }

    fn start_session(&self, call: &Call<'_>) -> Result<Script, Script> {
        let (workspace, user) = (parameter(call, "workspaceId")?, parameter(call, "memUUID")?);
        let mut data = self.data();
        known(&data, &workspace)?;
        let session = data.start_session(&workspace, &user);
        Ok(wrapped(201, true, "The session is started", json!(session)))
    }

    fn count(&self, call: &Call<'_>) -> Result<Script, Script> {
        let workspace = parameter(call, "workspaceId")?;
        let mut data = self.data();
        let now = data.now_ms();
        let Some(session) = data.active_session(&workspace) else {
            return Err(refusal(500, "There is no active session"));
        };
        session.session_message_count += 1;
        session.session_last_message_at = now;
        Ok(wrapped(200, true, "The message is counted", Value::Null))
    }

    fn update_status(&self, call: &Call<'_>) -> Result<Script, Script> {
        let (workspace, status) = (parameter(call, "workspaceId")?, parameter(call, "status")?);
        if !["ACTIVE", "COMPLETED", "ERROR", "TIMEOUT"].contains(&status.as_str()) {
            return Err(refusal(400, "status: must be ACTIVE, COMPLETED, ERROR or TIMEOUT"));
        }
        let mut data = self.data();
        let session = data.last_session(&workspace);
        let session = session.ok_or_else(|| refusal(500, "There is no session"))?;
        session.session_status = status;
        Ok(wrapped(200, true, "The status is set", Value::Null))
    }

    fn workspaces(&self, user: &str, call: &Call<'_>) -> Result<Script, Script> {
        let status = parameter(call, "workspaceStatus")?;
        let number = |name| {
            let text = parameter(call, name)?;
            let number = text.parse::<usize>();
            number.map_err(|_| refusal(400, &format!("{name}: must be a number")))
        };
        let (offset, size) = (number("offset")?, number("size")?);
        let data = self.data();
        let all = data.stored.workspaces.iter();
        let mine = all.filter(|w| w.workspace_mem_uuid == user && w.workspace_status == status);
        let page: Vec<_> = mine.skip(offset).take(size).collect();
        Ok(wrapped(200, true, "The workspaces", json!(page)))
    }

    fn newest_workspace(&self, user: &str) -> Result<Script, Script> {
        let data = self.data();
        let mut all = data.stored.workspaces.iter();
        match all.rfind(|workspace| workspace.workspace_mem_uuid == user) {
            Some(workspace) => Ok(wrapped(200, true, "The workspace", json!(workspace))),
            None => Err(refusal(404, "There is no workspace")),
        }
    }

    fn history(&self, workspace: &str) -> Script {
        match self.data().history(workspace) {
            none if none.is_empty() => Script::new().status(204),
            messages => wrapped(200, true, "The history", messages.into()),
        }
    }

    fn session(&self, workspace: &str) -> Script {
        let session = json!(self.data().active_session(workspace));
        wrapped(200, true, "The active session", session)
    }
}

impl Service for Store {
    /// For a save the message's id, then its workspace's; for every call its name.
    fn keys(&self, call: &Call<'_>) -> Vec<String> {
        let route = Route::of(call.request, self.older);
        let Some(route) = route else { return vec![call.request.path.clone()] };
        let text = |name| Some(call.json?.get(name)?.as_str()?.to_owned());
        let own = match route {
            Route::Save => [text("msgId"), text("msgWorkspaceId")],
            _ => [None, None],
        };
        own.into_iter().flatten().chain([route.name().to_owned()]).collect()
    }

    fn answer(&self, call: &Call<'_>) -> Script {
        let Some(route) = Route::of(call.request, self.older) else {
            // Spring's own page for a path that nobody maps is not wrapped.
            let path = &call.request.path;
            return Script::body(json!({"status": 404, "error": "Not Found", "path": path}))
                .status(404);
        };
        let took = self.pace.map_or(0, |pace| super::millis(pace(route.name())).unsigned_abs());
        let answer = match route {
            Route::Reissue => Ok(self.reissue(call)),
            Route::Refresh => Ok(self.refresh(call)),
            _ => self.authorize(call).and_then(|()| match &route {
                Route::Save => self.save(call),
                Route::Count => self.count(call),
                Route::CreateWorkspace => self.create_workspace(call),
                Route::StartSession => self.start_session(call),
                Route::UpdateStatus => self.update_status(call),
                Route::Workspaces { user } => self.workspaces(user, call),
                Route::NewestWorkspace { user } => self.newest_workspace(user),
                Route::History { workspace } => Ok(self.history(workspace)),
                Route::Session { workspace } => Ok(self.session(workspace)),
                Route::Reissue | Route::Refresh => Ok(Script::new()),
            }),
        };
        answer.unwrap_or_else(|refusal| refusal).wait_ms_before_headers(took)
    }

    fn control(&self, method: &str, call: &str, body: &Value) -> Option<Script> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let number = |name: &str| body[name].as_i64();
        match (method, call) {
            ("GET", "stored") => Some(Script::body(json!(self.data().stored))),
            ("POST", "login") => {
                let access_ms = number("accessMs").unwrap_or(ACCESS_LIFE_MS);
                let refresh_ms = number("refreshMs").unwrap_or(REFRESH_LIFE_MS);
                let login = self.login(&text("memUuid")?, access_ms, refresh_ms);
                Some(Script::body(json!(login)))
            }
            ("POST", "workspace") => {
                let (id, user) = (text("workspaceId")?, text("memUuid")?);
                let name = text("workspaceName").unwrap_or_default();
                let mut data = self.data();
                let workspace = data.create_workspace(&id, &user, &name);
                data.start_session(&id, &user);
                Some(Script::body(json!(workspace)))
            }
            ("POST", "advance") => {
                self.data().advance(number("ms")?);
                Some(Script::body(json!({})))
            }
            _ => None,
        }
    }

    fn reset(&self) {
        self.data().clear();
    }
}

/// A response as the store wraps it.
pub(crate) fn wrapped(status: u16, success: bool, message: &str, data: Value) -> Script {
    let body = json!({"success": success, "message": message, "data": data});
    Script::new().framing(Framing::Length).json(body).status(status)
}

/// An error as the store wraps it.
pub(crate) fn refusal(status: u16, message: &str) -> Script {
    wrapped(status, false, message, Value::Null)
}

/// The end of the connection in place of an answer.
fn reset() -> Script {
    Script::new().framing(Framing::Raw).reset()
}

fn unauthorized(access: &Standing, refresh: &Standing) -> Script {
    let is_stale = |standing: &Standing| matches!(standing, Standing::Expired { .. });
    let stale = match (is_stale(access), is_stale(refresh)) {
        (true, true) => "AllToken",
        (true, false) => "AccessToken",
        (false, true) => "RefreshToken",
        (false, false) => return refusal(401, "The tokens are missing or not valid"),
    };
    refusal(401, &format!("{stale} has expired")).header("Token-Expired", stale)
}

fn parameter(call: &Call<'_>, name: &str) -> Result<String, Script> {
    let value = call.request.parameter(name).filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| refusal(400, &format!("{name}: must not be blank")))
}

fn known(data: &Data, workspace: &str) -> Result<(), Script> {
    match data.has_workspace(workspace) {
        true => Ok(()),
        false => Err(refusal(500, &format!("There is no workspace {workspace}"))),
    }
}
