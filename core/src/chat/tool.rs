//! Tools that a model may call, and the structure required of a reply: both described by JSON schemas.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::lenient;

/// A tool that the model may call.
///
/// A tool that is parsed from JSON and has fields beyond these variants becomes [`Other`](Self::Other), so that it is
/// sent unchanged.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tool {
    /// A function of the caller.
    Function {
        /// The function.
        function: FunctionTool,
    },
    /// A tool of another type, sent unchanged.
    #[serde(untagged)]
    Other(Value),
}

/// The variants without `Other`, for parsing.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KnownTool {
    Function { function: FunctionTool },
}

impl<'de> Deserialize<'de> for Tool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::whole_or(deserializer, Tool::Other, |KnownTool::Function { function }| {
            Tool::Function { function }
        })
    }
}

/// A function, as described to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FunctionTool {
    /// Its name.
    pub name: String,
    /// Its effect, and when to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// True if the arguments must follow the schema exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl Tool {
    /// A function whose arguments a JSON schema describes.
    pub fn with_schema(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
        strict: Option<bool>,
    ) -> Self {
        Tool::Function {
            function: FunctionTool {
                name: name.into(),
                description: Some(description.into()),
                parameters: Some(parameters),
                strict,
            },
        }
    }
}

/// The choice of tools that the model may, or must, call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ToolChoice {
    /// `none`, `auto` or `required`.
    Mode(ToolMode),
    /// Another form, such as a named tool, sent unchanged.
    Other(Value),
}

/// The model's freedom to call tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ToolMode {
    /// The model calls none.
    None,
    /// The model decides.
    Auto,
    /// The model calls at least one.
    Required,
}

impl ToolChoice {
    /// The model must call this function.
    pub fn function(name: &str) -> Self {
        ToolChoice::Other(json!({"type": "function", "function": {"name": name}}))
    }
}

impl From<ToolMode> for ToolChoice {
    fn from(mode: ToolMode) -> Self {
        ToolChoice::Mode(mode)
    }
}

/// The required form of the reply's text.
///
/// A form that is parsed from JSON and has fields beyond these variants becomes [`Other`](Self::Other), so that it is
/// sent unchanged.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseFormat {
    /// Free text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema {
        /// The schema.
        json_schema: SchemaFormat,
    },
    /// Another form, sent unchanged.
    #[serde(untagged)]
    Other(Value),
}

/// The variants without `Other`, for parsing.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KnownFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: SchemaFormat },
}

impl<'de> Deserialize<'de> for ResponseFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::whole_or(deserializer, ResponseFormat::Other, |known| match known {
            KnownFormat::Text => ResponseFormat::Text,
            KnownFormat::JsonObject => ResponseFormat::JsonObject,
            KnownFormat::JsonSchema { json_schema } => ResponseFormat::JsonSchema { json_schema },
        })
    }
}

/// A schema for a reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemaFormat {
    /// The name of the schema: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// Its purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema.
    pub schema: Value,
    /// True if the reply must follow the schema exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl ResponseFormat {
    /// JSON that follows `schema` exactly.
    pub fn json_schema(name: impl Into<String>, schema: Value) -> Self {
        let json_schema =
            SchemaFormat { name: name.into(), description: None, schema, strict: Some(true) };
        ResponseFormat::JsonSchema { json_schema }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_have_the_wire_form() {
        assert_eq!(serde_json::to_value(ToolChoice::from(ToolMode::Required)).unwrap(), "required");
        let named = serde_json::to_value(ToolChoice::function("count")).unwrap();
        assert_eq!(named, json!({"type": "function", "function": {"name": "count"}}));
    }

    #[test]
    fn what_is_read_from_json_and_not_modelled_is_sent_on() {
        for wire in [
            r#"{"type":"function","function":{"name":"f","parameters":{"z":1,"a":2}},"cache_control":{}}"#,
            r#"{"type":"function","function":{"name":"f","returns":{}}}"#,
            r#"{"type":"function","function":{"name":"f"}}"#,
            r#"{"type":"web_search","b":1,"a":2}"#,
        ] {
            let tool: Tool = serde_json::from_str(wire).unwrap();
            assert_eq!(serde_json::to_string(&tool).unwrap(), wire);
        }
        for wire in [
            r#"{"type":"text"}"#,
            r#"{"type":"json_object","schema":{"z":1,"a":2}}"#,
            r#"{"type":"json_schema","json_schema":{"name":"n","schema":{"z":1,"a":2},"x":1}}"#,
            r#"{"type":"grammar","b":1,"a":2}"#,
        ] {
            let format: ResponseFormat = serde_json::from_str(wire).unwrap();
            assert_eq!(serde_json::to_string(&format).unwrap(), wire);
        }
        let plain = json!({"type": "function", "function": {"name": "f"}});
        assert!(matches!(serde_json::from_value(plain), Ok(Tool::Function { .. })));
    }
}
