//! A reference decoder: the standard's algorithm, step by step, over the whole stream at once. It copies freely
//! and cannot stream, so it shares no shortcut with the decoder under test.

use serde::de::IgnoredAny;
use turnwire::sse::{Event, Frame};

use super::Decoded;

/// The events and the end of a whole stream when no cap interferes.
pub fn reference(bytes: &[u8]) -> Decoded {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    // The text after the last line end is not a line yet.
    let unterminated = lines.pop().unwrap_or_default();

    let mut model = Model::default();
    for line in lines {
        model.line(line);
    }
    let finished = model.finish(unterminated);
    Decoded {
        frames: model.frames,
        error: None,
        finished,
        last_event_id: model.last_event_id,
        retry: model.retry,
    }
}

#[derive(Default)]
struct Model {
    frames: Vec<Frame<'static>>,
    last_event_id: String,
    retry: Option<u64>,
    // The standard's buffers.
    data: String,
    event: String,
    id: Option<String>,
    block_retry: Option<u64>,
}

impl Model {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            let event = self.dispatch();
            self.frames.extend(event.map(Frame::Event));
            return;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" => self.frames.push(Frame::Comment(value.to_owned().into())),
            "data" => self.data += &format!("{value}\n"),
            "event" => value.clone_into(&mut self.event),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|b| b.is_ascii_digit()) => {
                if let Ok(ms) = value.parse() {
                    self.retry = Some(ms);
                    self.block_retry = Some(ms);
                }
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<Event<'static>> {
        if let Some(id) = self.id.take() {
            self.last_event_id = id;
        }
        let block = std::mem::take(&mut self.data);
        let kind = std::mem::take(&mut self.event);
        let retry = self.block_retry.take();
        let mut event = Event::new(block.strip_suffix('\n')?.to_owned());
        if !kind.is_empty() {
            event.event = kind.into();
        }
        event.id = self.last_event_id.clone().into();
        event.retry = retry;
        Some(event)
    }

    /// The one leniency: an unterminated event counts if its data proves its own end.
    fn finish(&mut self, unterminated: &str) -> Option<Event<'static>> {
        if unterminated == "data" || unterminated.starts_with("data:") {
            self.line(unterminated);
        }
        let data = self.data.trim_ascii();
        let complete = serde_json::from_str::<IgnoredAny>(data).is_ok();
        // Only a number could continue with the missing bytes.
        let number = data.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if data == "[DONE]" || complete && !number { self.dispatch() } else { None }
    }
}
