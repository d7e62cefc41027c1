//! How deployments of a chat service differ.

use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// The paths of the service's calls, below its URL.
///
/// ```
/// use turnwire::ChatService;
/// use turnwire::service::ServicePaths;
///
/// # fn main() -> turnwire::Result<()> {
/// let paths = ServicePaths { stream: "/chat-stream".into(), speech: "/tts".into(), ..ServicePaths::default() };
/// let service = ChatService::builder("http://localhost:5000").paths(paths).build()?;
/// # let _ = service;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePaths {
    /// A whole reply. Default `/chat`.
    pub chat: String,
    /// A streamed reply. Default `/chat/stream`.
    pub stream: String,
    /// Speech. Default `/chat/tts`.
    pub speech: String,
}

impl Default for ServicePaths {
    fn default() -> Self {
        ServicePaths {
            chat: "/chat".into(),
            stream: "/chat/stream".into(),
            speech: "/chat/tts".into(),
        }
    }
}

/// What a service streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wire {
    /// Events, as `data:` lines of JSON.
    #[default]
    Events,
    /// The reply's bare text, whatever the response's label says. Its end cannot be told from an orderly close midway.
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
