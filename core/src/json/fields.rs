//! Lenient access to single fields of a JSON object, whatever their type.
//!
//! Fields that are not requested are not parsed: a field is a slice of the JSON until it is read. So an object of any
//! shape uses no memory of its own, and a field of an odd type affects no other field.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::from_str;

/// The requested fields of an object. If a name occurs twice, the last value wins.
pub(crate) struct Fields<'a, 'n, const N: usize> {
    names: [&'n str; N],
    values: [Option<&'a RawValue>; N],
}

impl<'a, 'n, const N: usize> Fields<'a, 'n, N> {
    /// Finds these fields; fails if the JSON is not an object.
    pub(crate) fn read(json: &'a str, names: [&'n str; N]) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let values = reader.deserialize_map(Find(&names))?;
        reader.end()?;
        Ok(Fields { names, values })
    }

    /// The field's JSON; `None` if it is missing or null.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let at = self.names.iter().position(|known| *known == name)?;
        let value = self.values.get(at).copied().flatten()?.get();
        (value != "null").then_some(value)
    }

    /// The field's text, if it is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        from_str(self.raw(name)?).ok()
    }

    /// The field as a non-empty string; a number is converted to its digits.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        let is_number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let word = if is_number { Some(raw.to_owned()) } else { self.text(name) };
        word.filter(|word| !word.is_empty())
    }

    /// The field's number, if it is an unsigned integer.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        from_str(self.raw(name)?).ok()
    }
}

/// Visitor that finds the fields of these names in an object.
struct Find<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> Visitor<'de> for Find<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(at) = map.next_key_seed(Name(self.0))? {
            match at.and_then(|at| found.get_mut(at)) {
                Some(value) => *value = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// The index of a key among the names.
struct Name<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // As bytes, because a key may contain an unpaired surrogate, which is not text.
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| name.as_bytes() == key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_in_its_own_form_and_costs_no_other() {
        let json = r#"{"a": {"deep": [1]}, "b": "text", "\u0063": 12, "d": null, "b": "last",
            "half \ud83d": [], "e": "\ud83d"}"#;
        let fields = Fields::read(json, ["a", "b", "c", "d", "e", "f"]).unwrap();
        assert_eq!(fields.raw("a"), Some(r#"{"deep": [1]}"#));
        assert_eq!((fields.text("a"), fields.number("a"), fields.word("a")), (None, None, None));
        assert_eq!(fields.text("b").as_deref(), Some("last"));
        assert_eq!((fields.number("c"), fields.word("c").as_deref()), (Some(12), Some("12")));
        assert_eq!((fields.raw("d"), fields.raw("f"), fields.raw("of nobody")), (None, None, None));
        assert_eq!(fields.text("e").as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn only_a_whole_object_has_fields() {
        for junk in ["", "7", "null", "[]", "\"a\"", "{", "{\"a\": 1} {}", "{\"a\" 1}"] {
            assert!(Fields::read(junk, ["a"]).is_err(), "{junk}");
        }
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Fields::read(&deep, ["a"]).is_ok());
    }
}
