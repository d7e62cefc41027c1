//! A chat service on axum: the routes of `turnwire::web`, for which an application brings its users' authentication.
//!
//! ```sh
//! cargo run --release -p turnwire-examples --features server --example server
//! curl -N localhost:5000/chat/stream -H 'Content-Type: application/json' \
//!   -d '{"message": "오늘 기분이 어때요?", "createWorkspace": true}'
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Router, serve};
use clap::Parser;
use tokio::net::TcpListener;
use turnwire::web::{Admitted, ChatRoutes, Reply, ReplyBody};
use turnwire::{Turns, presets};
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
    let routes = ChatRoutes::builder(turns.clone());
    let routes = options.origin.iter().fold(routes, |routes, origin| routes.origin(origin));
    let service = Service { routes: routes.build()?, user_id: home.user_id.clone() };
    let app = Router::new().fallback(answer).with_state(service);
    let ended = terminal::cancelled_by_ctrl_c();
    let serving = serve(listener, app);
    // A running turn ends with its connection, and its text so far is saved.
    let served = ended.run_until_cancelled(async { serving.await }).await;
    turns.shutdown(SAVED_WITHIN).await;
    served.unwrap_or(Ok(())).map_err(|error| Failure::Local("the service ended", error))
}

/// The state of the service.
#[derive(Clone)]
struct Service {
    routes: ChatRoutes,
    user_id: String,
}

impl Service {
    /// The user of a request. An application checks its token or session here; this program has one user.
    fn authenticate(&self, _headers: &HeaderMap) -> Option<&str> {
        Some(&self.user_id)
    }
}

/// Answers a request: the routes decide, and this function only translates from axum and to it.
async fn answer(State(service): State<Service>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let route = service.routes.route_of(head.uri.path());
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let call = match service.routes.admit(route, head.method.as_str(), header) {
        Admitted::Reply(reply) => return response(reply),
        Admitted::Call(call) => call,
    };
    let Some(user_id) = service.authenticate(&head.headers) else {
        return response(call.unauthorized());
    };
    response(match to_bytes(body, call.max_body()).await {
        Ok(body) => call.answer(user_id, body).await,
        Err(_) => call.too_large(),
    })
}

fn response(reply: Reply) -> Response {
    let body = match reply.body {
        ReplyBody::Nothing => Body::empty(),
        ReplyBody::Whole(bytes) => Body::from(bytes),
        ReplyBody::Turn(turn, wire) => Body::from_stream(turn.bytes(wire)),
    };
    let head = Response::builder().status(reply.status);
    let head = reply.headers.into_iter().fold(head, |head, (name, value)| head.header(name, value));
    head.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Serves turns to front ends: POST /chat, /chat/stream, /chat/tts and /chat/stop, and /chat/ui for pages on the AI SDK.
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

    /// Lets pages of this origin call the service, such as http://localhost:3000; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
}
