//! A turn's events and chunks of bytes for Python.

use std::collections::VecDeque;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::value::RawValue;
use turnwire::Bytes;
use turnwire::bridge::{Events, List};

use crate::stream::{Cross, Ready};

impl Cross for Events {
    type Ready = VecDeque<Box<RawValue>>;

    fn into_ready(self) -> PyResult<Self::Ready> {
        serde_json::from_str(&self.into_json()).map_err(|e| PyValueError::new_err(e.to_string()))
    }

    fn first<'py>(ready: &Ready<Self>, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let first = ready.lock().pop_front();
        // Outside the lock, as it runs Python code.
        let Some(event) = first else { return Ok(None) };
        let events = py.import(intern!(py, "turnwire._turn_events"))?;
        events.call_method1(intern!(py, "read"), (event.get(),)).map(Some)
    }
}

impl Cross for List<Bytes> {
    type Ready = List<Bytes>;

    fn into_ready(self) -> PyResult<Self::Ready> {
        Ok(self)
    }

    fn first<'py>(ready: &Ready<Self>, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let first = ready.lock().take_first();
        Ok(first.map(|bytes| PyBytes::new(py, &bytes).into_any()))
    }
}
