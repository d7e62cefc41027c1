//! A chat service's routes, for any web framework: which requests are answered, and with which status, headers and body.
//! No I/O of its own, and no framework.
//!
//! ```text
//! request head ─▶ ChatRoutes::admit ─┬─▶ Reply                      preflight, 404, 405, 413
//!                                    └─▶ Call ─▶ the host's authentication ─┬─▶ Call::unauthorized ─▶ Reply
//!                                                                           └─▶ Call::answer(user, body) ─▶ Reply
//! ```
//!
//! Between [`ChatRoutes::admit`] and [`Call::answer`] the host authenticates the request in its own way, and reads the body.
//! Every answer is a [`Reply`], errors included: a host only sends it.
//!
//! | route | request | reply |
//! | --- | --- | --- |
//! | `POST /chat` | `message`, `workspaceId` or `createWorkspace`, `includeTts`, `messageId`, `replyId` | `{"reply", "workspaceId", "audioBase64"?}` |
//! | `POST /chat/stream` | the same, without `includeTts` | the event stream of a turn |
//! | `POST /chat/tts` | `text` | `{"audioBase64"}` |
//! | `POST /chat/stop` | `turnId` | 204 |
//! | `POST /chat/ui` | a request of the AI SDK's `DefaultChatTransport` | its UI message stream |
//! | `POST /chat/text` | the same | plain text |
//! | `GET /chat/ui/{id}/stream` | of `useChat({ resume: true })` | 204: there is no stream to resume |
//!
//! With a store, the model is told the stored messages that a page on the AI SDK still shows. Those that it has removed, by an edit
//! or a reply that is generated again, stay in the store.
//!
//! # Failures
//!
//! | status | reason |
//! | --- | --- |
//! | 400 | the body is no JSON object, or is not sent as `application/json`; a field is missing or has a wrong type; a text to speak has no words, or is longer than the limit |
//! | 401 | the host knows no user; or the store needs the user's tokens, and a header `Authorization` or `RefreshToken` is missing |
//! | 404 | no such route; no workspace is named, or the user has none with that id; the turn to stop is another user's |
//! | 405, 413 | not the method of the route; a body above the limit |
//! | 500 | everything else; the details are in the log alone |
//!
//! Their body is `{"error": "…"}`, for 401 `{"message": "…"}`, and for the two routes of the AI SDK the sentence alone.
//! An error after the begin of a stream is an event in it.
//!
//! The embedded store refuses a workspace that its user does not have. With a chat store, no workspace is checked before the
//! turn: that service must refuse another user's workspace itself, by the user's tokens, when the history is read and when the
//! messages are saved. The reply to such a message is streamed without a history, and both messages become dead letters.
//!
//! # Example
//!
//! ```no_run
//! use turnwire::web::{Admitted, ChatRoutes, Reply};
//! use turnwire::{Bytes, HeaderMap, OpenAi, Turns};
//!
//! async fn respond(routes: &ChatRoutes, path: &str, method: &str, headers: &HeaderMap, body: Bytes) -> Reply {
//!     let header = |name: &str| headers.get(name)?.to_str().ok();
//!     match routes.admit(routes.route_of(path), method, header) {
//!         Admitted::Reply(reply) => reply,
//!         Admitted::Call(call) => match user_of(headers) {
//!             Some(user) => call.answer(user, body).await,
//!             None => call.unauthorized(),
//!         },
//!     }
//! }
//!
//! fn user_of(headers: &HeaderMap) -> Option<&str> {
//!     headers.get("x-user")?.to_str().ok() // a real service checks a token or a session
//! }
//!
//! # fn run() -> turnwire::Result<()> {
//! let turns = Turns::builder(OpenAi::from_env()?).build()?;
//! let routes = ChatRoutes::builder(turns).origin("https://chat.example").build()?;
//! # let _ = (routes, respond);
//! # Ok(())
//! # }
//! ```

mod answer;
mod call;
mod cors;
mod refusal;
mod reply;
mod request;
mod routes;
mod ui_request;

pub use call::{Admitted, Call, HEADERS};
pub use reply::{Reply, ReplyBody};
pub use routes::{ChatRoutes, ChatRoutesBuilder, Route};
