//! The complete answer of a turn: the sum of its events.

use bytes::{Bytes, BytesMut};

use super::TurnEvent;
use crate::error::TokenUsage;

/// The answer of a turn: the complete reply, and the other results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatAnswer {
    /// The reply's text.
    pub reply: String,
    /// The workspace of the turn, if it has one.
    pub workspace_id: Option<String>,
    /// The spoken reply, if requested: its pieces concatenated.
    pub audio: Option<Bytes>,
    /// True if the turn was stopped; the reply then ends at that point.
    pub stopped: bool,
    /// The tokens of the reply, where `usage` events are sent.
    pub usage: Option<TokenUsage>,
}

impl ChatAnswer {
    /// Adds an event. Kinds that are not part of an answer change nothing.
    pub(crate) fn add(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Content { content } => self.reply.push_str(content),
            TurnEvent::Workspace { workspace_id } => self.workspace_id = Some(workspace_id.clone()),
            TurnEvent::Audio { audio, .. } => {
                // Concatenated pieces of MP3 are valid MP3.
                self.audio = Some(match self.audio.take() {
                    None => audio.clone(),
                    Some(before) => joined(before, audio),
                });
            }
            TurnEvent::Done { stopped, .. } => self.stopped = *stopped,
            TurnEvent::Usage { prompt_tokens, completion_tokens, total_tokens } => {
                self.usage = Some(TokenUsage {
                    prompt_tokens: *prompt_tokens,
                    completion_tokens: *completion_tokens,
                    total_tokens: *total_tokens,
                });
            }
            TurnEvent::Turn { .. }
            | TurnEvent::Error { .. }
            | TurnEvent::Sentiment { .. }
            | TurnEvent::StageFailed { .. } => {}
        }
    }
}

/// Concatenates two pieces of audio. Spare capacity of the first is used, so that many pieces cost no more than one.
fn joined(before: Bytes, more: &Bytes) -> Bytes {
    let mut whole = before.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    whole.extend_from_slice(more);
    whole.freeze()
}
