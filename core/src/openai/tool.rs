//! Tools that a model may call, and the structure that a reply may be held to: both described by JSON schemas.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A tool that the model may call.
///
/// ```
/// use turnwire::Tool;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Weather {
///     /// The city, in Korean.
///     city: String,
/// }
/// let tool = Tool::function::<Weather>("weather", "Tells today's weather.");
/// # let _ = tool;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tool {
    /// A function of the caller's.
    Function {
        /// The function.
        function: FunctionTool,
    },
    /// A tool of another type, sent as it is.
    #[serde(untagged)]
    Other(Value),
}

/// A function, as the model is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FunctionTool {
    /// Its name.
    pub name: String,
    /// What it does, and when to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Whether the arguments must follow the schema exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl Tool {
    /// A function whose arguments are a `T`, to be followed exactly.
    pub fn function<T: JsonSchema>(
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Tool::with_schema(name, description, strict_schema::<T>(), Some(true))
    }

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

/// Which tools the model may, or must, call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ToolChoice {
    /// `none`, `auto` or `required`.
    Mode(ToolMode),
    /// Another form, such as a named tool, sent as it is.
    Other(Value),
}

/// How free the model is to call tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ToolMode {
    /// It calls none.
    None,
    /// It decides.
    Auto,
    /// It calls at least one.
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

/// The form that the reply's text must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseFormat {
    /// Free text.
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema {
        /// The schema.
        json_schema: SchemaFormat,
    },
    /// Another form, sent as it is.
    #[serde(untagged)]
    Other(Value),
}

/// A schema for a reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemaFormat {
    /// Names the schema: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema.
    pub schema: Value,
    /// Whether the reply must follow it exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl ResponseFormat {
    /// JSON that reads as a `T`; read it with [`ChatReply::parse`](crate::ChatReply::parse).
    pub fn of<T: JsonSchema>() -> Self {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name = T::schema_name();
        let name = name.chars().map(|c| if allowed(c) { c } else { '_' });
        ResponseFormat::json_schema(name.take(64).collect::<String>(), strict_schema::<T>())
    }

    /// JSON that follows `schema` exactly.
    pub fn json_schema(name: impl Into<String>, schema: Value) -> Self {
        let json_schema =
            SchemaFormat { name: name.into(), description: None, schema, strict: Some(true) };
        ResponseFormat::JsonSchema { json_schema }
    }
}

/// The schema of `T` in the subset that strict services accept: every object lists all its properties as
/// required and allows no others, and no keyword is used that such services refuse (OpenAI's "Structured
/// Outputs" guide, "Supported schemas"). An optional field stays optional by allowing null.
pub(super) fn strict_schema<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    make_strict(&mut schema);
    schema
}

fn make_strict(schema: &mut Value) {
    match schema {
        Value::Object(object) => make_object_strict(object),
        Value::Array(items) => items.iter_mut().for_each(make_strict),
        _ => {}
    }
}

fn make_object_strict(object: &mut Map<String, Value>) {
    // Keywords whose values are literals, not schemas.
    const LITERALS: [&str; 4] = ["enum", "const", "required", "description"];
    // Integer widths and defaults mean nothing to a model, and strict services refuse them.
    object.remove("default");
    if object.get("format").is_some_and(|f| !is_known_format(f)) {
        object.remove("format");
    }
    // `oneOf` is what enums become; strict services know `anyOf`, and the variants exclude one another anyway.
    if let Some(variants) = object.remove("oneOf") {
        object.insert("anyOf".into(), variants);
    }
    // A reference stands alone.
    if object.contains_key("$ref") {
        object.retain(|key, _| key == "$ref" || key == "$defs");
    }
    if object.get("type").is_some_and(|t| t == "object") {
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        let names: Vec<String> =
            properties.as_object().map(|p| p.keys().cloned().collect()).unwrap_or_default();
        object.insert("required".into(), names.into());
        object.insert("additionalProperties".into(), false.into());
    }
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            // Maps from names to schemas: a property may be named like a keyword.
            ("properties" | "$defs", Value::Object(named)) => {
                named.values_mut().for_each(make_strict);
            }
            (key, value) if !LITERALS.contains(&key) => make_strict(value),
            _ => {}
        }
    }
}

fn is_known_format(format: &Value) -> bool {
    const KNOWN: [&str; 9] =
        ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];
    format.as_str().is_some_and(|f| KNOWN.contains(&f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Order {
        /// What to bring.
        items: Vec<Item>,
        default: Option<String>,
        #[schemars(length(min = 1))]
        note: String,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Item {
        count: u32,
        kind: Kind,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Kind {
        Tea,
        Cake { slices: u8 },
    }

    /// Every object in the schema must be closed and complete, or a strict service refuses the request.
    fn assert_strict(schema: &Value) {
        if schema["type"] == "object" {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
            let required = schema["required"].as_array().unwrap();
            assert_eq!(names.len(), required.len(), "{schema}");
        }
        assert!(schema.get("oneOf").is_none() && schema.get("default").is_none(), "{schema}");
        for key in ["properties", "$defs"] {
            schema[key].as_object().into_iter().flat_map(Map::values).for_each(assert_strict);
        }
        for key in ["anyOf", "allOf"] {
            schema[key].as_array().into_iter().flatten().for_each(assert_strict);
        }
        schema.get("items").into_iter().for_each(assert_strict);
    }

    #[test]
    fn a_schema_from_a_type_is_strict_at_every_depth() {
        let schema = strict_schema::<Order>();
        assert_strict(&schema);
        assert_eq!(schema["required"], json!(["default", "items", "note"]));
        assert_eq!(schema["properties"]["items"]["description"], "What to bring.");
        assert!(
            schema["properties"]["default"].is_object(),
            "a property named like a keyword stays"
        );
        assert!(schema.get("$schema").is_none());
        let count = &schema["$defs"]["Item"]["properties"]["count"];
        assert!(count.get("format").is_none(), "{count}");
    }

    #[test]
    fn a_format_is_named_after_its_type() {
        let value = serde_json::to_value(ResponseFormat::of::<Order>()).unwrap();
        assert_eq!(value["type"], "json_schema");
        assert_eq!(value["json_schema"]["name"], "Order");
        assert_eq!(value["json_schema"]["strict"], true);
    }

    #[test]
    fn tools_and_choices_have_the_wire_form() {
        let tool = serde_json::to_value(Tool::function::<Item>("count", "Counts.")).unwrap();
        assert_eq!(tool["type"], "function");
        assert_eq!(tool["function"]["name"], "count");
        assert_eq!(serde_json::to_value(ToolChoice::from(ToolMode::Required)).unwrap(), "required");
        let named = serde_json::to_value(ToolChoice::function("count")).unwrap();
        assert_eq!(named, json!({"type": "function", "function": {"name": "count"}}));
    }
}
