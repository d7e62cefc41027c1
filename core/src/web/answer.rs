//! The answers of the routes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;
use tracing::Span;

use super::call::Call;
use super::refusal::Refusal;
use super::reply::Reply;
use super::request::{self, Body, Message, Workspace};
use super::routes::Route;
use super::ui_request;
use crate::caller;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{ChatAnswer, TurnEvent, Wire};
use crate::speech::{AudioPiece, join};
use crate::turn::{StopOutcome, Turn, Turns};

impl Call {
    pub(super) async fn answered(&self, user_id: &str, body: &[u8]) -> Result<Reply, Refusal> {
        if body.len() > self.max_body() {
            return Ok(self.too_large());
        }
        if user_id.trim().is_empty() {
            return Ok(self.unauthorized());
        }
        if !self.is_json {
            let why = "Send JSON, with `Content-Type: application/json`.";
            return Err(Refusal::bad_request(why));
        }
        let json = request::text(body)?;
        match self.route {
            Route::Chat => self.chat(user_id, &Body::read(json)?).await,
            Route::Stream => {
                let message = Message::read(&Body::read(json)?)?;
                let turn = self.start(&self.routes.0.turns, user_id, message).await?;
                Ok(Reply::turn(turn, Wire::Sse))
            }
            Route::Tts => self.speak(&Body::read(json)?).await,
            Route::Stop => self.stop(user_id, &Body::read(json)?).await,
            Route::Ui | Route::Text => {
                let routes = &self.routes.0;
                let message = ui_request::read(json, user_id, routes.turns.has_store())?;
                let (turns, wire) = match self.route {
                    Route::Ui => (&routes.turns, Wire::Ui),
                    _ => (&routes.silent, Wire::Text),
                };
                Ok(Reply::turn(self.start(turns, user_id, message).await?, wire))
            }
            Route::Resume => Ok(Reply::nothing(204)),
        }
    }

    /// A message, answered as a whole. Its speech is made while the reply is written.
    async fn chat(&self, user_id: &str, body: &Body<'_>) -> Result<Reply, Refusal> {
        let is_spoken = body.is_set("includeTts")?;
        let routes = &self.routes.0;
        let turns = if is_spoken { &routes.spoken } else { &routes.silent };
        let turn = self.start(turns, user_id, Message::read(body)?).await?;
        let (answer, audio) = whole(turn).await.map_err(|error| Refusal::failed(&error))?;
        let mut reply = Map::new();
        reply.insert("reply".into(), answer.reply.into());
        reply.insert("workspaceId".into(), answer.workspace_id.into());
        if let Some(audio) = audio {
            reply.insert("audioBase64".into(), BASE64.encode(audio).into());
        }
        Ok(Reply::json(200, &Value::Object(reply)))
    }

    /// The speech of a text.
    async fn speak(&self, body: &Body<'_>) -> Result<Reply, Refusal> {
        let text = body.filled("text")?;
        let most = self.routes.0.max_text;
        if text.chars().nth(most).is_some() {
            let why = format!("`text` is longer than {most} characters.");
            return Err(Refusal::bad_request(why));
        }
        let audio = self.routes.0.turns.speak(text).await;
        let audio = audio.map_err(|error| Refusal::not_spoken(&error))?;
        Ok(Reply::json(200, &json!({ "audioBase64": BASE64.encode(audio) })))
    }

    /// The end of a running turn.
    async fn stop(&self, user_id: &str, body: &Body<'_>) -> Result<Reply, Refusal> {
        let (turn_id, user_id) = (body.filled("turnId")?, user_id.to_owned());
        let turns = self.routes.0.turns.clone();
        match blocking(move || turns.stop_of_user(&turn_id, &user_id)).await? {
            StopOutcome::OtherUser => Err(Refusal::new(404, "There is no such turn.")),
            // The same for a turn that has already ended.
            _ => Ok(Reply::nothing(204)),
        }
    }

    /// Starts the turn of a message.
    async fn start(&self, turns: &Turns, user_id: &str, message: Message) -> Result<Turn, Refusal> {
        let Message { request, workspace } = message;
        let mut request = request.user_id(user_id);
        if turns.has_store() {
            let tokens = self.tokens.as_ref();
            if tokens.is_none() && turns.needs_tokens() {
                let why = "The headers `Authorization` and `RefreshToken` are missing.";
                return Err(Refusal::new(401, why));
            }
            if let Some(tokens) = tokens {
                request = request.tokens(tokens.access.clone(), tokens.refresh.clone());
            }
            request = match workspace {
                Workspace::New => request.new_workspace(),
                Workspace::Of(id) => {
                    if turns.has_workspace(user_id, tokens, &id).await == Some(false) {
                        return Err(Refusal::new(404, "There is no such workspace."));
                    }
                    request.workspace(id)
                }
                Workspace::OfMessage(id) => {
                    match turns.stored_workspace_of(user_id, tokens, &id).await {
                        Some(workspace) => request.workspace(workspace),
                        None => request.workspace_of_or_new(id),
                    }
                }
                Workspace::OfItself(id) => {
                    match turns.stored_workspace_of(user_id, tokens, &id).await {
                        // The page shows no message before it.
                        Some(workspace) => request.workspace(workspace).history_ids(Vec::new()),
                        None => request.new_workspace(),
                    }
                }
                Workspace::Unnamed => {
                    let why = "Name a workspace (`workspaceId`), or ask for a new one (`createWorkspace`).";
                    return Err(Refusal::new(404, why));
                }
            };
        }
        let turns = turns.clone();
        let started = blocking(move || turns.try_start(request)).await?;
        started.map_err(|error| Refusal::not_begun(&error))
    }
}

/// Reads a turn to its end: its answer, and its speech as one file. Speech that fails costs the reply nothing.
async fn whole(turn: Turn) -> Result<(ChatAnswer, Option<Bytes>)> {
    let (mut turn, mut pieces) = (turn.without_audio(), Vec::new());
    while let Some(event) = turn.next().await {
        if let TurnEvent::Audio { seq, mime, audio, text } = event? {
            let mime = mime.into_boxed_str();
            let (sentence, is_foreign) = (seq, false);
            pieces.push(AudioPiece { seq, mime, bytes: audio, sentence, text, is_foreign });
        }
    }
    let audio = match join(pieces) {
        Ok(audio) => Some(audio).filter(|audio| !audio.is_empty()),
        Err(error) => {
            tracing::warn!(error.code = error.code(), "the speech of a reply is left out: {error}");
            None
        }
    };
    Ok((turn.into_answer()?, audio))
}

/// Runs a function that may wait for a file, in the caller's context.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let (context, span) = (caller::current(), Span::current());
    let act = move || span.in_scope(|| caller::scope(context.as_ref(), act));
    spawn_blocking(act).await.map_err(|error| {
        let why = format!("the request was not completed: {error}");
        Refusal::failed(&Error::new(ErrorKind::Cancelled, "routes.answer", why))
    })
}
