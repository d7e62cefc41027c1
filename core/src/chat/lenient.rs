//! Parses the variations that services really send: null for a missing value, numbers as floats, text as a list of
//! parts.
//!
//! Each reader accepts any JSON value, so that one odd field does not cost the whole reply; the raw form of the field
//! stays in the stored JSON.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::budget::MOST;

/// Text, borrowed from the JSON if it has no escapes. `None` for null and for values that are not text.
#[derive(Clone, Debug, Default)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The word of an enum. Some services send an empty one for none, or `"null"`.
    pub(super) fn word(&self) -> Option<&str> {
        self.0.as_deref().filter(|word| !matches!(*word, "" | "null"))
    }

    pub(super) fn into_string(self) -> Option<String> {
        self.0.map(Cow::into_owned)
    }
}

impl From<Text<'_>> for Option<String> {
    fn from(text: Text<'_>) -> Self {
        text.into_string()
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.into_string().unwrap_or_default()
    }
}

/// The word of an open enum, or `None`.
pub(super) struct Word<T>(Option<T>);

impl<'de, T: for<'a> From<&'a str>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Word(Text::deserialize(deserializer)?.word().map(T::from)))
    }
}

impl<T> From<Word<T>> for Option<T> {
    fn from(word: Word<T>) -> Self {
        word.0
    }
}

/// An integer, as parsed by [`number`].
pub(super) struct Number(u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(deserializer).map(Number)
    }
}

impl From<Number> for u64 {
    fn from(number: Number) -> Self {
        number.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    /// Content as a list of parts: their text, joined.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut whole = String::new();
        while let Some(part) = parts.next_element::<Part<'de>>()? {
            whole.push_str(part.0.as_str());
        }
        Ok(Text(Some(Cow::Owned(whole))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

/// The text of one content part: a string, or `{"type": "text", "text": …}`.
struct Part<'a>(Text<'a>);

impl<'de> Deserialize<'de> for Part<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a content part")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Part(Text(Some(Cow::Borrowed(text)))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Part(Text(Some(Cow::Owned(text.to_owned())))))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Part(Text(None)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut text = Text(None);
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    if key == "text" {
                        text = map.next_value()?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Part(text))
            }
        }
        deserializer.deserialize_any(PartVisitor)
    }
}

/// Owned text, for `deserialize_with`.
pub(super) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Text::deserialize(deserializer)?.into_string().unwrap_or_default())
}

/// A list with at most as many items as a call has replies, or a reply tool calls: no legitimate list is longer.
pub(super) struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    if list.len() == MOST {
                        return Err(A::Error::invalid_length(MOST + 1, &self));
                    }
                    list.push(item);
                }
                Ok(list)
            }
        }

        deserializer.deserialize_seq(ListVisitor(PhantomData)).map(List)
    }
}

impl<T> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        list.0
    }
}

impl<T> From<List<T>> for Option<Vec<T>> {
    fn from(list: List<T>) -> Self {
        Some(list.0)
    }
}

/// The index of a reply or a tool call, which is written as a number.
pub(super) struct Index(u32);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let index = u32::deserialize(deserializer)?;
        if index as usize >= MOST {
            return Err(D::Error::custom(format_args!("an index of {index} is not below {MOST}")));
        }
        Ok(Index(index))
    }
}

impl From<Index> for u32 {
    fn from(index: Index) -> Self {
        index.0
    }
}

impl From<Index> for Option<u32> {
    fn from(index: Index) -> Self {
        Some(index.0)
    }
}

/// A value that may be null, for `deserialize_with`.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Parses a `Known` if it represents all of the JSON; otherwise keeps the JSON, so that nothing is lost.
pub(super) fn whole_or<'de, D, K, T>(
    deserializer: D,
    other: fn(Value) -> T,
    known: fn(K) -> T,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    K: DeserializeOwned,
    T: Serialize,
{
    let value = Value::deserialize(deserializer)?;
    // A lost field shows as a difference when the parsed value is serialised again.
    let read = K::deserialize(&value).ok().map(known);
    let whole =
        read.filter(|read| serde_json::to_value(read).is_ok_and(|written| written == value));
    Ok(whole.unwrap_or_else(|| other(value)))
}

/// An integer in any spelling; 0 if the value is not one.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(NumberVisitor)
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E>(self, number: i64) -> Result<u64, E> {
        Ok(u64::try_from(number).unwrap_or(0))
    }

    fn visit_f64<E>(self, number: f64) -> Result<u64, E> {
        Ok(number as u64) // saturates, and is 0 for NaN
    }

    fn visit_str<E>(self, text: &str) -> Result<u64, E> {
        Ok(text.parse().unwrap_or(0))
    }

    fn visit_unit<E>(self) -> Result<u64, E> {
        Ok(0)
    }

    fn visit_bool<E>(self, _: bool) -> Result<u64, E> {
        Ok(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u64, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_value_reads_as_text_or_nothing() {
        let read = |json: &str| serde_json::from_str::<Text<'_>>(json).unwrap().into_string();
        assert_eq!(read("null"), None);
        assert_eq!(read(r#""안녕""#), Some("안녕".into()));
        assert_eq!(read(r#""a\nb""#), Some("a\nb".into()));
        assert_eq!(read("17"), Some("17".into()));
        assert_eq!(read(r#"{"a": [1, {}]}"#), None);
        let parts = r#"[{"type":"thinking","thinking":[]},{"type":"text","text":"a"},"b"]"#;
        assert_eq!(read(parts), Some("ab".into()));
    }

    #[test]
    fn any_json_value_reads_as_a_number() {
        let read = |json: &str| number(&mut serde_json::Deserializer::from_str(json)).unwrap();
        let cases =
            [("3", 3), ("3.0", 3), ("\"3\"", 3), ("null", 0), ("-1", 0), ("[1]", 0), ("{}", 0)];
        for (json, expected) in cases {
            assert_eq!(read(json), expected, "{json}");
        }
    }
}
