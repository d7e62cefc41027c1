//! Detects bare text in place of an event stream, and the reverse, from the first line.

/// The field names of an event stream (WHATWG HTML, section 9.2.6); the empty one is a comment.
const FIELDS: [&str; 5] = ["data", "event", "id", "retry", ""];

/// The bytes of a byte order mark.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The bytes before any event, while they look like bare text.
pub(super) struct Bare {
    state: State,
    /// The most bytes kept.
    most: usize,
}

enum State {
    /// The first line is too short to decide.
    Unsure(Vec<u8>),
    Text(Vec<u8>),
    Events,
}

impl Bare {
    pub(super) fn new(most: usize) -> Self {
        Bare { state: State::Unsure(Vec::new()), most }
    }

    /// Adds the next bytes of the body.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Events => {}
            State::Text(text) => {
                let room = self.most.saturating_sub(text.len());
                text.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
            State::Unsure(before) => {
                before.extend_from_slice(bytes);
                let start = before.trim_ascii_start();
                let start = start.strip_prefix(BOM).unwrap_or(start);
                match is_field(start) {
                    None => {}
                    Some(true) => self.state = State::Events,
                    Some(false) => self.state = State::Text(start.to_owned()),
                }
            }
        }
    }

    /// Called at the first event: the bytes before it are not bare text.
    pub(super) fn are_events(&mut self) {
        self.state = State::Events;
    }

    /// The text, if it was bare text.
    pub(super) fn text(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.state, State::Events) {
            State::Text(text) => Some(String::from_utf8_lossy(&text).into_owned()),
            // A text too short to decide is text.
            State::Unsure(text) => {
                let text = String::from_utf8_lossy(text.trim_ascii()).into_owned();
                text.contains(char::is_alphanumeric).then_some(text)
            }
            State::Events => None,
        }
    }
}

/// Returns true for the start of an event stream of JSON, false for bare text; `None` if it is too short to decide.
pub(super) fn is_events(start: &[u8]) -> Option<bool> {
    const BEGINNING: &[u8] = b"data:{\"type\":\"";
    let mut left = BEGINNING;
    for byte in start.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        match left.split_first() {
            None => return Some(true),
            Some((next, rest)) if next == byte => left = rest,
            Some(_) => return Some(false),
        }
    }
    if left.is_empty() { Some(true) } else { None }
}

/// Returns true if the line is a field of an event stream or a comment; `None` if it is too short to decide.
fn is_field(line: &[u8]) -> Option<bool> {
    if BOM.starts_with(line) {
        return None;
    }
    let mut may_become = false;
    for field in FIELDS.map(str::as_bytes) {
        match (line.strip_prefix(field), field.starts_with(line)) {
            (Some([b':' | b'\r' | b'\n', ..]), _) => return Some(true),
            (Some([]), _) | (None, true) => may_become = true,
            _ => {}
        }
    }
    if may_become { None } else { Some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text found in a body that is fed whole, and byte by byte.
    fn text(body: &str) -> Option<String> {
        let mut whole = Bare::new(100);
        whole.take(body.as_bytes());
        let mut split = Bare::new(100);
        body.as_bytes().chunks(1).for_each(|piece| split.take(piece));
        let (whole, split) = (whole.text(), split.text());
        assert_eq!(whole, split, "{body:?}");
        whole
    }

    #[test]
    fn text_is_told_from_fields_by_its_first_line() {
        for bare in
            ["안녕하세요", "Dates: none", "database", "data base", "idea", "i", "ret", "retry "]
        {
            assert_eq!(text(bare).as_deref().map(str::trim), Some(bare.trim()));
        }
        for events in
            ["", " \n", "data: a", "data:a", "\u{feff}data: a", ": ping\n\n", "id\n", "\nevent: a"]
        {
            assert_eq!(text(events), None, "{events:?}");
        }
    }

    #[test]
    fn events_are_told_from_text_by_their_beginning() {
        for (start, are_events) in [
            ("data: {\"type\": \"", Some(true)),
            ("\n\ndata:{ \"type\":\"done", Some(true)),
            ("data: {\"type", None),
            ("data: {\"안\"}", Some(false)),
            ("data: {", None),
            ("da", None),
            ("", None),
            ("data: 하세요", Some(false)),
            ("date", Some(false)),
            ("안", Some(false)),
        ] {
            assert_eq!(is_events(start.as_bytes()), are_events, "{start:?}");
        }
    }

    #[test]
    fn no_more_is_kept_than_the_limit_allows() {
        let mut bare = Bare::new(8);
        (0..100).for_each(|_| bare.take(b"12345"));
        assert_eq!(bare.text().unwrap().len(), 8);
    }
}
