//! JSON schemas of types, in the subset that strict services accept.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::tool::{FunctionTool, ResponseFormat, SchemaFormat, Tool};

impl Tool {
    /// A function whose arguments are a `T`, strictly enforced if the type allows it; `()` for none.
    ///
    /// ```
    /// use turnwire::chat::Tool;
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Weather {
    ///     /// The city, in Korean.
    ///     city: String,
    /// }
    /// let tool = Tool::function::<Weather>("weather", "Tells today's weather.");
    /// # let _ = tool;
    /// ```
    pub fn function<T: JsonSchema>(
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let TypeSchema { schema, strict } = schema_of::<T>();
        let has_none = schema.get("type").is_some_and(|t| t == "null");
        Tool::Function {
            function: FunctionTool {
                name: name.into(),
                description: Some(description.into()),
                parameters: Some(schema).filter(|_| !has_none),
                strict: strict.then_some(true),
            },
        }
    }
}

impl ResponseFormat {
    /// JSON that parses as a `T`, strictly enforced if the type allows it; parse it with
    /// [`ChatReply::parse`](crate::chat::ChatReply::parse).
    pub fn of<T: JsonSchema>() -> Self {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name = T::schema_name();
        let name = name.chars().map(|c| if allowed(c) { c } else { '_' });
        let TypeSchema { schema, strict } = schema_of::<T>();
        let json_schema = SchemaFormat {
            name: name.take(64).collect(),
            description: None,
            schema,
            strict: strict.then_some(true),
        };
        ResponseFormat::JsonSchema { json_schema }
    }
}

/// A schema, and true if a service can enforce it strictly.
#[derive(Debug)]
struct TypeSchema {
    schema: Value,
    strict: bool,
}

/// The schema of `T`.
///
/// It is strict if the type fits the supported subset (OpenAI's guide "Structured Outputs", "Supported schemas"): an
/// object at the root, every object closed and with all its properties required, no keyword that such services reject.
/// An optional field stays optional by allowing null. Other types (maps, tuples, enums at the root, flattened enums,
/// internally tagged ones that wrap a struct) are described as they are, not strictly: a schema that nothing can
/// satisfy would be worse.
fn schema_of<T: JsonSchema>() -> TypeSchema {
    let mut settings = SchemaSettings::draft2020_12();
    settings.meta_schema = None;
    let honest = settings.into_generator().into_root_schema_for::<T>().to_value();
    let mut schema = honest.clone();
    let is_object = schema.get("type").is_some_and(|t| t == "object");
    if is_object && make_strict(&mut schema).is_some() {
        TypeSchema { schema, strict: true }
    } else {
        TypeSchema { schema: honest, strict: false }
    }
}

/// Makes a schema strict in place; `None` when that would change the values it allows.
fn make_strict(schema: &mut Value) -> Option<()> {
    let object = schema.as_object_mut()?;
    // Keywords that mean nothing to a model, and that strict services reject.
    object.retain(|key, value| match key.as_str() {
        "default" | "uniqueItems" => false,
        "format" => is_known_format(value),
        _ => true,
    });
    if object.contains_key("$ref") {
        // A reference must have no siblings; dropping mere annotations loses nothing.
        let annotations = ["$ref", "$defs", "title", "description"];
        let alone = object.keys().all(|key| annotations.contains(&key.as_str()));
        object.retain(|key, _| key == "$ref" || key == "$defs");
        alone.then_some(())?;
    }
    // Enums become `oneOf`; strict services support `anyOf`, and the variants are mutually exclusive anyway.
    if let Some(variants) = object.shift_remove("oneOf") {
        object.insert("anyOf".into(), variants);
    }
    let inexpressible = ["prefixItems", "allOf", "not", "if", "patternProperties", "propertyNames"];
    if inexpressible.iter().any(|key| object.contains_key(*key)) {
        return None;
    }
    if has_type(object, "object") {
        close(object)?;
    }
    for key in ["properties", "$defs"] {
        for schema in object.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
            make_strict(schema.1)?;
        }
    }
    for schema in object.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
        make_strict(schema)?;
    }
    object.get_mut("items").map_or(Some(()), make_strict)
}

/// Closes an object, and makes all its properties required.
fn close(object: &mut Map<String, Value>) -> Option<()> {
    // A map has properties beyond the named ones; a flattened enum has them in sibling variants.
    let open = ["additionalProperties", "unevaluatedProperties"];
    let is_open = open.iter().any(|key| object.get(*key).is_some_and(|allowed| allowed != false));
    if is_open || object.contains_key("anyOf") {
        return None;
    }
    object.shift_remove("unevaluatedProperties");
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    let names: Vec<String> = properties.as_object()?.keys().cloned().collect();
    object.insert("required".into(), names.into());
    object.insert("additionalProperties".into(), false.into());
    Some(())
}

/// Returns true if a schema's `type` is or includes `name`.
fn has_type(object: &Map<String, Value>, name: &str) -> bool {
    match object.get("type") {
        Some(Value::Array(types)) => types.iter().any(|t| t == name),
        Some(only) => only == name,
        None => false,
    }
}

fn is_known_format(format: &Value) -> bool {
    const KNOWN: [&str; 9] =
        ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];
    format.as_str().is_some_and(|format| KNOWN.contains(&format))
}

#[cfg(test)]
#[allow(dead_code, reason = "the types are only described")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[derive(JsonSchema)]
    struct Order {
        /// The items to bring.
        items: Vec<Item>,
        default: Option<String>,
        inner: Option<Item>,
        kinds: BTreeSet<Kind>,
        #[schemars(length(min = 1))]
        note: String,
        next: Option<Box<Order>>,
    }

    #[derive(JsonSchema)]
    struct Item {
        count: u32,
        kind: Kind,
    }

    #[derive(JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
    enum Kind {
        Tea,
        Cake { slices: u8 },
    }

    #[derive(JsonSchema)]
    struct Tagged {
        inner: InternallyTagged,
    }

    #[derive(JsonSchema)]
    #[serde(tag = "t")]
    enum InternallyTagged {
        A,
        C(Item),
    }

    #[derive(JsonSchema)]
    struct WithMap {
        map: BTreeMap<String, u32>,
    }

    #[derive(JsonSchema)]
    struct WithTuple {
        pair: (u32, String),
    }

    #[derive(JsonSchema)]
    struct Flattened {
        a: u32,
        #[serde(flatten)]
        kind: Kind,
    }

    #[derive(JsonSchema)]
    struct WithValue {
        any: Value,
    }

    #[test]
    fn a_format_is_named_after_its_type() {
        let value = serde_json::to_value(ResponseFormat::of::<Order>()).unwrap();
        assert_eq!(value["type"], "json_schema");
        assert_eq!(value["json_schema"]["name"], "Order");
        assert_eq!(value["json_schema"]["strict"], true);
    }

    #[test]
    fn a_tool_takes_the_schema_of_its_arguments() {
        let tool = serde_json::to_value(Tool::function::<Item>("count", "Counts.")).unwrap();
        assert_eq!(tool["type"], "function");
        assert_eq!(tool["function"]["name"], "count");
        assert!(tool["function"]["parameters"]["properties"]["count"].is_object());
        let tool = serde_json::to_value(Tool::function::<()>("ring", "Rings.")).unwrap();
        assert!(tool["function"].get("parameters").is_none());
    }

    /// Every object in the schema must be closed and complete, or a strict service rejects the request.
    fn assert_strict(schema: &Value) {
        let object = schema.as_object().unwrap();
        if has_type(object, "object") {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
            assert_eq!(names.len(), schema["required"].as_array().unwrap().len(), "{schema}");
        }
        for refused in ["oneOf", "default", "uniqueItems", "prefixItems"] {
            assert!(!object.contains_key(refused), "{schema}");
        }
        for key in ["properties", "$defs"] {
            schema[key].as_object().into_iter().flat_map(Map::values).for_each(assert_strict);
        }
        schema["anyOf"].as_array().into_iter().flatten().for_each(assert_strict);
        schema.get("items").into_iter().for_each(assert_strict);
    }

    #[test]
    fn a_schema_is_strict_at_every_depth() {
        let TypeSchema { schema, strict } = schema_of::<Order>();
        assert!(strict, "{schema}");
        assert_strict(&schema);
        assert_eq!(schema["properties"]["items"]["description"], "The items to bring.");
        assert!(schema["properties"]["default"].is_object(), "a property named like a keyword");
        assert!(schema.get("$schema").is_none());
        let count = &schema["$defs"]["Item"]["properties"]["count"];
        assert!(count.get("format").is_none(), "{count}");
    }

    /// The names of an object's properties in their order, and the required ones.
    fn names(schema: &Value) -> (Vec<String>, Vec<String>) {
        let properties = schema["properties"].as_object().unwrap().keys().cloned().collect();
        (properties, serde_json::from_value(schema["required"].clone()).unwrap())
    }

    #[test]
    fn properties_stand_in_the_order_of_the_fields_at_every_depth() {
        #[derive(JsonSchema)]
        struct Answer {
            reasoning: String,
            #[serde(default)]
            confidence: f32,
            answer: Inner,
        }

        #[derive(JsonSchema)]
        struct Inner {
            z: u64,
            y: Option<f64>,
            #[schemars(url)]
            x: String,
            a: u8,
        }

        #[derive(JsonSchema)]
        struct Open {
            z: Inner,
            a: BTreeMap<String, u32>,
        }

        let TypeSchema { schema, strict } = schema_of::<Answer>();
        assert!(strict);
        let outer = ["reasoning", "confidence", "answer"].map(str::to_owned).to_vec();
        let inner = ["z", "y", "x", "a"].map(str::to_owned).to_vec();
        assert_eq!(names(&schema), (outer.clone(), outer));
        assert_eq!(names(&schema["$defs"]["Inner"]), (inner.clone(), inner));
        let open = schema_of::<Open>();
        assert!(!open.strict);
        let fields = ["z", "a"].map(str::to_owned).to_vec();
        assert_eq!(names(&open.schema), (fields.clone(), fields));
    }

    #[test]
    fn what_strictness_would_change_is_described_as_it_is() {
        let honest = [
            schema_of::<WithMap>(),
            schema_of::<WithTuple>(),
            schema_of::<Tagged>(),
            schema_of::<Flattened>(),
            schema_of::<WithValue>(),
            schema_of::<Kind>(),
            schema_of::<Vec<Item>>(),
            schema_of::<BTreeMap<String, u32>>(),
            schema_of::<()>(),
        ];
        for TypeSchema { schema, strict } in honest {
            assert!(!strict, "{schema}");
        }
        let map = schema_of::<WithMap>().schema;
        assert!(map["properties"]["map"]["additionalProperties"].is_object(), "{map}");
    }
}
