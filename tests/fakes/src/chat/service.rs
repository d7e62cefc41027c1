//! The service's calls: their checks and responses.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{Dialect, Taken};
use crate::script::{Framing, Script};
use crate::service::{Call, Service};
use crate::speech;

/// The healthy chat service.
#[derive(Debug, Default)]
pub(crate) struct Chat {
    data: Mutex<Data>,
    /// The one origin whose pages may call it.
    origin: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) turns: Vec<Taken>,
    pub(crate) workspaces: Vec<String>,
    pub(crate) refused: Vec<String>,
    pub(crate) dialect: Dialect,
    last_workspace: u64,
}

impl Chat {
    pub(crate) fn new(origin: Option<String>) -> Self {
        Self { data: Mutex::default(), origin }
    }

    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        // A test that panics while holding the lock fails by itself; the others may continue.
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn respond(&self, call: &Call<'_>) -> Script {
        let request = call.request;
        let name = match (request.method.as_str(), name(&request.path)) {
            ("OPTIONS", Some(_)) => return Script::new().status(204),
            ("POST", Some(name)) => name,
            (_, Some(_)) => return refusal(405, "Method Not Allowed"),
            (_, None) => return refusal(404, "Not Found"),
        };
        let answer = self.authorize(call).and_then(|()| match name {
            "tts" => spoken(call),
            "stop" => match text(call, "turnId") {
                Some(_) => Ok(Script::new().status(204)),
                None => Err(refusal(400, "turnId is required")),
            },
            name => self.turn(call, name),
        });
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn authorize(&self, call: &Call<'_>) -> Result<(), Script> {
        let token = |name| {
            let value = call.request.header(name)?.strip_prefix("Bearer ")?.trim();
            Some(value).filter(|token| !token.is_empty())
        };
        let (access, refresh) = (token("authorization"), token("refreshtoken"));
        let is_refused = |access: &str| self.data().refused.iter().any(|token| token == access);
        match (access, refresh) {
            (Some(access), Some(_)) if !is_refused(access) => Ok(()),
            (Some(_), Some(_)) => Err(refusal(401, "The token has expired")),
            _ => Err(refusal(401, "The tokens are missing")),
        }
    }

    fn turn(&self, call: &Call<'_>, name: &str) -> Result<Script, Script> {
        let message = text(call, "message").ok_or_else(|| refusal(400, "message is required"))?;
        let flag = |name| call.json.and_then(|json| json.get(name)) == Some(&Value::Bool(true));
        let mut data = self.data();
        let workspace = match text(call, "workspaceId") {
            _ if flag("createWorkspace") => {
                data.last_workspace += 1;
                let id = format!("workspace-{}", data.last_workspace);
                data.workspaces.push(id.clone());
                id
            }
            Some(id) if data.workspaces.iter().any(|known| known == id) => id.to_owned(),
            _ => return Err(refusal(404, "There is no such workspace")),
        };
        data.turns.push(Taken {
            message: message.to_owned(),
            workspace_id: workspace.clone(),
            call: name.to_owned(),
        });
        if name == "chat" {
            let mut answer = json!({"reply": message, "workspaceId": workspace});
            if flag("includeTts")
                && let Some(answer) = answer.as_object_mut()
            {
                answer.insert("audioBase64".into(), sound(message));
            }
            return Ok(Script::body(answer));
        }
        let mut events =
            vec![vec![("type", json!("workspace")), ("workspaceId", json!(workspace))]];
        events.extend(
            pieces(message)
                .map(|piece| vec![("type", json!("content")), ("content", piece.into())]),
        );
        events.push(vec![("type", json!("done"))]);
        Ok(data.dialect.stream(&events))
    }

    /// Allows the one origin to read the answer, with credentials.
    fn share(&self, call: &Call<'_>, answer: Script) -> Script {
        let origin = call.request.header("origin").filter(|o| self.origin.as_deref() == Some(o));
        let Some(origin) = origin else { return answer };
        answer
            .header("Access-Control-Allow-Origin", origin)
            .header("Access-Control-Allow-Credentials", "true")
            .header(
                "Access-Control-Allow-Headers",
                "Authorization, RefreshToken, Content-Type, Idempotency-Key",
            )
            .header("Access-Control-Allow-Methods", "POST, OPTIONS")
            .header("Vary", "Origin")
    }
}

impl Service for Chat {
    fn keys(&self, call: &Call<'_>) -> Vec<String> {
        let Some(name) = name(&call.request.path) else { return vec![call.request.path.clone()] };
        // A browser's preflight request is not a call yet.
        if call.request.method == "OPTIONS" {
            return vec!["preflight".to_owned()];
        }
        let field = match name {
            "tts" => "text",
            "stop" => "turnId",
            _ => "message",
        };
        let said = text(call, field);
        said.map(str::to_owned).into_iter().chain([name.to_owned()]).collect()
    }

    fn answer(&self, call: &Call<'_>) -> Script {
        self.share(call, self.respond(call))
    }

    fn control(&self, method: &str, call: &str, body: &Value) -> Option<Script> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        match (method, call) {
            ("GET", "turns") => Some(Script::body(json!(self.data().turns))),
            ("PUT", "dialect") => match serde_json::from_value(body.clone()) {
                Ok(dialect) => {
                    self.data().dialect = dialect;
                    Some(Script::body(json!({})))
                }
                Err(error) => Some(Script::error(400, &format!("not a dialect: {error}"))),
            },
            ("POST", "refuse") => {
                self.data().refused.push(text("access")?);
                Some(Script::body(json!({})))
            }
            ("POST", "workspace") => {
                self.data().workspaces.push(text("workspaceId")?);
                Some(Script::body(json!({})))
            }
            _ => None,
        }
    }

    fn reset(&self) {
        let mut data = self.data();
        *data = Data { last_workspace: data.last_workspace, ..Data::default() };
    }
}

/// The call of a path; deployments have different paths.
fn name(path: &str) -> Option<&'static str> {
    match path {
        "/chat" => Some("chat"),
        "/chat/stream" | "/chat-stream" => Some("stream"),
        "/chat/tts" | "/tts" => Some("tts"),
        "/chat/stop" | "/stop" => Some("stop"),
        _ => None,
    }
}

fn text<'a>(call: &Call<'a>, name: &str) -> Option<&'a str> {
    call.json?.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

fn spoken(call: &Call<'_>) -> Result<Script, Script> {
    let text = text(call, "text").ok_or_else(|| refusal(400, "text is required"))?;
    Ok(Script::body(json!({"audioBase64": sound(text)})))
}

/// Distinguishable MP3, in base64.
fn sound(text: &str) -> Value {
    BASE64.encode(speech::mp3(text)).into()
}

/// The text in pieces of two code points.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let chars: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = chars.chunks(2).map(|piece| piece.iter().collect()).collect();
    pieces.into_iter()
}

/// An error in the service's format.
pub(crate) fn refusal(status: u16, message: &str) -> Script {
    let body = match status {
        401 => json!({"message": message}),
        _ => json!({"error": message}),
    };
    Script::new().framing(Framing::Length).json(body).status(status)
}
