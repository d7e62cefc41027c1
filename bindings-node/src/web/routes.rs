//! The routes, from a request's head to its call.

use std::collections::HashMap;

use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use turnwire::Bytes;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context};
use turnwire::web::{self, Admitted, ChatRoutesBuilder, Route};

use super::WebReply;
use crate::call::Call;
use crate::json::thrown;
use crate::trace::Trace;
use crate::turns::Turns;

/// The routes of a chat service.
#[napi]
pub struct ChatRoutes {
    inner: web::ChatRoutes,
}

#[napi]
impl ChatRoutes {
    /// Routes over these turns, with settings as JSON.
    #[napi(constructor)]
    pub fn new(turns: &Turns, settings: String) -> napi::Result<Self> {
        let routes = settings::routes(turns.inner().clone(), &settings, Names::Camel);
        let routes = routes.and_then(ChatRoutesBuilder::build);
        routes.map(|inner| ChatRoutes { inner }).map_err(|error| thrown(&error))
    }

    /// The paths of the routes, by their names.
    #[napi(getter)]
    pub fn paths(&self) -> HashMap<&'static str, String> {
        self.inner.paths().map(|(route, path)| (route.name(), path.to_owned())).collect()
    }

    /// The name of the route at this path; `null` if there is none.
    #[napi]
    pub fn route_of(&self, path: String) -> Option<&'static str> {
        self.inner.route_of(&path).map(Route::name)
    }

    /// Checks the head of a request. The headers are pairs, of which those in `webHeaders` are read. The result is the reply, or
    /// the call for the rest of the request.
    #[napi]
    pub fn admit(
        &self,
        route: Option<String>,
        method: String,
        headers: Vec<(String, String)>,
    ) -> Either<WebReply, WebCall> {
        let route = route.and_then(|name| Route::from_name(&name));
        let header = |name: &str| {
            let mut found = headers.iter().filter(|(its, _)| its.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.as_str())
        };
        match self.inner.admit(route, &method, header) {
            Admitted::Reply(reply) => Either::A(WebReply::new(reply.into())),
            Admitted::Call(inner) => Either::B(WebCall { inner }),
        }
    }
}

/// A request whose head is accepted.
#[napi]
pub struct WebCall {
    inner: web::Call,
}

#[napi]
impl WebCall {
    /// The name of the route.
    #[napi(getter)]
    pub fn route(&self) -> &'static str {
        self.inner.route().name()
    }

    /// The largest body, in bytes.
    #[napi(getter)]
    pub fn max_body(&self) -> f64 {
        self.inner.max_body() as f64
    }

    /// The reply where `authenticate` knows no user.
    #[napi]
    pub fn unauthorized(&self) -> WebReply {
        WebReply::new(self.inner.unauthorized().into())
    }

    /// The reply to a body larger than `maxBody`.
    #[napi]
    pub fn too_large(&self) -> WebReply {
        WebReply::new(self.inner.too_large().into())
    }

    /// The reply where `authenticate` threw.
    #[napi]
    pub fn failed(&self) -> WebReply {
        WebReply::new(self.inner.failed().into())
    }

    /// Answers the request of this user: once the call is answered, `WebReply.of(call)`. Functions that run for its turn get the
    /// number, and the turn continues the trace.
    #[napi]
    pub fn answer(
        &self,
        user_id: String,
        body: Uint8Array,
        number: Option<u32>,
        trace: Option<&Trace>,
    ) -> napi::Result<Call> {
        let (call, body) = (self.inner.clone(), Bytes::copy_from_slice(&body));
        let context = number.map(Context::new);
        Call::started(bridge::answer(call, user_id, body, context, Trace::taken(trace)))
    }
}
