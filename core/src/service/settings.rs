//! Differences between deployments of a chat service: paths and the form of a stream.

use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// The paths of the service's calls, below its URL.
///
/// ```
/// use turnwire::ChatService;
/// use turnwire::service::ServicePaths;
///
/// # fn main() -> turnwire::Result<()> {
/// let paths = ServicePaths::new().stream("/chat-stream").speech("/tts");
/// let service = ChatService::builder("http://localhost:5000").paths(paths).build()?;
/// # let _ = service;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct ServicePaths {
    /// A whole reply. Default `/chat`.
    pub chat: String,
    /// A streamed reply. Default `/chat/stream`.
    pub stream: String,
    /// Speech. Default `/chat/tts`.
    pub speech: String,
    /// The stop of a turn. Default `/chat/stop`.
    pub stop: String,
}

impl ServicePaths {
    /// The default paths.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`chat`](Self::chat).
    pub fn chat(mut self, path: impl Into<String>) -> Self {
        self.chat = path.into();
        self
    }

    /// Sets [`stream`](Self::stream).
    pub fn stream(mut self, path: impl Into<String>) -> Self {
        self.stream = path.into();
        self
    }

    /// Sets [`speech`](Self::speech).
    pub fn speech(mut self, path: impl Into<String>) -> Self {
        self.speech = path.into();
        self
    }

    /// Sets [`stop`](Self::stop).
    pub fn stop(mut self, path: impl Into<String>) -> Self {
        self.stop = path.into();
        self
    }
}

impl Default for ServicePaths {
    fn default() -> Self {
        ServicePaths {
            chat: "/chat".into(),
            stream: "/chat/stream".into(),
            speech: "/chat/tts".into(),
            stop: "/chat/stop".into(),
        }
    }
}

/// The form of a service's stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wire {
    /// Events, as `data:` lines of JSON.
    #[default]
    Events,
    /// The reply's bare text, regardless of the content type. Its end is indistinguishable from an orderly close midway.
    Text,
}

impl FromStr for Wire {
    type Err = Error;

    /// Reads `events` or `text`.
    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "events" => Ok(Wire::Events),
            "text" => Ok(Wire::Text),
            other => {
                let why = format!("wire {other:?} is neither \"events\" nor \"text\"");
                Err(Error::new(ErrorKind::Config, "client.build", why))
            }
        }
    }
}
