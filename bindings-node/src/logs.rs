//! Core's log, for a logger in JavaScript.

use napi_derive::napi;
use serde_json::json;
use tracing::Level;
use turnwire::bridge;

/// Keeps core's log records of this level and above. The first call in a process sets the level.
#[napi]
pub fn keep_logs(level: String) -> bool {
    level.parse::<Level>().is_ok_and(bridge::keep_logs)
}

/// Takes the records since the last call, as a JSON list of `{level, target, message}`; `null` when there
/// is nothing.
#[napi]
pub fn take_logs() -> Option<String> {
    let records = bridge::take_logs();
    let list = records.iter().map(|record| {
        json!({
            "level": record.level.as_str().to_ascii_lowercase(),
            "target": record.target,
            "message": record.message,
        })
    });
    (!records.is_empty()).then(|| serde_json::Value::from_iter(list).to_string())
}
