//! A turn's answer as a whole: the sum of its events.

use bytes::{Bytes, BytesMut};

use super::TurnEvent;

/// The answer of a turn: the reply as a whole, and what came with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatAnswer {
    /// The reply's text.
    pub reply: String,
    /// The workspace of the turn, if it has one.
    pub workspace_id: Option<String>,
    /// The reply spoken, if that was asked for: its pieces, one after another.
    pub audio: Option<Bytes>,
    /// The turn was stopped, and the reply goes as far as that.
    pub stopped: bool,
}

impl ChatAnswer {
    /// Adds an event. The kinds that an answer does not hold change nothing.
    pub(crate) fn add(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Content { content } => self.reply.push_str(content),
            TurnEvent::Workspace { workspace_id } => self.workspace_id = Some(workspace_id.clone()),
            TurnEvent::Audio { audio, .. } => {
                // Pieces of MP3, one after another, are MP3.
                self.audio = Some(match self.audio.take() {
                    None => audio.clone(),
                    Some(before) => joined(before, audio),
                });
            }
            TurnEvent::Stopped => self.stopped = true,
            TurnEvent::Turn { .. }
            | TurnEvent::Done
            | TurnEvent::Error { .. }
            | TurnEvent::Sentiment { .. }
            | TurnEvent::StageFailed { .. }
            | TurnEvent::Usage { .. } => {}
        }
    }
}

/// One piece of audio after another. Room that the first has left is used, so that many pieces cost as much as one.
fn joined(before: Bytes, more: &Bytes) -> Bytes {
    let mut whole = before.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    whole.extend_from_slice(more);
    whole.freeze()
}
