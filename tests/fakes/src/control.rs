//! The control calls with which tests in other languages write scripts and read records.

use serde_json::{Value, json};

use crate::openai;
use crate::request::{Request, percent_decoded};
use crate::script::Script;
use crate::state::Shared;

pub(crate) const PREFIX: &str = "/_fake/";

pub(crate) fn is_control(request: &Request) -> bool {
    request.path.starts_with(PREFIX)
}

pub(crate) fn answer(shared: &Shared, request: &Request) -> Script {
    let call = request.path.strip_prefix(PREFIX).unwrap_or_default();
    match (request.method.as_str(), call.split_once('/').unwrap_or((call, ""))) {
        ("PUT" | "POST", ("scripts", key)) if !key.is_empty() => {
            let body = serde_json::from_slice(&request.body).and_then(Script::queue);
            match body {
                Ok(scripts) => {
                    let key = percent_decoded(key);
                    let reply = json!({"key": key, "scripts": scripts.len()});
                    match request.method.as_str() {
                        "PUT" => shared.set_scripts(&key, scripts),
                        _ => {
                            scripts.into_iter().for_each(|script| shared.push_script(&key, script))
                        }
                    }
                    Script::body(reply)
                }
                Err(error) => Script::error(400, &format!("not a script: {error}")),
            }
        }
        ("POST", ("release", hold)) if !hold.is_empty() => {
            let hold = percent_decoded(hold);
            shared.release(&hold);
            Script::body(json!({"released": hold}))
        }
        ("GET", ("requests", "")) => {
            let model = request.parameter("model");
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
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            if let Some(answer) = shared.service().control(method, call, &body) {
                return answer;
            }
            let message = format!("The fake has no such call: {method} {}", request.path);
            Script::body(openai::error(404, &message, None, None)).status(404)
        }
    }
}
