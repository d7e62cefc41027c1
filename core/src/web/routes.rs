//! The routes of a chat service, and their settings.

use std::fmt;
use std::sync::Arc;

use super::cors::Origins;
use crate::error::{Error, ErrorKind, Result};
use crate::speech::SpeechMode;
use crate::turn::Turns;

/// The default limit of a request's body: the AI SDK sends the whole conversation with each message.
const MAX_BODY: usize = 4 << 20;

/// The default limit of a text to speak, in code points: some ten minutes of speech, more than most replies.
const MAX_TEXT: usize = 10_000;

/// A route of a chat service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// A message, answered as a whole.
    Chat,
    /// A message, answered with the event stream of its turn.
    Stream,
    /// A text, answered with its speech.
    Tts,
    /// The end of a running turn.
    Stop,
    /// A message of the AI SDK, answered with its UI message stream.
    Ui,
    /// A message of the AI SDK, answered with plain text.
    Text,
    /// The stream that a page of the AI SDK resumes when it is loaded again: there is none, as a turn is sent once.
    Resume,
}

impl Route {
    /// The routes with a path of their own. That of [`Resume`](Route::Resume) is below the one of [`Ui`](Route::Ui).
    pub const ALL: [Route; 6] =
        [Route::Chat, Route::Stream, Route::Tts, Route::Stop, Route::Ui, Route::Text];

    /// The name of the route in settings.
    pub fn name(self) -> &'static str {
        match self {
            Route::Chat => "chat",
            Route::Stream => "stream",
            Route::Tts => "tts",
            Route::Stop => "stop",
            Route::Ui => "ui",
            Route::Text => "text",
            Route::Resume => "resume",
        }
    }

    /// The route of this name.
    pub fn from_name(name: &str) -> Option<Route> {
        let mut routes = Route::ALL.into_iter().chain([Route::Resume]);
        routes.find(|route| route.name() == name)
    }

    /// The method of its requests.
    pub(super) fn method(self) -> &'static str {
        match self {
            Route::Resume => "GET",
            _ => "POST",
        }
    }

    fn default_path(self) -> &'static str {
        match self {
            Route::Chat => "/chat",
            Route::Stream => "/chat/stream",
            Route::Tts => "/chat/tts",
            Route::Stop => "/chat/stop",
            Route::Ui => "/chat/ui",
            Route::Text => "/chat/text",
            Route::Resume => "/chat/ui/{id}/stream",
        }
    }
}

/// The routes of a chat service over [`Turns`]. Clones are cheap and share everything.
///
/// See the [module](crate::web) for an example.
#[derive(Clone)]
pub struct ChatRoutes(pub(super) Arc<Settings>);

/// Settings of [`ChatRoutes`].
#[derive(Clone)]
#[must_use]
pub struct ChatRoutesBuilder {
    turns: Turns,
    paths: Vec<(Route, String)>,
    origins: Vec<String>,
    max_body: usize,
    max_text: usize,
}

pub(super) struct Settings {
    pub(super) turns: Turns,
    /// The same turns, for replies that are spoken as they are written, and for replies that nobody hears.
    pub(super) spoken: Turns,
    pub(super) silent: Turns,
    paths: Vec<(Route, String)>,
    pub(super) origins: Origins,
    pub(super) max_body: usize,
    pub(super) max_text: usize,
}

impl ChatRoutes {
    /// Settings of routes whose messages are answered by these turns.
    pub fn builder(turns: Turns) -> ChatRoutesBuilder {
        let paths = Route::ALL.map(|route| (route, route.default_path().to_owned()));
        let (paths, origins) = (paths.to_vec(), Vec::new());
        ChatRoutesBuilder { turns, paths, origins, max_body: MAX_BODY, max_text: MAX_TEXT }
    }

    /// The route at this path, for hosts without a router of their own.
    pub fn route_of(&self, path: &str) -> Option<Route> {
        let named = self.paths().find_map(|(route, its)| (its == path).then_some(route));
        named.or_else(|| self.is_below_ui(path).then_some(Route::Resume))
    }

    /// Returns true for `{path of ui}/{id of a chat}/stream`.
    fn is_below_ui(&self, path: &str) -> bool {
        let Some((_, ui)) = self.paths().find(|(route, _)| *route == Route::Ui) else {
            return false;
        };
        let below = path.strip_prefix(ui.trim_end_matches('/'));
        let id = below.and_then(|below| below.strip_prefix('/')?.strip_suffix("/stream"));
        id.is_some_and(|id| !id.is_empty())
    }

    /// The routes and their paths.
    pub fn paths(&self) -> impl Iterator<Item = (Route, &str)> {
        self.0.paths.iter().map(|(route, path)| (*route, path.as_str()))
    }
}

impl ChatRoutesBuilder {
    /// The path of a route in [`Route::ALL`], below the place where the routes are mounted. Default `/chat`, `/chat/stream` and
    /// so on.
    pub fn path(mut self, route: Route, path: impl Into<String>) -> Self {
        let path = path.into();
        for (its, old) in &mut self.paths {
            if *its == route {
                path.clone_into(old);
            }
        }
        self
    }

    /// Allows pages of this origin, such as `https://chat.example`, to call the routes with credentials (CORS). Each call
    /// allows one more; with none, no CORS header is sent, for pages of the service's own origin or for another layer that
    /// answers.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// The largest body of a request, in bytes. Default 4 MiB: the AI SDK sends the whole conversation with each message.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The longest text that `/chat/tts` speaks, in code points. Default 10,000, some ten minutes: each sentence is a request to
    /// the speaker. A message has the limit of the body alone, as people paste whole documents.
    pub fn max_text(mut self, code_points: usize) -> Self {
        self.max_text = code_points;
        self
    }

    /// The routes.
    ///
    /// # Errors
    ///
    /// `config` when a path does not begin with `/` or is given to two routes, or an origin is none.
    pub fn build(self) -> Result<ChatRoutes> {
        let ChatRoutesBuilder { turns, paths, origins, max_body, max_text } = self;
        for (at, (route, path)) in paths.iter().enumerate() {
            let name = route.name();
            if !path.starts_with('/') {
                return Err(refused(format!("the path of `{name}` must begin with a slash")));
            }
            if let Some((other, _)) = paths.iter().take(at).find(|(_, other)| other == path) {
                let other = other.name();
                return Err(refused(format!("`{other}` and `{name}` have the same path: {path}")));
            }
        }
        let origins = Origins::read(origins).map_err(refused)?;
        let spoken = turns.with_speech_mode(SpeechMode::Streaming);
        let silent = turns.with_speech_mode(SpeechMode::OnDemand);
        let settings = Settings { turns, spoken, silent, paths, origins, max_body, max_text };
        Ok(ChatRoutes(Arc::new(settings)))
    }
}

fn refused(why: String) -> Error {
    Error::new(ErrorKind::Config, "routes.build", why)
}

impl fmt::Debug for ChatRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { paths, origins, max_body, .. } = &*self.0;
        debug("ChatRoutes", paths, origins, *max_body, f)
    }
}

impl fmt::Debug for ChatRoutesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("ChatRoutesBuilder", &self.paths, &self.origins, self.max_body, f)
    }
}

fn debug(
    name: &str,
    paths: &[(Route, String)],
    origins: &dyn fmt::Debug,
    max_body: usize,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.debug_struct(name)
        .field("paths", &paths)
        .field("origins", origins)
        .field("max_body", &max_body)
        .finish_non_exhaustive()
}
