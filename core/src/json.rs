//! Repair of JSON that other writers get slightly wrong.

mod escape;
mod fields;
pub(crate) mod literal;

use std::borrow::Cow;

use serde::de::DeserializeOwned;

pub(crate) use escape::escaped;
pub(crate) use fields::Fields;

/// Parses JSON; invalid parts that other parsers accept are [repaired](repaired) instead of failing the whole.
pub(crate) fn from_str<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    let read = serde_json::from_str(json);
    match read {
        Ok(value) => Ok(value),
        Err(error) => match repaired(json) {
            Cow::Owned(repaired) => serde_json::from_str(&repaired),
            Cow::Borrowed(_) => Err(error),
        },
    }
}

/// The JSON with the invalid parts that services write replaced: unpaired surrogates, and numbers that are not finite.
pub(crate) fn repaired(json: &str) -> Cow<'_, str> {
    match with_whole_pairs(json) {
        Cow::Borrowed(json) => with_numbers(json),
        Cow::Owned(json) => Cow::Owned(with_numbers(&json).into_owned()),
    }
}

/// The JSON with U+FFFD in place of each escaped unpaired surrogate, as other parsers read it.
///
/// Services in languages with UTF-16 strings cut text anywhere, and escape the halves.
pub(crate) fn with_whole_pairs(json: &str) -> Cow<'_, str> {
    let mut repaired = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + found;
        at = match unit(json, escape) {
            Some(0xD800..=0xDBFF) if matches!(unit(json, escape + 6), Some(0xDC00..=0xDFFF)) => {
                escape + 12
            }
            Some(0xD800..=0xDFFF) => {
                repaired.push_str(json.get(copied..escape).unwrap_or_default());
                repaired.push_str("\\ufffd");
                copied = escape + 6;
                copied
            }
            Some(_) => escape + 6,
            // The escaped character may itself be a backslash. A longer character is not an escape, and not valid JSON.
            None => escape + 2,
        };
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    repaired.push_str(json.get(copied..).unwrap_or_default());
    Cow::Owned(repaired)
}

/// The JSON with null in place of `NaN`, `Infinity`, and numbers that no float can represent.
fn with_numbers(json: &str) -> Cow<'_, str> {
    let is_of_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    let mut repaired = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(first) = json.as_bytes().get(at) {
        if *first == b'"' {
            at = string_end(json, at);
            continue;
        }
        let word = json.as_bytes().get(at..).unwrap_or_default();
        let length = word.iter().take_while(|b| is_of_word(b)).count();
        let word = json.get(at..at + length).unwrap_or_default();
        if word.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
            repaired.push_str(json.get(copied..at).unwrap_or_default());
            repaired.push_str("null");
            copied = at + length;
        }
        at += length.max(1);
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    repaired.push_str(json.get(copied..).unwrap_or_default());
    Cow::Owned(repaired)
}

/// The end of the string that begins at `start`.
fn string_end(json: &str, start: usize) -> usize {
    let mut at = start + 1;
    loop {
        let rest = json.as_bytes().get(at..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(found) if rest.get(found) == Some(&b'"') => return at + found + 1,
            Some(found) => at += found + 2,
            None => return json.len(),
        }
    }
}

/// The code unit of the escape `\uXXXX` at this position, if there is one.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<String> {
        from_str(json).ok()
    }

    #[test]
    fn halves_of_pairs_become_replacement_characters() {
        assert_eq!(read(r#""a\ud83db""#).unwrap(), "a\u{fffd}b");
        assert_eq!(read(r#""\uDE00\ud83d""#).unwrap(), "\u{fffd}\u{fffd}");
        assert_eq!(read(r#""\ud83d\ud83d\ude00""#).unwrap(), "\u{fffd}😀");
        assert_eq!(read(r#""\ud83d\n\u0041\ud83d\ude00""#).unwrap(), "\u{fffd}\nA😀");
        assert_eq!(read(r#""\\ud83d \\\ud83d""#).unwrap(), "\\ud83d \\\u{fffd}");
        for junk in [r#""\ud83""#, r#""\uzzzz""#, r#""\"#, r#""\가""#, "{"] {
            assert_eq!(read(junk), None, "{junk}");
        }
    }

    #[test]
    fn numbers_that_are_none_become_null_and_nothing_else_does() {
        let repaired = |json| repaired(json).into_owned();
        assert_eq!(
            repaired(
                r#"{"a":NaN,"b":[-Infinity, Infinity,nan],"c":-1e999,"d":"NaN \" Infinity","e":1e-999}"#
            ),
            r#"{"a":null,"b":[null, null,null],"c":null,"d":"NaN \" Infinity","e":1e-999}"#
        );
        let half = r#"{"NaN":"\ud83d","x":NaN}"#;
        assert_eq!(repaired(half), r#"{"NaN":"\ufffd","x":null}"#);
        for same in [r#"{"a":1e308}"#, "NaNa", "truenan", r#""NaN"#, "\"\\", "[1.5,-0,null]", "가"]
        {
            assert!(matches!(super::repaired(same), Cow::Borrowed(_)), "{same}");
        }
    }

    proptest! {
        /// The reference: Rust's own lossy decoding of UTF-16.
        #[test]
        fn any_code_units_read_as_lossy_utf_16(units in prop::collection::vec(
            prop_oneof![any::<u16>(), 0xD800u16..=0xDFFF], 0..20))
        {
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(read(&format!("\"{escaped}\"")), Some(String::from_utf16_lossy(&units)));
        }
    }
}
