//! The forms in which a turn is sent as the body of a response.

use super::TurnEvent;
use super::ui::UiWriter;
use crate::sse::Buffer;

/// The headers of a response that streams events. The last two keep proxies from buffering the events.
pub const RESPONSE_HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Accel-Buffering", "no"),
];

/// The headers of a response in the AI SDK's UI message stream. `Connection: keep-alive`, which the SDK's own servers add, is
/// the default of HTTP/1.1; HTTP/2 and WSGI forbid it to an application.
pub const UI_RESPONSE_HEADERS: [(&str, &str); 4] = [
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Vercel-AI-UI-Message-Stream", "v1"),
    ("X-Accel-Buffering", "no"),
];

/// The headers of a response that streams the reply as plain text. The last one keeps browsers from waiting for enough of it
/// to guess its type.
pub const TEXT_RESPONSE_HEADERS: [(&str, &str); 4] = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Accel-Buffering", "no"),
    ("X-Content-Type-Options", "nosniff"),
];

/// A comment that proves to readers and proxies that the connection is alive. It is not an event.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// The form in which a turn is sent as the body of a response.
///
/// ```
/// use turnwire::event::Wire;
///
/// assert_eq!(Wire::named("ui"), Some(Wire::Ui));
/// assert!(Wire::Ui.headers().contains(&("X-Vercel-AI-UI-Message-Stream", "v1")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wire {
    /// The event stream of a chat service: each [`TurnEvent`] as its own frame.
    Sse,
    /// The UI message stream of the AI SDK, which its `useChat` reads.
    Ui,
    /// The reply alone, as plain text in UTF-8. It cannot carry an error: the body of a turn that fails breaks off.
    Text,
}

impl Wire {
    /// The name: `sse`, `ui` or `text`.
    pub fn name(self) -> &'static str {
        match self {
            Wire::Sse => "sse",
            Wire::Ui => "ui",
            Wire::Text => "text",
        }
    }

    /// The wire with this name.
    pub fn named(name: &str) -> Option<Wire> {
        [Wire::Sse, Wire::Ui, Wire::Text].into_iter().find(|wire| wire.name() == name)
    }

    /// The headers of a response in this form.
    pub fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Wire::Sse => &RESPONSE_HEADERS,
            Wire::Ui => &UI_RESPONSE_HEADERS,
            Wire::Text => &TEXT_RESPONSE_HEADERS,
        }
    }

    /// The bytes that keep a silent connection alive; `None` for plain text, in which they would be read as text.
    pub fn keep_alive(self) -> Option<&'static str> {
        match self {
            Wire::Sse | Wire::Ui => Some(KEEP_ALIVE),
            Wire::Text => None,
        }
    }
}

/// Writes a turn's events in the form of a wire.
#[derive(Debug)]
pub(crate) enum WireWriter {
    Sse,
    Ui(UiWriter),
    Text,
}

impl WireWriter {
    /// A writer for a turn whose reply has this id.
    pub(crate) fn new(wire: Wire, reply_id: &str) -> Self {
        match wire {
            Wire::Sse => WireWriter::Sse,
            Wire::Ui => WireWriter::Ui(UiWriter::new(reply_id)),
            Wire::Text => WireWriter::Text,
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        match self {
            WireWriter::Sse => Wire::Sse,
            WireWriter::Ui(_) => Wire::Ui,
            WireWriter::Text => Wire::Text,
        }
    }

    /// Appends the parts that precede the first event, unless they are written: they are due before it arrives.
    pub(crate) fn begin(&mut self, out: &mut impl Buffer) {
        if let WireWriter::Ui(ui) = self {
            ui.begin(out);
        }
    }

    /// Appends an event. `finish_reason` is the model's, for the last one.
    pub(crate) fn event(
        &mut self,
        event: &TurnEvent,
        finish_reason: Option<&str>,
        out: &mut impl Buffer,
    ) {
        match (self, event) {
            (WireWriter::Sse, event) => event.write_frame(out),
            (WireWriter::Ui(ui), event) => ui.event(event, finish_reason, out),
            (WireWriter::Text, TurnEvent::Content { content }) => out.put(content),
            (WireWriter::Text, _) => {}
        }
    }
}
