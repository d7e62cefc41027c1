//! The event of a turn, in all its kinds.

use bytes::Bytes;

use crate::error::Error;

/// An event of a turn, as its reader receives it.
///
/// On the wire each is one JSON object, distinguished by its `type`. The protocol grows by adding types, and readers
/// skip unknown ones. Most variants may gain fields, so match them with `..`, and create them with the functions of the
/// same name. [`Workspace`](Self::Workspace) and [`Content`](Self::Content), which every program matches, will not
/// change.
///
/// ```
/// use turnwire::TurnEvent;
///
/// fn show(event: TurnEvent) -> Option<String> {
///     match event {
///         TurnEvent::Content { content } => Some(content),
///         TurnEvent::Done { .. } => Some("\n".to_owned()),
///         TurnEvent::Usage { total_tokens, .. } => Some(format!("({} tokens)", total_tokens?)),
///         _ => None,
///     }
/// }
/// assert_eq!(show(TurnEvent::content("안녕")).as_deref(), Some("안녕"));
/// assert_eq!(show(TurnEvent::usage(3, 4, 7)).as_deref(), Some("(7 tokens)"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TurnEvent {
    /// The ids of the turn and of its two messages; the first event. Sent only on request.
    #[non_exhaustive]
    Turn {
        /// The turn's id, which stops it.
        turn_id: String,
        /// The id of the user's message.
        message_id: String,
        /// The id of the AI's message.
        reply_id: String,
    },
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
    /// The reply is complete, or was stopped. Nothing comes after it. The ids and the model are sent only on request.
    #[non_exhaustive]
    Done {
        /// True if the turn was stopped; it keeps the text up to then.
        stopped: bool,
        /// The turn's id.
        turn_id: Option<String>,
        /// The id of the user's message.
        message_id: Option<String>,
        /// The id of the AI's message.
        reply_id: Option<String>,
        /// The model that was asked for the reply.
        model: Option<String>,
        /// True if a fallback answered in place of the first service.
        fallback: bool,
    },
    /// The reply failed midway. Nothing comes after it.
    ///
    /// A client's stream returns it as an [`Error`](crate::error::Error) of kind `api`, which keeps the text so far.
    #[non_exhaustive]
    Error {
        /// The reason, for the user.
        message: String,
        /// The code of the error, such as `rate_limited`; not every service sends it.
        code: Option<String>,
    },
    /// The sentiment of the user's message. Sent only on request.
    #[non_exhaustive]
    Sentiment {
        /// The label, such as 기쁨.
        label: String,
    },
    /// A spoken piece of the reply. Sent only on request, in the reply's order.
    #[non_exhaustive]
    Audio {
        /// The sequence number, from 0 and without gaps.
        seq: u64,
        /// The media type of the audio, such as `audio/mpeg`.
        mime: String,
        /// The audio.
        audio: Bytes,
        /// The spoken text.
        text: String,
    },
    /// A side stage failed, and the turn continued without it. Sent only on request.
    #[non_exhaustive]
    StageFailed {
        /// The stage, such as `create_workspace`.
        stage: String,
        /// The consequence, for the user.
        message: String,
        /// The code of the error, such as `connect`, if an error was the cause.
        code: Option<String>,
    },
    /// The tokens used by the reply, as far as the service counted them. Sent only on request.
    #[non_exhaustive]
    Usage {
        /// The tokens of the prompt, with everything sent along.
        prompt_tokens: Option<u64>,
        /// The tokens of the reply.
        completion_tokens: Option<u64>,
        /// The sum of both.
        total_tokens: Option<u64>,
    },
}

impl TurnEvent {
    /// The ids of a turn and its messages.
    pub fn turn(
        turn_id: impl Into<String>,
        message_id: impl Into<String>,
        reply_id: impl Into<String>,
    ) -> Self {
        let (turn_id, message_id) = (turn_id.into(), message_id.into());
        TurnEvent::Turn { turn_id, message_id, reply_id: reply_id.into() }
    }

    /// The workspace of a turn.
    pub fn workspace(workspace_id: impl Into<String>) -> Self {
        TurnEvent::Workspace { workspace_id: workspace_id.into() }
    }

    /// A piece of a reply.
    pub fn content(content: impl Into<String>) -> Self {
        TurnEvent::Content { content: content.into() }
    }

    /// The end of a complete reply.
    pub fn done() -> Self {
        TurnEvent::ended(false)
    }

    /// The end of a reply that was stopped.
    pub fn stopped() -> Self {
        TurnEvent::ended(true)
    }

    fn ended(stopped: bool) -> Self {
        TurnEvent::Done {
            stopped,
            turn_id: None,
            message_id: None,
            reply_id: None,
            model: None,
            fallback: false,
        }
    }

    /// The event for a reply that failed: the error's message for users
    /// ([`ErrorKind::user_message`](crate::error::ErrorKind::user_message)) and its code. The rest of the error stays
    /// on the server.
    pub fn error(error: &Error) -> Self {
        TurnEvent::failed(error.kind().user_message(), Some(error.code().to_owned()))
    }

    /// The event for a reply that failed, with your own message.
    pub fn failed(message: impl Into<String>, code: Option<String>) -> Self {
        TurnEvent::Error { message: message.into(), code }
    }

    /// The sentiment of a message.
    pub fn sentiment(label: impl Into<String>) -> Self {
        TurnEvent::Sentiment { label: label.into() }
    }

    /// A piece of speech.
    pub fn audio(
        seq: u64,
        mime: impl Into<String>,
        audio: impl Into<Bytes>,
        text: impl Into<String>,
    ) -> Self {
        TurnEvent::Audio { seq, mime: mime.into(), audio: audio.into(), text: text.into() }
    }

    /// The failure of a side stage.
    pub fn stage_failed(
        stage: impl Into<String>,
        message: impl Into<String>,
        code: Option<String>,
    ) -> Self {
        TurnEvent::StageFailed { stage: stage.into(), message: message.into(), code }
    }

    /// The token counts of a prompt, of its reply, and of both; `None` for one that the service did not count.
    pub fn usage(
        prompt_tokens: impl Into<Option<u64>>,
        completion_tokens: impl Into<Option<u64>>,
        total_tokens: impl Into<Option<u64>>,
    ) -> Self {
        TurnEvent::Usage {
            prompt_tokens: prompt_tokens.into(),
            completion_tokens: completion_tokens.into(),
            total_tokens: total_tokens.into(),
        }
    }

    /// The `type` on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            TurnEvent::Turn { .. } => "turn",
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
}
