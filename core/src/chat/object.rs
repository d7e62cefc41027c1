//! Objects of the wire: parsed field by field, with unmodelled fields kept, and serialised with the fields that were
//! received.

use serde::Serialize;
use serde::ser::SerializeMap;

/// Records the fields of an object that were present, and those that were null, so that serialising the object neither
/// invents nor loses any. A field's number is a single bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Presence {
    filled: u8,
    null: u8,
}

impl Presence {
    pub(super) fn filled(&mut self, field: u8) {
        self.filled |= field;
    }

    pub(super) fn null(&mut self, field: u8) {
        self.null |= field;
    }

    /// Adds the fields recorded in another part of the same object.
    pub(super) fn join(&mut self, other: Presence) {
        self.filled |= other.filled;
        self.null |= other.null;
    }

    /// Returns true if the field was present with a value.
    pub(super) fn is_filled(self, field: u8) -> bool {
        self.filled & field != 0
    }

    /// Returns true if the field was null in any part.
    pub(super) fn is_null(self, field: u8) -> bool {
        self.null & field != 0
    }

    /// Serialises a field if it was present or has a value now.
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

/// Implements `Deserialize` for a struct with a field `extra`: each named field is parsed by the reader next to it,
/// null leaves it at its default, and the rest of the object goes to `extra`. The number after a reader is the field's
/// bit in the struct's `presence`. The function after `then` adjusts the result.
macro_rules! read_object {
    (<$de:lifetime> $type:ty {
        $($name:literal => $field:ident: $reader:ty $(, $bit:expr)?;)+
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
                                        $(read.presence.filled($bit);)?
                                    }
                                    None => {
                                        $(read.presence.null($bit);)?
                                    }
                                },)+
                                $($($skipped)|+ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                })?
                                other => {
                                    $crate::chat::budget::spend_on_field(read.extra.len())?;
                                    let value = map.next_value::<$crate::chat::budget::Budgeted>()?;
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

/// Implements `Serialize` and `Deserialize` for a struct that is serialised with exactly the fields that were received.
macro_rules! present_object {
    (<$de:lifetime> $type:ident { $($bit:literal $name:literal => $field:ident: $reader:ty;)+ }) => {
        $crate::chat::object::read_object!(<$de> $type { $($name => $field: $reader, $bit;)+ });

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serde::Serializer::serialize_map(serializer, None)?;
                $(self.presence.write(&mut map, $bit, $name, &self.$field)?;)+
                self.extra.write(&mut map)?;
                serde::ser::SerializeMap::end(map)
            }
        }
    };
}

pub(super) use {present_object, read_object};
