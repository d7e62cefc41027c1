//! The fast path for reading events: nearly all of them are a piece of content, and nothing else.

use crate::json::literal::string;

/// The JSON before and after the text of a content event, as services write it: with spaces, as Python does, or
/// without; in the order of the fields, or sorted by their names.
const FORMS: [(&str, &str); 4] = [
    (r#"{"type": "content", "content": ""#, r#""}"#),
    (r#"{"type":"content","content":""#, r#""}"#),
    (r#"{"content": ""#, r#"", "type": "content"}"#),
    (r#"{"content":""#, r#"","type":"content"}"#),
];

/// The text of a content event in one of these forms; `None` for all other JSON, which may be a content event too.
pub(super) fn content(json: &str) -> Option<String> {
    let (start, end) = FORMS.iter().find(|(start, _)| json.starts_with(start))?;
    // The text's length, unless it has escapes: then it is shorter.
    let mut text = String::with_capacity(json.len().checked_sub(start.len() + end.len())?);
    let (closing, is_escaped) = string(json.as_bytes(), start.len(), &mut text).ok()?;
    if !is_escaped {
        text.push_str(json.get(start.len()..closing)?);
    }
    (json.get(closing..)? == *end).then_some(text)
}
