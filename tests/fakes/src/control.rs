//! The calls by which tests in other languages write scripts and read records.

use serde_json::json;

use crate::openai;
use crate::request::Request;
use crate::script::Script;
use crate::state::Shared;

const PREFIX: &str = "/_fake/";

pub(crate) fn is_control(request: &Request) -> bool {
    request.path.starts_with(PREFIX)
}

pub(crate) fn answer(shared: &Shared, request: &Request) -> Script {
    let call = request.path.strip_prefix(PREFIX).unwrap_or_default();
    match (request.method.as_str(), call.split_once('/').unwrap_or((call, ""))) {
        ("PUT", ("scripts", key)) if !key.is_empty() => {
            let body = serde_json::from_slice(&request.body).and_then(Script::queue);
            match body {
                Ok(scripts) => {
                    let key = percent_decoded(key);
                    let reply = json!({"key": key, "scripts": scripts.len()});
                    shared.set_scripts(&key, scripts);
                    Script::body(reply)
                }
                Err(error) => Script::error(400, &format!("not a script: {error}")),
            }
        }
        ("GET", ("requests", "")) => {
            let model = model_wanted(request.query.as_deref().unwrap_or_default());
            let records = shared.read(|log| match &model {
                Some(model) => serde_json::to_value(log.for_model(model).collect::<Vec<_>>()),
                None => serde_json::to_value(&log.requests),
            });
            Script::body(records.unwrap_or_default())
        }
        ("GET", ("state", "")) => Script::body(shared.read(|log| {
            json!({
                "connections": log.connections,
                "open_connections": log.open_connections,
            })
        })),
        ("POST", ("reset", "")) => {
            shared.reset();
            Script::body(json!({}))
        }
        (method, _) => {
            let message = format!("The fake has no such call: {method} {}", request.path);
            Script::body(openai::error(404, &message, None, None)).status(404)
        }
    }
}

fn model_wanted(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("model="))?;
    Some(percent_decoded(&value.replace('+', " ")))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push((high << 4) | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded() {
        assert_eq!(percent_decoded("a%2Fb%20%EC%95%88%"), "a/b 안%");
        assert_eq!(model_wanted("x=1&model=gpt+4%2B"), Some("gpt 4+".into()));
        assert_eq!(model_wanted("x=1"), None);
    }
}
