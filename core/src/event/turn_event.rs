//! The event, in every kind that there is.

use bytes::Bytes;

use super::{read, write};
use crate::error::{Error, ErrorKind, Result};

/// What happens in a turn, as its reader is told.
///
/// On the wire each is one JSON object, told apart by its `type`. The protocol grows by adding types, and readers skip
/// those that they do not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TurnEvent {
    /// The workspace of the turn is known.
    Workspace {
        /// Its id.
        workspace_id: String,
    },
    /// A piece of the reply.
    Content {
        /// The piece.
        content: String,
    },
    /// The reply is complete. Nothing comes after it.
    #[non_exhaustive]
    Done {},
    /// The reply failed midway. Nothing comes after it.
    ///
    /// A client's stream gives it as an [`Error`](crate::error::Error) of kind `api`, which keeps the text so far.
    Error {
        /// Why, for the user.
        message: String,
        /// The code of the error, such as `rate_limited`; not every service tells it.
        code: Option<String>,
    },
    /// What the user's message expresses. Sent only when asked for.
    Sentiment {
        /// The label, such as 기쁨.
        label: String,
    },
    /// A piece of the reply, spoken. Sent only when asked for, in the reply's order.
    Audio {
        /// Counts the pieces, from 0 and without gaps.
        seq: u64,
        /// The media type of the sound, such as `audio/mpeg`.
        mime: String,
        /// The sound.
        audio: Bytes,
        /// What it says.
        text: String,
    },
    /// A stage beside the reply failed, and the turn went on without it. Sent only when asked for.
    StageFailed {
        /// The stage, such as `create_workspace`.
        stage: String,
        /// What the user misses.
        message: String,
        /// The code of the error, such as `connect`, if an error was the reason.
        code: Option<String>,
    },
    /// What the reply cost. Sent only when asked for.
    Usage {
        /// The tokens of the question, with all that was sent along.
        prompt_tokens: u64,
        /// The tokens of the reply.
        completion_tokens: u64,
        /// All of them.
        total_tokens: u64,
    },
}

impl TurnEvent {
    /// The event that tells a user of an error: in words for users ([`ErrorKind::user_message`](crate::error::ErrorKind::user_message)),
    /// and with the error's code. What else the error tells is the server's business.
    pub fn error(error: &Error) -> Self {
        TurnEvent::Error {
            message: error.kind().user_message().to_owned(),
            code: Some(error.code().to_owned()),
        }
    }

    /// The event that ends a turn well.
    pub fn done() -> Self {
        TurnEvent::Done {}
    }

    /// The `type` on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            TurnEvent::Workspace { .. } => "workspace",
            TurnEvent::Content { .. } => "content",
            TurnEvent::Done { .. } => "done",
            TurnEvent::Error { .. } => "error",
            TurnEvent::Sentiment { .. } => "sentiment",
            TurnEvent::Audio { .. } => "audio",
            TurnEvent::StageFailed { .. } => "stage_failed",
            TurnEvent::Usage { .. } => "usage",
        }
    }

    /// Reads an event's JSON. `None` is one that says nothing to this version: of a type that it does not know, or a
    /// piece of content without any.
    ///
    /// Halves of surrogate pairs become U+FFFD.
    ///
    /// ```
    /// use turnwire::TurnEvent;
    ///
    /// let event = TurnEvent::from_json(r#"{"type":"content","content":"\uc548\ub155"}"#)?;
    /// assert_eq!(event, Some(TurnEvent::Content { content: "안녕".into() }));
    /// assert_eq!(TurnEvent::from_json(r#"{"type": "of tomorrow"}"#)?, None);
    /// # Ok::<(), turnwire::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `decode` when it is no JSON object, or lacks what its type must have.
    pub fn from_json(json: &str) -> Result<Option<Self>> {
        read::read(json)
            .map_err(|unreadable| Error::new(ErrorKind::Decode, "event.read", unreadable.why))
    }

    /// The event's JSON, on one line.
    ///
    /// ```
    /// use turnwire::TurnEvent;
    ///
    /// let event = TurnEvent::Content { content: "안녕\n".into() };
    /// assert_eq!(event.to_json(), r#"{"type": "content", "content": "안녕\n"}"#);
    /// ```
    pub fn to_json(&self) -> String {
        write::json(self)
    }

    /// Appends the event as a frame of the event stream.
    ///
    /// ```
    /// use turnwire::TurnEvent;
    ///
    /// let mut out = Vec::new();
    /// TurnEvent::done().encode(&mut out);
    /// assert_eq!(out, b"data: {\"type\": \"done\"}\n\n");
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>) {
        write::frame(self, out);
    }
}
