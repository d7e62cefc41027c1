//! A turn that runs.

use napi_derive::napi;
use turnwire::bridge;
use turnwire::event::Wire;

use crate::call::Call;
use crate::json::thrown;
use crate::reading::Reading;

/// A turn that runs. When JavaScript drops it unread, its reader has gone away.
#[napi]
pub struct Turn {
    inner: bridge::Turn,
}

#[napi]
impl Turn {
    /// The turn's id.
    #[napi(getter)]
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// The id of the user's message.
    #[napi(getter)]
    pub fn message_id(&self) -> &str {
        self.inner.message_id()
    }

    /// The id of the AI's message.
    #[napi(getter)]
    pub fn reply_id(&self) -> &str {
        self.inner.reply_id()
    }

    /// Begins to read the turn as events.
    #[napi]
    pub fn events(&self) -> napi::Result<Call> {
        self.inner.events().map(|pull| Call::reading(Reading::Events(pull))).map_err(|e| thrown(&e))
    }

    /// Begins to read the turn as the body of a response, on the wire with this name.
    #[napi]
    pub fn bytes(&self, wire: String) -> napi::Result<Call> {
        let pull = self.inner.bytes(named(&wire)?).map_err(|e| thrown(&e))?;
        Ok(Call::reading(Reading::Bytes(pull)))
    }

    /// The timeline so far, as JSON.
    #[napi]
    pub fn timeline(&self) -> napi::Result<String> {
        let timeline = self.inner.timeline().map_err(|error| thrown(&error))?;
        serde_json::to_string(&timeline).map_err(|e| napi::Error::from_reason(e.to_string()))
    }

    /// Waits until the turn has ended and its messages are delivered or dead, at most 30 s after its end.
    #[napi]
    pub fn finished(&self) -> napi::Result<Call> {
        Call::started(self.inner.finished())
    }

    /// Stops the turn: its reader gets the text so far, and its last event.
    #[napi]
    pub fn stop(&self) -> napi::Result<()> {
        self.inner.stop().map_err(|error| thrown(&error))
    }

    /// Ends the turn now, as if its reader had gone away.
    #[napi]
    pub fn cancel(&self) {
        self.inner.cancel();
    }
}

impl Turn {
    pub(crate) fn new(inner: bridge::Turn) -> Self {
        Turn { inner }
    }
}

/// The headers of a response on the wire with this name: pairs.
#[napi]
pub fn response_headers(wire: String) -> napi::Result<Vec<(&'static str, &'static str)>> {
    Ok(named(&wire)?.headers().to_vec())
}

fn named(wire: &str) -> napi::Result<Wire> {
    Wire::named(wire)
        .ok_or_else(|| napi::Error::from_reason("the wire is none of sse, ui and text"))
}
