//! String literals of JSON, written by runs of characters that need no escape.

use super::literal::next_special;

/// Passes the content of the string literal for `text` to `put`, in parts: runs of the text and the escapes between
/// them, as serde_json writes them.
#[inline]
pub(crate) fn escaped(text: &str, mut put: impl FnMut(&str)) {
    let mut start = 0;
    loop {
        let at = next_special(text.as_bytes(), start);
        // Special characters are ASCII, so these are boundaries of characters.
        put(text.get(start..at).unwrap_or_default());
        let Some(special) = text.as_bytes().get(at) else { return };
        put(escape_of(*special));
        start = at + 1;
    }
}

/// The escape of a quote, a backslash or a control character.
fn escape_of(special: u8) -> &'static str {
    /// The escapes of the control characters.
    const CONTROLS: [&str; 0x20] = [
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
        "\\b", "\\t", "\\n", "\\u000b", "\\f", "\\r", "\\u000e", "\\u000f", "\\u0010", "\\u0011",
        "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018", "\\u0019",
        "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
    ];
    match special {
        b'"' => "\\\"",
        b'\\' => "\\\\",
        control => CONTROLS.get(usize::from(control)).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut literal = "\"".to_owned();
        escaped(text, |part| literal.push_str(part));
        literal + "\""
    }

    proptest! {
        /// The reference: serde_json, on the same text.
        #[test]
        fn a_text_is_written_as_serde_json_writes_it(text in "[a-z안😀\"\\\\\u{0}-\u{20}\u{7f}]{0,20}") {
            prop_assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn each_character_is_written_as_serde_json_writes_it() {
        for char in (0..=0xFF).map(char::from) {
            // At the start and at the end of a word.
            for text in [char.to_string(), format!("{char}abcdefg"), format!("abcdefg{char}ab")] {
                assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
            }
        }
    }
}
