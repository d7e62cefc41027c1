//! Speakers: from a text to its audio.

use std::sync::Arc;

use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::bridge::settings::{self, Names};
use turnwire::speech::{AudioStream, ServiceSpeaker, SpeechRequest};

use crate::call::Call;
use crate::chat::{Client, Options};
use crate::error::exception;
use crate::host::function;
use crate::service::ChatService;
use crate::text::Text;

/// A speaker.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Speaker(Arc<dyn turnwire::speech::Speaker>);

#[pymethods]
impl Speaker {
    /// `settings` are JSON. A speaker of a model's service uses the one of `client`, called with `options`, unless the
    /// settings name another.
    #[new]
    fn new(
        py: Python<'_>,
        settings: Text<'_>,
        client: Option<&Client>,
        options: Option<Options>,
    ) -> PyResult<Self> {
        let options = options.map_or_else(|| Ok(Default::default()), |given| given.read(py))?;
        let llm = client.map(|client| client.openai().with(options));
        let speaker = settings::speaker(llm.as_ref(), &settings, Names::Snake);
        speaker.map(Speaker).map_err(|error| exception(py, &error))
    }

    /// The speaker of this chat service.
    #[staticmethod]
    fn of_service(service: &ChatService) -> Self {
        Speaker(Arc::new(ServiceSpeaker::new(service.client().clone())))
    }

    /// A function as a speaker: it is asked with a question, the caller and an `Answer`.
    #[staticmethod]
    fn of_function(ask: Py<PyAny>) -> Self {
        Speaker(Arc::new(function::<SpeechRequest, AudioStream>("speech", ask)))
    }

    /// Requests the audio of a text. `request` is JSON.
    fn speak(&self, py: Python<'_>, request: Text<'_>) -> PyResult<Call> {
        let request = settings::speech_request(&request, Names::Snake);
        let speaker = self.0.clone();
        let audio = async move { speaker.speak(request?).await?.collect().await };
        Call::new(py, bridge::call(audio))
    }
}

impl Speaker {
    pub(crate) fn shared(&self) -> Arc<dyn turnwire::speech::Speaker> {
        self.0.clone()
    }
}
