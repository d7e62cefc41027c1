//! A message of the model: its text, its reasoning, and its tool calls.

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::content::Content;
use super::extra::Extra;
use super::json_text::JsonText;
use super::lenient::{List, Text};
use super::object::{Presence, read_object};
use crate::error::{Error, ErrorKind, Result};

/// A message of the model: text, a refusal, tool calls.
///
/// [`Message::from`](crate::chat::Message) converts a reply's message for a conversation without its reasoning,
/// [`with_reasoning`](Self::with_reasoning) with it. Fields that this library does not model are kept.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AssistantMessage {
    /// The text.
    pub content: Option<String>,
    /// The refusal, in place of the text.
    pub refusal: Option<String>,
    /// The reasoning. It is serialised under the name that the service used: `reasoning_content`, or on some services
    /// `reasoning`.
    pub reasoning: Option<String>,
    /// The tools that the model calls.
    pub tool_calls: Vec<ToolCall>,
    /// Fields beyond these, such as `audio`, `annotations` or `reasoning_details`.
    pub extra: Extra,
    pub(super) reasoning_name: ReasoningName,
    pub(super) presence: Presence,
}

/// `refusal` in [`AssistantMessage::presence`].
pub(super) const REFUSAL: u8 = 1;

/// The name of the reasoning on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ReasoningName {
    #[default]
    ReasoningContent,
    Reasoning,
}

impl ReasoningName {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ReasoningName::ReasoningContent => "reasoning_content",
            ReasoningName::Reasoning => "reasoning",
        }
    }
}

impl AssistantMessage {
    /// Serialises the fields into the map of their object.
    pub(super) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("content", &self.content)?;
        self.presence.write(map, REFUSAL, "refusal", &self.refusal)?;
        if let Some(reasoning) = &self.reasoning {
            map.serialize_entry(self.reasoning_name.as_str(), reasoning)?;
        }
        if !self.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &self.tool_calls)?;
        }
        self.extra.write(map)
    }
}

impl Serialize for AssistantMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

/// A message as it is read, before the reasoning in its content is separated.
#[derive(Default)]
struct WireMessage<'a> {
    content: Content<'a>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    tool_calls: Vec<ToolCall>,
    extra: Extra,
    presence: Presence,
}

read_object!(<'de> WireMessage<'de> {
    "content" => content: Content<'de>;
    "refusal" => refusal: Text<'de>, REFUSAL;
    "reasoning_content" => reasoning_content: Text<'de>;
    "reasoning" => reasoning: Text<'de>;
    "tool_calls" => tool_calls: List<ToolCall>;
    skip "role";
});

impl<'de> Deserialize<'de> for AssistantMessage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireMessage::deserialize(deserializer)?;
        let mut extra = wire.extra;
        let (reasoning, reasoning_name) =
            reasoning_of(wire.reasoning_content, wire.reasoning, wire.content.thoughts, &mut extra);
        Ok(AssistantMessage {
            content: wire.content.text.into_string(),
            refusal: wire.refusal,
            reasoning,
            tool_calls: wire.tool_calls,
            extra,
            reasoning_name,
            presence: wire.presence,
        })
    }
}

/// The reasoning, and the name to serialise it under. Services that send both names mostly repeat the same text; if the
/// texts differ, the second is kept in `extra`.
pub(super) fn reasoning_of(
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    thoughts: Option<String>,
    extra: &mut Extra,
) -> (Option<String>, ReasoningName) {
    let filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    match (reasoning_content, reasoning) {
        (Some(first), second) if filled(&second) && second.as_ref() != Some(&first) => {
            if first.is_empty() {
                return (second, ReasoningName::Reasoning);
            }
            extra.keep(ReasoningName::Reasoning.as_str(), second.into());
            (Some(first), ReasoningName::ReasoningContent)
        }
        (Some(first), _) => (Some(first), ReasoningName::ReasoningContent),
        (None, Some(second)) => (Some(second), ReasoningName::Reasoning),
        (None, None) => (thoughts, ReasoningName::ReasoningContent),
    }
}

/// The kind of a custom tool's call.
pub(super) const CUSTOM: &str = "custom";

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolCall {
    /// The call's id, which the result refers to.
    pub id: String,
    /// The kind of tool: `function`, or `custom`.
    pub kind: String,
    /// The function and its arguments; empty in a call of another kind.
    pub function: FunctionCall,
    /// The custom tool and its input, in a call of that kind.
    pub custom: Option<CustomCall>,
    /// Fields beyond these, such as `extra_content`.
    pub extra: Extra,
}

impl Default for ToolCall {
    fn default() -> Self {
        ToolCall {
            id: String::new(),
            kind: "function".to_owned(),
            function: FunctionCall::default(),
            custom: None,
            extra: Extra::default(),
        }
    }
}

read_object!(<'de> ToolCall {
    "id" => id: Text<'de>;
    "type" => kind: Text<'de>;
    "function" => function: FunctionCall;
    "custom" => custom: CustomCall;
    skip "index";
    then |call: &mut ToolCall| {
        if call.custom.is_some() && call.function == FunctionCall::default() {
            call.kind = CUSTOM.to_owned();
        }
    };
});

impl Serialize for ToolCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("type", &self.kind)?;
        if let Some(custom) = &self.custom {
            map.serialize_entry("custom", custom)?;
        }
        if self.custom.is_none() || self.function != FunctionCall::default() {
            map.serialize_entry("function", &self.function)?;
        }
        self.extra.write(&mut map)?;
        map.end()
    }
}

impl ToolCall {
    /// Parses the arguments. A model that passes none may write nothing, `{}` or `null`: each parses as `()`, and as a
    /// type without required fields.
    ///
    /// # Errors
    ///
    /// `structure` when they are not JSON of that type.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T> {
        let text = self.function.arguments.trim();
        let mut read = serde_json::from_str(text);
        if matches!(text, "" | "{}" | "null") {
            read = read.or_else(|e| {
                serde_json::from_str("{}").or_else(|_| serde_json::from_str("null")).map_err(|_| e)
            });
        }
        read.map_err(|e| {
            let why = format!("the arguments of {:?} cannot be read: {e}", self.function.name);
            Error::new(ErrorKind::Structure, "chat.arguments", why)
        })
    }
}

/// The function that a tool call names.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FunctionCall {
    /// Its name.
    pub name: String,
    /// Its arguments as the model wrote them, normally JSON.
    pub arguments: String,
    /// Fields beyond these.
    #[serde(flatten)]
    pub extra: Extra,
}

read_object!(<'de> FunctionCall {
    "name" => name: Text<'de>;
    "arguments" => arguments: JsonText<'de>;
});

/// The custom tool that a tool call names.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CustomCall {
    /// Its name.
    pub name: String,
    /// Its input as the model wrote it.
    pub input: String,
    /// Fields beyond these.
    #[serde(flatten)]
    pub extra: Extra,
}

read_object!(<'de> CustomCall {
    "name" => name: Text<'de>;
    "input" => input: JsonText<'de>;
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::ChatReply;
    use crate::chat::Message;

    #[test]
    fn a_reply_s_message_goes_back_with_all_that_came_but_the_reasoning() {
        let calls = json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}", "x": 1},
            "extra_content": {"google": {"thought_signature": "s"}}}]);
        let mut message = json!({"role": "assistant", "content": null, "tool_calls": calls,
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "=="}], "mood": "good"});
        for name in ["reasoning", "reasoning_content"] {
            let mut came = message.clone();
            came[name] = "hm".into();
            let reply: ChatReply =
                serde_json::from_value(json!({"choices": [{"message": came}]})).unwrap();
            let sent = |message: Message| serde_json::to_value(message).unwrap();
            let parsed = reply.message().unwrap();
            assert_eq!(sent(parsed.clone().into()), message);
            assert_eq!(sent(parsed.clone().with_reasoning()), came);
        }
        message["refusal"] = json!(null);
        let parsed: AssistantMessage = serde_json::from_value(message.clone()).unwrap();
        assert_eq!(serde_json::to_value(Message::from(parsed)).unwrap().get("refusal"), None);
    }

    #[test]
    fn reasoning_under_both_names_is_one_unless_it_differs() {
        let read = |json| serde_json::from_value::<AssistantMessage>(json).unwrap();
        let same = read(json!({"reasoning": "a", "reasoning_content": "a"}));
        assert_eq!((same.reasoning.as_deref(), same.extra.len()), (Some("a"), 0));
        let other = read(json!({"reasoning": "b", "reasoning_content": "a"}));
        assert_eq!(
            (other.reasoning.as_deref(), &other.extra["reasoning"]),
            (Some("a"), &json!("b"))
        );
        let alone = read(json!({"reasoning": "b", "reasoning_content": ""}));
        assert_eq!(
            serde_json::to_value(alone).unwrap(),
            json!({"content": null, "reasoning": "b"})
        );
    }

    #[test]
    fn no_arguments_read_as_nothing_however_they_are_written() {
        #[derive(Deserialize)]
        struct Optional {
            city: Option<String>,
        }
        let call = |arguments: &str| ToolCall {
            function: FunctionCall { arguments: arguments.to_owned(), ..Default::default() },
            ..Default::default()
        };
        for none in ["", " ", "{}", " {}\n", "null"] {
            call(none).arguments::<()>().unwrap();
            assert_eq!(call(none).arguments::<Optional>().unwrap().city, None);
        }
        for other in ["{", "3", r#"{"a":1}"#] {
            assert_eq!(call(other).arguments::<()>().unwrap_err().code(), "structure", "{other}");
        }
        assert_eq!(call("{}").arguments::<Vec<u8>>().unwrap_err().code(), "structure");
    }
}
