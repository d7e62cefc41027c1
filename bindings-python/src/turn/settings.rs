//! The settings of turns, by the names of core's builder.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use turnwire::turn::{OnDisconnect, TurnsBuilder};
use turnwire::{ChatStore, Outbox};

use crate::error::exception;
use crate::seconds::seconds;

/// Applies the settings to a builder.
///
/// # Errors
///
/// `TypeError` for a setting of an unknown name or of the wrong type.
pub(super) fn apply(
    mut turns: TurnsBuilder,
    settings: &Bound<'_, PyDict>,
) -> PyResult<TurnsBuilder> {
    for (name, value) in settings {
        let name: String = name.extract()?;
        turns = match name.as_str() {
            "store" => turns.store(store(&value)?),
            "outbox" => turns.outbox(outbox(&value)?),
            "model" => turns.model(value.extract::<String>()?),
            "system_prompt" => turns.system_prompt(value.extract::<String>()?),
            "sentiment_budget" => turns.sentiment_budget(limit(&value)?),
            "sentiment_hint" => turns.sentiment_hint(value.extract::<String>()?),
            "naming_prompt" => turns.naming_prompt(value.extract::<String>()?),
            "naming_limit" => turns.naming_limit(limit(&value)?),
            "workspace_wait" => turns.workspace_wait(limit(&value)?),
            "on_disconnect" => turns.on_disconnect(on_disconnect(&value)?),
            "turn_events" => turns.turn_events(value.extract()?),
            "sentiment_events" => turns.sentiment_events(value.extract()?),
            "usage_events" => turns.usage_events(value.extract()?),
            "failure_events" => turns.failure_events(value.extract()?),
            "detailed_errors" => turns.detailed_errors(value.extract()?),
            _ => {
                let why = format!("Turns() got an unexpected keyword argument '{name}'");
                return Err(PyTypeError::new_err(why));
            }
        };
    }
    Ok(turns)
}

fn store(settings: &Bound<'_, PyAny>) -> PyResult<ChatStore> {
    let fail = |error| exception(settings.py(), &error);
    if let Ok(url) = settings.cast::<PyString>() {
        return ChatStore::new(url.to_str()?).map_err(fail);
    }
    let settings = settings.cast::<PyDict>()?;
    let text = |name: &str| -> PyResult<String> {
        Ok(settings.get_item(name)?.map(|value| value.extract()).transpose()?.unwrap_or_default())
    };
    let store = ChatStore::builder(text("base_url")?);
    let (access, refresh) = (text("access_token")?, text("refresh_token")?);
    let store =
        if access.is_empty() && refresh.is_empty() { store } else { store.tokens(access, refresh) };
    store.build().map_err(fail)
}

fn outbox(path: &Bound<'_, PyAny>) -> PyResult<Outbox> {
    let py = path.py();
    let path: PathBuf = path.extract()?;
    py.detach(|| Outbox::open(path)).map_err(|error| exception(py, &error))
}

fn limit(value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    Ok(seconds(value.extract()?)?.unwrap_or(Duration::MAX))
}

fn on_disconnect(value: &Bound<'_, PyAny>) -> PyResult<OnDisconnect> {
    match value.extract::<String>()?.as_str() {
        "save_partial" => Ok(OnDisconnect::SavePartial),
        "finish" => Ok(OnDisconnect::Finish),
        "discard" => Ok(OnDisconnect::Discard),
        _ => {
            let why = "on_disconnect is one of 'save_partial', 'finish' and 'discard'";
            Err(PyValueError::new_err(why))
        }
    }
}
