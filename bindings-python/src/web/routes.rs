//! The routes, from a request's head to its call.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use turnwire::Bytes;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context};
use turnwire::web::{self, Admitted, ChatRoutesBuilder, Route};

use super::WebReply;
use crate::call::Call;
use crate::error::exception;
use crate::text::{OwnedText, Text};
use crate::trace::Trace;
use crate::turn::Turns;

/// The routes of a chat service.
#[pyclass(frozen, weakref, module = "turnwire._core")]
pub(crate) struct ChatRoutes(web::ChatRoutes);

/// A request whose head is accepted.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct WebCall(web::Call);

#[pymethods]
impl ChatRoutes {
    /// `settings` are JSON.
    #[new]
    fn new(py: Python<'_>, turns: &Turns, settings: Text<'_>) -> PyResult<Self> {
        let routes = settings::routes(turns.inner().clone(), &settings, Names::Snake);
        let routes = routes.and_then(ChatRoutesBuilder::build);
        routes.map(ChatRoutes).map_err(|error| exception(py, &error))
    }

    /// The paths of the routes, by their names.
    #[getter]
    fn paths<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let paths = PyDict::new(py);
        for (route, path) in self.0.paths() {
            paths.set_item(route.name(), path)?;
        }
        Ok(paths)
    }

    /// The name of the route at this path; `None` if there is none.
    fn route_of(&self, path: Text<'_>) -> Option<&'static str> {
        self.0.route_of(&path).map(Route::name)
    }

    /// Checks the head of a request. The headers are pairs, of which those in `WEB_HEADERS` are read. The result is the reply,
    /// or the call for the rest of the request.
    fn admit<'py>(
        &self,
        py: Python<'py>,
        route: Option<Text<'_>>,
        method: Text<'_>,
        headers: Vec<(OwnedText, OwnedText)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let known = |name: Text<'_>| {
            let unknown = || PyValueError::new_err(format!("there is no route {:?}", &*name));
            Route::from_name(&name).ok_or_else(unknown)
        };
        let header = |name: &str| {
            let mut found = headers.iter().filter(|(its, _)| its.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| &**value)
        };
        match self.0.admit(route.map(known).transpose()?, &method, header) {
            Admitted::Reply(reply) => Ok(WebReply::new(py, reply.into())?.into_any()),
            Admitted::Call(call) => Ok(Bound::new(py, WebCall(call))?.into_any()),
        }
    }
}

#[pymethods]
impl WebCall {
    /// The name of the route.
    #[getter]
    fn route(&self) -> &'static str {
        self.0.route().name()
    }

    /// The largest body, in bytes.
    #[getter]
    fn max_body(&self) -> usize {
        self.0.max_body()
    }

    /// The reply where `authenticate` knows no user.
    fn unauthorized<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, WebReply>> {
        WebReply::new(py, self.0.unauthorized().into())
    }

    /// The reply to a body larger than `max_body`.
    fn too_large<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, WebReply>> {
        WebReply::new(py, self.0.too_large().into())
    }

    /// The reply where `authenticate` raised.
    fn failed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, WebReply>> {
        WebReply::new(py, self.0.failed().into())
    }

    /// Answers the request of this user; the call's result is a `WebReply`. Python functions that run for its turn get `caller`
    /// with each question. The turn continues `trace`.
    #[pyo3(signature = (user_id, body, caller, trace=None))]
    fn answer(
        &self,
        py: Python<'_>,
        user_id: OwnedText,
        body: &[u8],
        caller: Py<PyAny>,
        trace: Option<&Bound<'_, Trace>>,
    ) -> PyResult<Call> {
        let (body, context) = (Bytes::copy_from_slice(body), Some(Context::new(caller)));
        let (user_id, trace) = (user_id.into(), Trace::shared(trace));
        let call = bridge::answer(self.0.clone(), user_id, body, context, trace);
        Call::new(py, call)
    }
}
