//! A service that answers chat completions by rules: what OpenAI would send, without a model.

use std::convert::Infallible;
use std::io;
use std::iter;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures::{StreamExt, stream};
use jiff::ZonedDateTime;
use tokio::time::sleep;

use super::server::Server;
use super::wire::{Completion, Refusal, Request, token};
use super::{pace, rules, titles};

/// A running OpenAI-compatible service that is no model, and says so in its replies. Dropping it closes its
/// port.
#[derive(Debug)]
pub struct Llm {
    server: Server,
}

impl Llm {
    /// Starts the service on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the loopback interface has no free port.
    pub async fn start() -> io::Result<Self> {
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .method_not_allowed_fallback(wrong_method)
            .fallback(wrong_path)
            .layer(map_response(name_request));
        Ok(Llm { server: Server::start(router).await? })
    }

    /// What a client takes as its base URL.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }
}

async fn complete(body: Result<Bytes, BytesRejection>) -> Result<Response, Refusal> {
    let body = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    let request = Request::read(&body)?;
    let said = request.last_said();
    let text = titles::title(&request.instructions(), &said)
        .unwrap_or_else(|| rules::reply(&said, ZonedDateTime::now().datetime()));
    let prompt_tokens = request.prompt().map(|text| pace::pieces(&text).len()).sum();
    let completion = Completion::new(&request, prompt_tokens, pace::pieces(&text).len());
    if request.is_streamed() {
        return Ok(streamed(&completion, &text));
    }
    let waits = pace::pieces(&text).into_iter().map(|_| pace::next_wait());
    sleep(pace::first_wait() + waits.sum::<Duration>()).await;
    Ok(Json(completion.whole(&text)).into_response())
}

fn streamed(completion: &Completion, text: &str) -> Response {
    let first = iter::once((pace::first_wait(), completion.role()));
    let waits = iter::once(Duration::ZERO).chain(iter::repeat_with(pace::next_wait));
    let texts = waits.zip(pace::pieces(text).into_iter().map(|piece| completion.text(piece)));
    let end = completion.end().map(|chunk| (Duration::ZERO, chunk));
    let events: Vec<_> = first.chain(texts).chain(end).collect();
    let events = stream::iter(events).then(|(wait, data)| async move {
        sleep(wait).await;
        Ok::<_, Infallible>(Event::default().data(data))
    });
    Sse::new(events).into_response()
}

async fn name_request(mut response: Response) -> Response {
    // Letters and digits are always a header's value.
    if let Ok(id) = HeaderValue::try_from(format!("req_{}", token(32))) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let message = format!("Not allowed to {method} on {}.", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn wrong_path(method: Method, uri: Uri) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("Invalid URL ({method} {})", uri.path()))
}
