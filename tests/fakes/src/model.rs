//! The text of an LLM, independent of the wire format, for requests without a script.

use std::fmt::Debug;
use std::iter;
use std::time::Duration;

use serde_json::Value;

/// A model behind a [`Fake`](crate::Fake). The default is an echo of the user's last message.
///
/// ```
/// use std::time::Duration;
/// use turnwire_fakes::{Conversation, Fake, Model, Said};
///
/// #[derive(Debug)]
/// struct Parrot;
///
/// impl Model for Parrot {
///     fn reply(&self, conversation: &Conversation) -> Said {
///         let wait = Duration::from_millis(20);
///         let words = conversation.last_said();
///         Said::new(words.split_inclusive(' ').map(|word| (wait, word.to_owned())))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let fake = Fake::builder().model(Parrot).start().await?;
/// # let _ = fake;
/// # Ok(())
/// # }
/// ```
pub trait Model: Debug + Send + Sync {
    /// The reply to a conversation.
    fn reply(&self, conversation: &Conversation) -> Said;

    /// The number of tokens of a text: invented, but growing with the text.
    fn tokens(&self, text: &str) -> u64 {
        text.split_whitespace().count() as u64
    }
}

/// The messages of a request, for a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Role and text of each message.
    messages: Vec<(String, String)>,
}

impl Conversation {
    pub(crate) fn new(messages: &[Value]) -> Self {
        let role = |message: &Value| message["role"].as_str().unwrap_or_default().to_owned();
        let messages = messages.iter().map(|message| (role(message), text(message))).collect();
        Self { messages }
    }

    /// The last message of the user, or an empty text.
    pub fn last_said(&self) -> &str {
        let last = self.messages.iter().rfind(|(role, _)| role == "user");
        last.map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// The system messages, one per line.
    pub fn instructions(&self) -> String {
        let told = self.messages.iter().filter(|(role, _)| role == "system");
        told.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The text of every message.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().map(|(_, text)| text.as_str())
    }
}

/// A message's text, whether its content is a string or a list of parts.
fn text(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// A reply, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The wait before each piece, and its text.
    pub(crate) pieces: Vec<(Duration, String)>,
}

impl Said {
    /// A reply of pieces, each after a wait. A reply that is not streamed is sent after all the waits.
    pub fn new(pieces: impl IntoIterator<Item = (Duration, String)>) -> Self {
        Self { pieces: pieces.into_iter().collect() }
    }

    pub(crate) fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Repeats the user's last message, in three pieces or fewer; the default waits for nothing.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    /// The wait before the first piece, and that before each other.
    pub(crate) first: Duration,
    pub(crate) next: Duration,
}

impl Model for Echo {
    fn reply(&self, conversation: &Conversation) -> Said {
        let chars: Vec<char> = conversation.last_said().chars().collect();
        let length = chars.len().div_ceil(3).max(1);
        let pieces = chars.chunks(length).map(|piece| piece.iter().collect());
        let waits = iter::once(self.first).chain(iter::repeat(self.next));
        Said::new(waits.zip(pieces))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_read_in_any_form() {
        let messages = json!([
            {"role": "system", "content": "s"},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": null},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": "last"},
        ]);
        let conversation = Conversation::new(messages.as_array().unwrap());
        assert_eq!(conversation.last_said(), "ab");
        assert_eq!(conversation.instructions(), "s");
        assert_eq!(conversation.texts().collect::<Vec<_>>(), ["s", "first", "", "ab", "last"]);
    }
}
