//! Frames → bytes.

use super::Frame;
use super::buffer::Buffer;
use super::frame::DEFAULT_EVENT;

/// Appends `frame` to `out` in its wire format.
///
/// Every line of the data becomes a `data:` line, whichever line break it used (LF, CRLF or CR), so that the reader
/// receives the data with `\n` between its lines. `event:`, `id:` and `retry:` are written only if they are set, so that
/// an event without an id does not reset an earlier one. Line breaks in an event type, an id or a comment are removed,
/// because the format cannot represent them.
///
/// ```
/// use turnwire::sse::{Event, Frame, encode};
///
/// let mut out = Vec::new();
/// encode(&Frame::Event(Event::new("안녕\n하세요")), &mut out);
/// encode(&Frame::Comment("ping".into()), &mut out);
/// assert_eq!(out, "data: 안녕\ndata: 하세요\n\n: ping\n\n".as_bytes());
/// ```
pub fn encode(frame: &Frame<'_>, out: &mut Vec<u8>) {
    match frame {
        Frame::Comment(text) => field(": ", &one_line(text), out),
        Frame::Event(event) => {
            if event.event != DEFAULT_EVENT {
                field("event: ", &one_line(&event.event), out);
            }
            if !event.id.is_empty() {
                field("id: ", &one_line(&event.id), out);
            }
            if let Some(ms) = event.retry {
                field("retry: ", &ms.to_string(), out);
            }
            for line in lines(&event.data) {
                field("data: ", line, out);
            }
        }
    }
    out.push(b'\n');
}

/// Appends an event with one line of data, which `write` appends to the buffer: it must write no line break.
pub(crate) fn encode_line<B: Buffer>(out: &mut B, write: impl FnOnce(&mut B)) {
    out.put("data: ");
    write(out);
    out.put("\n\n");
}

fn field(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

/// The lines of `text`, split at LF, CRLF or CR. `str::lines` neither splits at CR nor yields an empty last line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((line, after)) = text.split_once(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let was_cr = text.as_bytes().get(line.len()) == Some(&b'\r');
        rest = Some(after.strip_prefix('\n').filter(|_| was_cr).unwrap_or(after));
        Some(line)
    })
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], "")
}
