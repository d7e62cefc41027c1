//! Timelines that a host has as JSON, drawn for terminals and as pictures.

use crate::error::{Error, ErrorKind, Result};
use crate::turn::Timeline;

/// The chart of a timeline for a terminal.
///
/// # Errors
///
/// `invalid_request` when the JSON is not that of a timeline.
pub fn timeline_text(json: &str) -> Result<String> {
    read(json).map(|timeline| timeline.to_string())
}

/// The picture of a timeline, as SVG, with this note below its title.
///
/// # Errors
///
/// As [`timeline_text`].
pub fn timeline_svg(json: &str, note: &str) -> Result<String> {
    read(json).map(|timeline| timeline.to_svg_with(note))
}

fn read(json: &str) -> Result<Timeline> {
    // The message of serde's error may quote a reason, which may have text of a service in it.
    serde_json::from_str(json).map_err(|_| {
        let why = "the JSON is not that of a timeline";
        Error::new(ErrorKind::InvalidRequest, "turn.timeline", why)
    })
}
