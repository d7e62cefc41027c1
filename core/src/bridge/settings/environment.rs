//! Settings of a model's client from the environment.

use serde_json::{Map, Value};

use super::names::Names;
use super::values::BUILD;
use crate::chat::builder::{custom_headers, variable};
use crate::error::{Error, ErrorKind, Result};

/// The settings with an environment variable.
const VARIABLES: [(&str, &str); 4] = [
    ("api_key", "OPENAI_API_KEY"),
    ("base_url", "OPENAI_BASE_URL"),
    ("organization", "OPENAI_ORG_ID"),
    ("project", "OPENAI_PROJECT_ID"),
];

/// Adds the environment's values to a model client's settings, as JSON, for settings that are absent. `null` counts as
/// present.
///
/// An empty or blank variable counts as not set, and its value is trimmed. The headers of
/// `OPENAI_CUSTOM_HEADERS` precede those of the settings. `variables` is the environment of the host, which may be
/// another than that of the process, as in a Node worker thread.
///
/// # Errors
///
/// `config` when the settings are not a JSON object, or their headers are neither an object nor a list.
pub fn with_environment(
    json: &str,
    names: Names,
    variables: impl Fn(&str) -> Option<String>,
) -> Result<String> {
    let refuse = |why: &str| Error::new(ErrorKind::Config, BUILD, why);
    let settings = crate::json::from_str::<Map<String, Value>>(json);
    let mut settings = settings.map_err(|_| refuse("the settings must be a JSON object"))?;
    for (name, of_environment) in VARIABLES {
        let name = names.shown(name);
        if !settings.contains_key(&name)
            && let Some(value) = variable(&variables, of_environment)
        {
            settings.insert(name, value.into());
        }
    }
    let mut headers: Vec<Value> = custom_headers(&variables).map(pair).collect();
    if !headers.is_empty() {
        let http = settings.entry("http").or_insert(Value::Null);
        if http.is_null() {
            *http = Map::new().into();
        }
        let http = http.as_object_mut().ok_or_else(|| refuse("http must be an object"))?;
        match http.remove("headers") {
            None | Some(Value::Null) => {}
            Some(Value::Array(given)) => headers.extend(given),
            Some(Value::Object(given)) => {
                headers.extend(
                    given
                        .into_iter()
                        .map(|(name, value)| [name.into(), value].into_iter().collect()),
                );
            }
            Some(_) => return Err(refuse("http.headers must be an object or a list")),
        }
        http.insert("headers".to_owned(), headers.into());
    }
    Ok(Value::from(settings).to_string())
}

fn pair((name, value): (String, String)) -> Value {
    [name, value].into_iter().map(Value::from).collect()
}
