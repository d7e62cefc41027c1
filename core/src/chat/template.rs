//! The fast path for parsing a chunk: most differ from the one before only in their text.
//!
//! A template is the JSON of a chunk that was fully parsed once, with holes for the string literals whose content may
//! vary. JSON that equals it byte for byte outside the holes, and has string literals in the holes, parses to the same
//! chunk with other text: no further comparison is needed.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands shapes on")
)]

use std::borrow::Cow;
use std::ops::Range;

use super::lenient::Text;

/// A chunk's JSON with holes.
#[derive(Debug)]
pub(super) struct Template {
    json: Box<str>,
    /// The range of the text, between its quotes.
    text: Range<usize>,
    /// The range of the padding, somewhere after the text.
    padding: Option<Range<usize>>,
}

/// The strings in a template's holes.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'a> {
    /// The text that a chunk adds, as in its JSON: it contains nothing that would need an escape there.
    pub text: &'a str,
    /// The padding, if the template has a hole for it; also free of escapes.
    pub padding: Option<&'a str>,
}

impl Template {
    /// Builds a template from a chunk's JSON and the strings in it; `None` if the text was not borrowed from it.
    pub(super) fn new(json: &str, text: &Text<'_>, padding: &Text<'_>) -> Option<Self> {
        let text = place(json, text)?;
        let padding = place(json, padding).filter(|padding| padding.start > text.end);
        Some(Template { json: json.into(), text, padding })
    }

    /// The JSON that it was built from.
    pub(super) fn json(&self) -> &str {
        &self.json
    }

    /// The text and padding of a chunk that differs from this one in nothing else.
    pub(super) fn filling_of<'a>(&self, json: &'a str) -> Option<Filling<'a>> {
        let Template { json: ours, text: hole, padding: second } = self;
        let theirs = json.strip_prefix(ours.get(..hole.start)?)?;
        let (text, mut theirs) = literal(theirs)?;
        let mut padding = None;
        let mut rest_from = hole.end;
        if let Some(second) = second {
            let (found, rest) = literal(theirs.strip_prefix(ours.get(hole.end..second.start)?)?)?;
            (padding, theirs, rest_from) = (Some(found), rest, second.end);
        }
        (theirs == ours.get(rest_from..)?).then_some(Filling { text, padding })
    }

    /// The JSON with these fillings in its holes.
    pub(super) fn filled_with(&self, filling: Filling<'_>) -> String {
        let Template { json, text, padding } = self;
        let part = |range: Range<usize>| json.get(range).unwrap_or_default();
        let mut filled = String::with_capacity(json.len() + filling.text.len());
        filled.push_str(part(0..text.start));
        filled.push_str(filling.text);
        let mut rest_from = text.end;
        if let (Some(hole), Some(found)) = (padding, filling.padding) {
            filled.push_str(part(text.end..hole.start));
            filled.push_str(found);
            rest_from = hole.end;
        }
        filled.push_str(part(rest_from..json.len()));
        filled
    }
}

/// Splits the text after an opening quote at the closing one; `None` if it has escapes to resolve, or characters that a
/// string literal cannot contain (RFC 8259, section 7).
fn literal(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20)?;
    text.as_bytes().get(end).filter(|b| **b == b'"')?;
    text.split_at_checked(end)
}

/// The range of a borrowed string in `json`.
fn place(json: &str, text: &Text<'_>) -> Option<Range<usize>> {
    let Some(Cow::Borrowed(text)) = &text.0 else { return None };
    let start = (text.as_ptr() as usize).checked_sub(json.as_ptr() as usize)?;
    let end = start.checked_add(text.len())?;
    // Only text between quotes of the JSON itself is a literal.
    let quoted = start >= 1
        && json.get(start - 1..start) == Some("\"")
        && json.get(end..end + 1) == Some("\"");
    quoted.then_some(start..end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::chunk_reader::ChunkReader;

    /// The result of fully parsing one chunk.
    fn read(reader: &mut ChunkReader, json: &str) -> String {
        let read = reader.read(json).map(|read| read.into_chunk(json));
        format!("{:?}", read.map_err(|e| format!("{e:?}")))
    }

    #[track_caller]
    fn assert_reads_alike(chunks: &[String]) {
        let mut with_template = ChunkReader::default();
        for json in chunks {
            let alone = read(&mut ChunkReader::default(), json);
            assert_eq!(read(&mut with_template, json), alone, "{json}");
        }
    }

    fn chunk(text: &str, rest: &str) -> String {
        format!(
            r#"{{"id":"c","choices":[{{"index":0,"delta":{{"content":{text}}}{rest}}}],"obfuscation":"x"}}"#
        )
    }

    #[test]
    fn what_only_looks_like_the_template_is_parsed_in_full() {
        let plain = || chunk(r#""a""#, "");
        for other in [
            chunk(r#""b\"c""#, ""),
            chunk(r#""b\u0041""#, ""),
            chunk("\"b\nc\"", ""),
            chunk(r#""b","content":"c""#, ""),
            chunk(r#""b","role":"user""#, ""),
            chunk("null", ""),
            chunk(r#""""#, r#","finish_reason":"stop""#),
            chunk(r#""b""#, "").replace(r#""x""#, r#""y\u0042""#),
            chunk(r#""b""#, "").replace(r#""x""#, r#""y","usage":{"total_tokens":3},"z":"""#),
            chunk(r#""b""#, "").replace(r#""x""#, r#"7"#),
            chunk(r#""b""#, "").replace(r#""id":"c""#, r#""id":"d""#),
            format!("{} ", plain()),
            plain().trim_end_matches('}').to_owned(),
            r#"{"error":{"message":"no"}}"#.to_owned(),
        ] {
            assert_reads_alike(&[plain(), other, chunk(r#""z""#, ""), plain()]);
        }
    }

    #[test]
    fn padding_before_the_text_is_not_mistaken() {
        let chunk = |pad: &str, text: &str| {
            format!(r#"{{"obfuscation":"{pad}","choices":[{{"delta":{{"content":"{text}"}}}}]}}"#)
        };
        assert_reads_alike(&[chunk("p", "a"), chunk("p", "b"), chunk("q", "c"), chunk("c", "q")]);
    }

    fn any_chunk() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[a-c]{0,3}", Just("안\"\n\\".to_owned()), any::<String>()];
        let pad = prop::option::of("[xy]{0,2}");
        let odd = prop::option::weighted(0.2, 0..6);
        (text, pad, odd).prop_map(|(text, pad, odd)| {
            let mut chunk =
                json!({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]});
            if let Some(pad) = pad {
                chunk["obfuscation"] = pad.into();
            }
            match odd {
                Some(0) => chunk["choices"][0]["finish_reason"] = "stop".into(),
                Some(1) => chunk["choices"][0]["delta"]["refusal"] = "no".into(),
                Some(2) => chunk["usage"] = json!({"total_tokens": 1}),
                Some(3) => chunk["choices"][0]["index"] = 1.into(),
                Some(4) => chunk["id"] = "d".into(),
                Some(5) => chunk["error"] = json!({"message": "broken"}),
                _ => {}
            }
            chunk
        })
    }

    proptest! {
        #[test]
        fn a_reader_with_a_template_reads_as_one_without(
            chunks in prop::collection::vec(any_chunk().prop_map(|c| c.to_string()), 1..12)
        ) {
            assert_reads_alike(&chunks);
        }
    }
}
