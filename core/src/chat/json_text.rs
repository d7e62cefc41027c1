//! JSON in a string, such as a tool call's arguments, as services write it.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::budget::Budgeted;

/// JSON in a string. Some services send the JSON itself instead, whose text is then used.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonText<'a>(pub(super) Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for JsonText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonTextVisitor;
        impl<'de> Visitor<'de> for JsonTextVisitor {
            type Value = JsonText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON in a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(JsonText(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(JsonText(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(JsonText(None))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(JsonText(Some(Cow::Owned(value.to_string()))))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(JsonText(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(JsonText(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(JsonText(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                let Budgeted(value) = Budgeted::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(JsonText(Some(Cow::Owned(value.to_string()))))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let Budgeted(value) = Budgeted::deserialize(MapAccessDeserializer::new(map))?;
                Ok(JsonText(Some(Cow::Owned(value.to_string()))))
            }
        }
        deserializer.deserialize_any(JsonTextVisitor)
    }
}

impl From<JsonText<'_>> for String {
    fn from(text: JsonText<'_>) -> Self {
        text.0.unwrap_or_default().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_value_is_taken_as_its_text() {
        fn read(json: &str) -> Option<Cow<'_, str>> {
            serde_json::from_str::<JsonText<'_>>(json).unwrap().0
        }
        assert_eq!(read("null"), None);
        assert_eq!(read(r#""{\"a\":1}""#).as_deref(), Some(r#"{"a":1}"#));
        for json in [r#"{"b":1,"a":[null]}"#, "[]", "3", "-3", "1.5", "true"] {
            assert_eq!(read(json).as_deref(), Some(json));
        }
    }
}
