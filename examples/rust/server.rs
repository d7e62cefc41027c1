//! A chat service: each message is answered with the event stream of its turn, and a turn can be stopped.
//!
//! ```sh
//! cargo run --release -p turnwire-examples --features server --example server
//! curl -N localhost:5000/chat/stream -H 'Content-Type: application/json' \
//!   -d '{"message": "오늘 기분이 어때요?", "createWorkspace": true}'
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, serve};
use clap::Parser;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use turnwire::event::RESPONSE_HEADERS;
use turnwire::{ErrorKind, TurnRequest, Turns, presets};
use turnwire_examples::home::StoreOptions;
use turnwire_examples::model::ModelOptions;
use turnwire_examples::sentiment;
use turnwire_examples::terminal::{self, Failure, Output};

/// The longest wait for pending deliveries when the service ends.
const SAVED_WITHIN: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() {
    let ended = run(&Options::parse()).await;
    terminal::exit(Output::stdout(), ended)
}

async fn run(options: &Options) -> Result<(), Failure> {
    let model = options.model.connect().await?;
    let home = options.store.open()?;
    let turns = Turns::builder(model.llm.clone())
        .model(&options.model.model)
        .store(home.store())
        .sentiment(|text: String| async move { Ok(sentiment::label(&text).to_owned()) })
        .prompts(presets::korean())
        .turn_events(true)
        .build()?;

    let failed = |error| Failure::Local("the service does not start", error);
    let listener = TcpListener::bind(options.address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Output::stdout().text(&format!("listening on http://{address}\n"))?;
    let service = Service { turns: turns.clone(), user_id: home.user_id.clone() };
    let ended = terminal::cancelled_by_ctrl_c();
    let serving = serve(listener, router(service));
    // A running turn ends with its connection, and its text so far is saved.
    let served = ended.run_until_cancelled(async { serving.await }).await;
    turns.shutdown(SAVED_WITHIN).await;
    served.unwrap_or(Ok(())).map_err(|error| Failure::Local("the service ended", error))
}

/// The state of the service. An application takes user and tokens from the request's login; here there is one user.
#[derive(Clone)]
struct Service {
    turns: Turns,
    user_id: String,
}

fn router(service: Service) -> Router {
    Router::new()
        .route("/chat", post(chat))
        .route("/chat/stream", post(stream))
        .route("/chat/stop", post(stop))
        .with_state(service)
}

/// The request of a front end.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default)]
    message: String,
    #[serde(default)]
    create_workspace: bool,
    workspace_id: Option<String>,
}

impl Message {
    fn for_user(self, user_id: &str) -> TurnRequest {
        let request = TurnRequest::new(self.message).user_id(user_id);
        match self.workspace_id {
            Some(id) if !self.create_workspace => request.workspace(id),
            _ => request.new_workspace(),
        }
    }
}

/// Streams the reply. An invalid request gets an error status before any stream.
async fn stream(State(service): State<Service>, Json(message): Json<Message>) -> Response {
    match service.turns.try_start(message.for_user(&service.user_id)) {
        Ok(turn) => (RESPONSE_HEADERS, Body::from_stream(turn.sse())).into_response(),
        Err(error) => refused(&error),
    }
}

/// Returns the whole reply.
async fn chat(State(service): State<Service>, Json(message): Json<Message>) -> Response {
    match service.turns.start(message.for_user(&service.user_id)).finish().await {
        Ok(answer) => {
            Json(json!({"reply": answer.reply, "workspaceId": answer.workspace_id})).into_response()
        }
        Err(error) => refused(&error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    turn_id: String,
}

/// Stops a turn: its text so far is kept, and its stream ends with `done`.
async fn stop(State(service): State<Service>, Json(stop): Json<Stop>) -> StatusCode {
    service.turns.stop(&stop.turn_id);
    // The same answer for a turn that has already ended.
    StatusCode::NO_CONTENT
}

/// The error response for a user; the details go to the log.
fn refused(error: &turnwire::Error) -> Response {
    let (status, message) = match error.kind() {
        ErrorKind::InvalidRequest => (StatusCode::BAD_REQUEST, error.message()),
        kind => (StatusCode::INTERNAL_SERVER_ERROR, kind.user_message()),
    };
    terminal::say(&error.to_string());
    (status, Json(json!({"error": message}))).into_response()
}

/// Serves turns to front ends: POST /chat, /chat/stream and /chat/stop.
///
/// OPENAI_API_KEY and OPENAI_BASE_URL name the model's service; without them, a small offline service inside this
/// program answers. TURNWIRE_STORE_URL names a chat store, with TURNWIRE_USER_ID, TURNWIRE_ACCESS_TOKEN and
/// TURNWIRE_REFRESH_TOKEN; without it, a file keeps the conversations.
#[derive(Parser)]
#[command(name = "server")]
struct Options {
    #[command(flatten)]
    model: ModelOptions,

    #[command(flatten)]
    store: StoreOptions,

    /// The address to listen on; with port 0 the system chooses one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:5000")]
    address: SocketAddr,
}
