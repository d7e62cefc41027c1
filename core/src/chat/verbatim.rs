//! Fields of a JSON object as written: their order, their numbers and their white space.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// The most fields of an object: no legitimate object has more.
const MOST: usize = 4096;

/// The fields of a JSON object, each with the text of its value.
///
/// Parsing a value would lose numbers that no Rust number can represent. Storing its text needs no recursion, so it may
/// be nested to any depth.
#[derive(Clone, Debug, Default)]
pub(super) struct Verbatim(Vec<(String, Box<RawValue>)>);

impl Verbatim {
    /// The value of a field, as JSON text.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
    }

    /// Removes a field.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Sets a field, in its existing position if it has one.
    pub(super) fn set(&mut self, name: String, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl PartialEq for Verbatim {
    fn eq(&self, other: &Self) -> bool {
        let text = |(name, value): &(String, Box<RawValue>)| (name.clone(), value.get().to_owned());
        self.0.iter().map(text).eq(other.0.iter().map(text))
    }
}

impl Serialize for Verbatim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// If a name occurs twice, the later value wins, as in other parsers.
impl<'de> Deserialize<'de> for Verbatim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Verbatim;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a JSON object of at most {MOST} fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Verbatim, A::Error> {
                let mut fields = Verbatim::default();
                while let Some((name, value)) = map.next_entry()? {
                    fields.set(name, value);
                    if fields.0.len() > MOST {
                        return Err(A::Error::invalid_length(MOST + 1, &self));
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}
