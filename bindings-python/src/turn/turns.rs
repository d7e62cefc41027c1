//! The engine of turns.

use std::sync::Arc;

use pyo3::prelude::*;
use turnwire::bridge::settings::{self, Names, Parts};
use turnwire::bridge::{self, Context};

use super::handle::Turn;
use crate::call::Call;
use crate::chat::{Client, Options};
use crate::error::exception;
use crate::fork;
use crate::host::function;
use crate::outbox::Outbox;
use crate::seconds::{Seconds, longest_wait};
use crate::speech::Speaker;
use crate::store::Store;
use crate::text::{OwnedText, Text};
use crate::trace::Trace;

const SENTIMENT: &str = "turn.sentiment";

/// The engine of turns.
#[pyclass(frozen, weakref, module = "turnwire._core")]
pub(crate) struct Turns(turnwire::Turns);

impl Turns {
    pub(crate) fn inner(&self) -> &turnwire::Turns {
        &self.0
    }
}

#[pymethods]
impl Turns {
    /// `settings` are JSON. `sentiment` is asked with a question, the caller and an `Answer`.
    #[new]
    #[pyo3(signature = (client, options, settings, *, store=None, outbox=None, sentiment=None, speaker=None))]
    #[allow(clippy::too_many_arguments, reason = "each is one argument of Python's")]
    fn new(
        py: Python<'_>,
        client: &Client,
        options: Options,
        settings: Text<'_>,
        store: Option<&Store>,
        outbox: Option<&Outbox>,
        sentiment: Option<Py<PyAny>>,
        speaker: Option<&Speaker>,
    ) -> PyResult<Self> {
        fork::watch(py)?;
        let llm = client.openai().with(options.read(py)?);
        // Opening an outbox may wait for its file.
        let speaker = speaker.map(Speaker::shared);
        let turns = py.detach(|| {
            let store = store.map(Store::conversations);
            let outbox = outbox.map(|outbox| outbox.inner().clone());
            let mut parts = Parts { store, outbox, speaker, ..Parts::default() };
            if let Some(ask) = sentiment {
                parts.sentiment = Some(Arc::new(function::<String, String>(SENTIMENT, ask)));
            }
            settings::turns(llm, &settings, Names::Snake, parts)?.build()
        });
        turns.map(Turns).map_err(|error| exception(py, &error))
    }

    /// Starts a turn. `request` is JSON; Python functions that run for the turn get `caller` with each question.
    /// The turn continues `trace`.
    #[pyo3(signature = (request, caller, trace=None))]
    fn start(
        &self,
        py: Python<'_>,
        request: Text<'_>,
        caller: Py<PyAny>,
        trace: Option<&Bound<'_, Trace>>,
    ) -> PyResult<Turn> {
        let (context, trace) = (Context::new(caller), Trace::shared(trace));
        // The user's message may take a moment to reach the outbox's file.
        let turn = py.detach(|| {
            bridge::starting(trace, |trace| {
                let request = bridge::turn_request(&request, Names::Snake)?;
                bridge::start(&self.0, request, Some(context), trace)
            })
        });
        turn.map(Turn::new).map_err(|error| exception(py, &error))
    }

    /// Stops the turn with this id, if it is this user's in case one is given; false if there is none. For one of another
    /// process it may wait for the outbox's file.
    fn stop(&self, py: Python<'_>, id: Text<'_>, user_id: Option<Text<'_>>) -> bool {
        py.detach(|| bridge::stop(&self.0, &id, user_id.as_deref()))
    }

    /// Speaks a text, on demand.
    fn speak(&self, py: Python<'_>, text: OwnedText, caller: Py<PyAny>) -> PyResult<Call> {
        let turns = self.0.clone();
        let call =
            Context::new(caller).scope(|| bridge::call(async move { turns.speak(text).await }));
        Call::new(py, call)
    }

    /// Waits until all messages are delivered or dead, at most for this many seconds.
    fn flush(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        let limit = longest_wait(py, timeout, "turns.flush")?;
        Call::new(py, bridge::flush(&self.0, limit))
    }

    /// Waits as `flush`, and shuts down: no turn can be started afterwards.
    fn shutdown(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        let limit = longest_wait(py, timeout, "turns.shutdown")?;
        Call::new(py, bridge::shutdown(&self.0, limit))
    }
}
