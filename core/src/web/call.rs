//! A request on its way: from its head to its reply.

use std::fmt;

use bytes::Bytes;

use super::cors::Cors;
use super::refusal::Refusal;
use super::reply::Reply;
use super::routes::{ChatRoutes, Route};
use crate::credentials::Tokens;

/// The names of the request headers that [`ChatRoutes::admit`] reads, in lower case.
pub const HEADERS: [&str; 6] = [
    "authorization",
    "content-length",
    "content-type",
    "origin",
    "access-control-request-method",
    "refreshtoken",
];

/// The result of [`ChatRoutes::admit`].
#[derive(Debug)]
pub enum Admitted {
    /// The request is answered already.
    Reply(Reply),
    /// The host authenticates the request next.
    Call(Call),
}

/// A request whose head is accepted.
#[derive(Clone)]
pub struct Call {
    pub(super) routes: ChatRoutes,
    pub(super) route: Route,
    /// Both tokens, if both are there.
    pub(super) tokens: Option<Tokens>,
    pub(super) is_json: bool,
    cors: Cors,
}

impl ChatRoutes {
    /// Checks the head of a request. `header` returns the value of the header of a name in [`HEADERS`]. Nothing is read or
    /// started yet.
    pub fn admit<'a>(
        &self,
        route: Option<Route>,
        method: &str,
        header: impl Fn(&'static str) -> Option<&'a str>,
    ) -> Admitted {
        let cors = self.0.origins.of(header("origin"));
        let reply = |reply: Reply| Admitted::Reply(reply.with(cors.headers()));
        let Some(found) = route else {
            let why = "There is nothing at this path.";
            return reply(Refusal::new(404, why).reply(None));
        };
        let takes = found.method();
        let allow = || [("Allow", format!("{takes}, OPTIONS"))];
        if method == "OPTIONS" {
            let mut preflight = Reply::nothing(204).with(allow());
            if header("access-control-request-method").is_some() {
                preflight = preflight.with(cors.preflight(takes));
            }
            return reply(preflight);
        }
        if method != takes {
            let why = format!("This path takes {takes} requests only.");
            return reply(Refusal::new(405, why).reply(route).with(allow()));
        }
        if found == Route::Resume {
            // The same for everyone, so that no user is asked for: the stream of a turn is sent once.
            return reply(Reply::nothing(204));
        }
        let length = header("content-length").and_then(|length| length.trim().parse::<u64>().ok());
        let is_json = header("content-type").is_some_and(is_json);
        let tokens = tokens(header("authorization"), header("refreshtoken"));
        let call = Call { routes: self.clone(), route: found, tokens, is_json, cors };
        if length.is_some_and(|length| length > call.max_body() as u64) {
            return Admitted::Reply(call.too_large());
        }
        Admitted::Call(call)
    }
}

impl Call {
    /// The route of the request.
    pub fn route(&self) -> Route {
        self.route
    }

    /// The largest body, in bytes: a host stops reading above it, and replies [`too_large`](Self::too_large).
    pub fn max_body(&self) -> usize {
        self.routes.0.max_body
    }

    /// The reply to a request of nobody the host knows.
    pub fn unauthorized(&self) -> Reply {
        self.refuse(Refusal::new(401, "Please sign in."))
    }

    /// The reply to a request whose body is larger than [`max_body`](Self::max_body).
    pub fn too_large(&self) -> Reply {
        self.refuse(Refusal::new(413, "The request is too large."))
    }

    /// The reply to a request that the host could not authenticate, since its own code failed. The host logs the reason.
    pub fn failed(&self) -> Reply {
        self.refuse(Refusal::new(500, "Something went wrong. Please try again later."))
    }

    /// Answers the request of this user. It never fails: an error is a reply. Dropping the future means that the reader has
    /// gone.
    pub async fn answer(self, user_id: &str, body: Bytes) -> Reply {
        match self.answered(user_id, &body).await {
            Ok(reply) => reply.with(self.reissued()).with(self.cors.headers()),
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// The headers that tell the page tokens with which the store has replaced its own: as far as that is known now, which is
    /// from an earlier call, or from one during a whole reply.
    fn reissued(&self) -> Vec<(&'static str, String)> {
        let Some(given) = &self.tokens else { return Vec::new() };
        let Some(fresh) = self.routes.0.turns.reissued(given) else { return Vec::new() };
        let pairs = [
            ("Authorization", &given.access, fresh.access),
            ("RefreshToken", &given.refresh, fresh.refresh),
        ];
        let new = pairs.into_iter().filter(|(_, old, new)| old.expose() != new.expose());
        new.map(|(name, _, new)| (name, format!("Bearer {}", new.expose()))).collect()
    }

    fn refuse(&self, refusal: Refusal) -> Reply {
        refusal.reply(Some(self.route)).with(self.cors.headers())
    }
}

impl Reply {
    fn with(mut self, headers: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.headers.extend(headers);
        self
    }
}

/// Returns true for the media types of JSON. A page of another origin can send others without a preflight, with the user's
/// cookies.
fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Both tokens, with or without the word `Bearer`.
fn tokens(access: Option<&str>, refresh: Option<&str>) -> Option<Tokens> {
    let (access, refresh) = (bearer(access?)?, bearer(refresh?)?);
    Some(Tokens::new(access, refresh)).filter(|tokens| tokens.fault().is_none())
}

fn bearer(value: &str) -> Option<&str> {
    let value = value.trim();
    let is_scheme = |word: &str| word.eq_ignore_ascii_case("bearer");
    let token = match value.split_once(' ') {
        Some((scheme, token)) if is_scheme(scheme) => token.trim(),
        _ if is_scheme(value) => "",
        _ => value,
    };
    Some(token).filter(|token| !token.is_empty())
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("route", &self.route)
            .field("has_tokens", &self.tokens.is_some())
            .finish_non_exhaustive()
    }
}
