//! Objects of the wire: read field by field, with all that nobody modelled kept beside, and written back as they came.

use serde::Serialize;
use serde::ser::SerializeMap;

/// Which of an object's fields came, and which of them as null: so that none is invented and none lost when the
/// object is written. A field's number is a single bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    filled: u8,
    null: u8,
}

impl Told {
    pub(super) fn filled(&mut self, field: u8) {
        self.filled |= field;
    }

    pub(super) fn null(&mut self, field: u8) {
        self.null |= field;
    }

    /// Takes in what another part of the same object told.
    pub(super) fn join(&mut self, other: Told) {
        self.filled |= other.filled;
        self.null |= other.null;
    }

    /// Returns true if the field came, with a value.
    pub(super) fn is_filled(self, field: u8) -> bool {
        self.filled & field != 0
    }

    /// Returns true if the field came as null, here or elsewhere.
    pub(super) fn is_null(self, field: u8) -> bool {
        self.null & field != 0
    }

    /// Writes a field if it came or has a value by now.
    pub(super) fn write<M: SerializeMap, T: Serialize + Default + PartialEq>(
        self,
        map: &mut M,
        field: u8,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        if self.is_filled(field) || *value != T::default() {
            map.serialize_entry(name, value)
        } else if self.is_null(field) {
            map.serialize_entry(name, &())
        } else {
            Ok(())
        }
    }
}

/// Implements `Deserialize` for a struct with a field `extra`: the fields that are named are read by the readers beside
/// them, null leaves them as they are by default, and the rest of the object goes to `extra`. A number behind a reader
/// is the field's in the struct's `told`. The function behind `then` has the last word.
macro_rules! read_object {
    (<$de:lifetime> $type:ty {
        $($name:literal => $field:ident: $reader:ty $(, $told:expr)?;)+
        $(skip $($skipped:literal),+;)?
        $(then $finish:expr;)?
    }) => {
        impl<$de> serde::Deserialize<$de> for $type {
            fn deserialize<D: serde::Deserializer<$de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;

                impl<$de> serde::de::Visitor<$de> for ObjectVisitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a JSON object")
                    }

                    fn visit_map<A: serde::de::MapAccess<$de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        $crate::chat::budget::spend_on::<Self::Value, _>()?;
                        let mut read = <$type>::default();
                        while let Some(name) = map.next_key::<$crate::chat::lenient::Text<$de>>()? {
                            match name.as_str() {
                                $($name => match map.next_value::<Option<$reader>>()? {
                                    Some(value) => {
                                        read.$field = value.into();
                                        $(read.told.filled($told);)?
                                    }
                                    None => {
                                        $(read.told.null($told);)?
                                    }
                                },)+
                                $($($skipped)|+ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                })?
                                other => {
                                    $crate::chat::budget::spend_on_field(read.extra.len())?;
                                    let value = map.next_value::<$crate::chat::budget::Kept>()?;
                                    read.extra.keep(other, value.0);
                                }
                            }
                        }
                        $($finish(&mut read);)?
                        Ok(read)
                    }
                }

                deserializer.deserialize_map(ObjectVisitor)
            }
        }
    };
}

/// Implements `Serialize` and `Deserialize` for a struct that is written with exactly the fields that came.
macro_rules! kept_object {
    (<$de:lifetime> $type:ident { $($told:literal $name:literal => $field:ident: $reader:ty;)+ }) => {
        $crate::chat::object::read_object!(<$de> $type { $($name => $field: $reader, $told;)+ });

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serde::Serializer::serialize_map(serializer, None)?;
                $(self.told.write(&mut map, $told, $name, &self.$field)?;)+
                self.extra.write(&mut map)?;
                serde::ser::SerializeMap::end(map)
            }
        }
    };
}

pub(super) use {kept_object, read_object};
