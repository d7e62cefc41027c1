//! Messages of a conversation, as they are on the wire.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::ImageDetail;
use super::assistant::AssistantMessage;
use super::lenient;
use super::object::Presence;

/// One message of a conversation.
///
/// A message that is parsed from JSON and has fields beyond these variants becomes [`Other`](Self::Other), so that it
/// is sent unchanged.
///
/// ```
/// use turnwire::Message;
/// use turnwire::chat::Part;
///
/// let messages = [
///     Message::system("Answer in one sentence."),
///     Message::user([Part::text("이게 뭐예요?"), Part::image_url("https://example.com/cat.png")]),
/// ];
/// # let _ = messages;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Message {
    /// Instructions from the developer, for newer models in place of `System`.
    Developer(TextMessage),
    /// Instructions.
    System(TextMessage),
    /// A message of the user.
    User(TextMessage),
    /// A message of the model.
    Assistant(AssistantMessage),
    /// The result of a tool call.
    Tool {
        /// The result.
        content: Content,
        /// The call that it answers.
        tool_call_id: String,
    },
    /// The result of a function call, the predecessor of tool calls.
    Function {
        /// The result.
        content: Option<String>,
        /// The function.
        name: String,
    },
    /// A message of another role or form, sent as it is.
    #[serde(untagged)]
    Other(Value),
}

/// The variants without `Other`, for parsing.
#[derive(Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Known {
    Developer(TextMessage),
    System(TextMessage),
    User(TextMessage),
    Assistant(AssistantMessage),
    Tool { content: Content, tool_call_id: String },
    Function { content: Option<String>, name: String },
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::whole_or(deserializer, Message::Other, |known| match known {
            Known::Developer(message) => Message::Developer(message),
            Known::System(message) => Message::System(message),
            Known::User(message) => Message::User(message),
            Known::Assistant(message) => Message::Assistant(message),
            Known::Tool { content, tool_call_id } => Message::Tool { content, tool_call_id },
            Known::Function { content, name } => Message::Function { content, name },
        })
    }
}

/// A message with only content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TextMessage {
    /// The content.
    pub content: Content,
    /// The participant's name, if several share a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Content {
    /// Text alone.
    Text(String),
    /// Text, images and more, in order.
    Parts(Vec<Part>),
}

/// A piece of a message's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    ImageUrl {
        /// The image.
        image_url: ImageUrl,
    },
    /// A part of another type (audio, a file), sent as it is.
    #[serde(untagged)]
    Other(Value),
}

/// An image, and the detail at which to examine it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageUrl {
    /// An `https:` URL, or a `data:` URL that contains the image itself.
    pub url: String,
    /// The detail at which the model examines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<ImageDetail>,
}

impl Message {
    /// Instructions from the developer.
    pub fn developer(content: impl Into<Content>) -> Self {
        Message::Developer(TextMessage { content: content.into(), name: None })
    }

    /// Instructions.
    pub fn system(content: impl Into<Content>) -> Self {
        Message::System(TextMessage { content: content.into(), name: None })
    }

    /// A message of the user.
    pub fn user(content: impl Into<Content>) -> Self {
        Message::User(TextMessage { content: content.into(), name: None })
    }

    /// A message of the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Message::Assistant(AssistantMessage { content: Some(text.into()), ..Default::default() })
    }

    /// The result of the tool call `id`.
    pub fn tool(id: impl Into<String>, content: impl Into<Content>) -> Self {
        Message::Tool { tool_call_id: id.into(), content: content.into() }
    }
}

impl AssistantMessage {
    /// Converts the message for a conversation, with its reasoning. Some services require it while the model calls
    /// tools; others reject it, or bill it.
    pub fn with_reasoning(self) -> Message {
        Message::Assistant(AssistantMessage { presence: Presence::default(), ..self })
    }
}

/// Converts a reply's message for a conversation, without its reasoning: services reject it, or bill it.
impl From<AssistantMessage> for Message {
    fn from(message: AssistantMessage) -> Self {
        AssistantMessage { reasoning: None, ..message }.with_reasoning()
    }
}

impl Part {
    /// A part that is text.
    pub fn text(text: impl Into<String>) -> Self {
        Part::Text { text: text.into() }
    }

    /// An image part with an `https:` or a `data:` URL.
    pub fn image_url(url: impl Into<String>) -> Self {
        Part::ImageUrl { image_url: ImageUrl { url: url.into(), detail: None } }
    }

    /// An image part, sent as a `data:` URL with its media type, such as `image/png`.
    ///
    /// ```
    /// use turnwire::chat::{Content, Part};
    ///
    /// let content = Content::from([Part::text("이게 뭐예요?"), Part::image_bytes("image/png", b"\x89PNG")]);
    /// # let Content::Parts(parts) = content else { unreachable!() };
    /// # assert_eq!(parts[1], Part::image_url("data:image/png;base64,iVBORw=="));
    /// ```
    pub fn image_bytes(media_type: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self::image_url(format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes)))
    }

    /// The same image at this level of detail. Other parts stay unchanged.
    #[must_use]
    pub fn detail(mut self, detail: ImageDetail) -> Self {
        if let Part::ImageUrl { image_url } = &mut self {
            image_url.detail = Some(detail);
        }
        self
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Content::Text(text.to_owned())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content::Text(text)
    }
}

impl From<Vec<Part>> for Content {
    fn from(parts: Vec<Part>) -> Self {
        Content::Parts(parts)
    }
}

impl<const N: usize> From<[Part; N]> for Content {
    fn from(parts: [Part; N]) -> Self {
        Content::Parts(parts.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_read_from_json_loses_nothing() {
        for wire in [
            json!({"role": "user", "content": "a", "cache_control": {"type": "ephemeral"}}),
            json!({"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}),
            json!({"role": "assistant", "content": "a", "tool_calls": [{"function": {"name": "f"}}]}),
            json!({"role": "tool", "content": "a", "tool_call_id": "c", "name": "f"}),
            json!({"role": "critic", "content": "a"}),
        ] {
            let message: Message = serde_json::from_value(wire.clone()).unwrap();
            assert!(matches!(message, Message::Other(_)), "{wire}");
            assert_eq!(serde_json::to_value(message).unwrap(), wire);
        }
        for wire in [
            json!({"role": "assistant", "content": "a", "audio": {"id": "b"}}),
            json!({"role": "assistant", "content": null, "function_call": {"name": "f"}}),
            json!({"role": "assistant", "content": "a", "reasoning": "hm"}),
            json!({"role": "assistant", "content": "a", "reasoning_content": "hm"}),
            json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "custom", "custom": {"name": "f", "input": "x"}, "extra_content": {"s": 1}},
                {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}", "x": 1}}]}),
        ] {
            let message: Message = serde_json::from_value(wire.clone()).unwrap();
            assert!(matches!(message, Message::Assistant(_)), "{wire}");
            assert_eq!(serde_json::to_value(message).unwrap(), wire);
        }
        let plain = json!({"role": "assistant", "content": "a"});
        let message: Message = serde_json::from_value(plain).unwrap();
        assert_eq!(message, Message::assistant("a"));
    }
}
