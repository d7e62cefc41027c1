//! The value types of settings: times, sizes, pairs; and the application of present ones.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::names::LimitKind;

/// The operation name in errors.
pub(super) const BUILD: &str = "client.build";
pub(super) const TURNS: &str = "turns.build";

/// Applies a setting that is present.
pub(super) fn set<B, T>(builder: B, given: Option<T>, set: impl FnOnce(B, T) -> B) -> B {
    match given {
        Some(value) => set(builder, value),
        None => builder,
    }
}

/// A limit in JSON: absent, `null` for none, or a number. JavaScript's `Infinity` becomes the largest number in JSON, so no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Limit<T> {
    #[default]
    NotGiven,
    None,
    At(T),
}

/// A time limit, in the unit of the language.
pub(super) type Time = Limit<Duration>;

/// The type names that mark limits for the deserialiser, which checks them and converts times to seconds.
const TIME: &str = "Time";
const SIZE: &str = "Size";
const LENGTH: &str = "Length";

/// The kind of limit that this type name marks.
pub(super) fn limit_kind(name: &str) -> Option<LimitKind> {
    match name {
        TIME => Some(LimitKind::Time),
        SIZE => Some(LimitKind::Size),
        LENGTH => Some(LimitKind::Length),
        _ => None,
    }
}

/// A limit of a size in bytes.
pub(super) type Size = Limit<u64>;

impl<T> Limit<T> {
    /// Applies the limit, if present, with a function that accepts `None` for no limit.
    pub(super) fn set<B>(self, builder: B, set: impl FnOnce(B, Option<T>) -> B) -> B {
        match self {
            Limit::NotGiven => builder,
            Limit::None => set(builder, None),
            Limit::At(limit) => set(builder, Some(limit)),
        }
    }
}

impl Time {
    /// The time, if present; `Duration::MAX` for no limit.
    pub(super) fn given(self) -> Option<Duration> {
        match self {
            Limit::NotGiven => None,
            Limit::None => Some(Duration::MAX),
            Limit::At(limit) => Some(limit),
        }
    }
}

impl Size {
    /// The size, if present; the maximum for no limit.
    pub(super) fn given(self) -> Option<u64> {
        match self {
            Limit::NotGiven => None,
            Limit::None => Some(u64::MAX),
            Limit::At(size) => Some(size),
        }
    }

    /// The size as `usize`.
    pub(super) fn in_memory(self) -> Option<usize> {
        self.given().map(|size| usize::try_from(size).unwrap_or(usize::MAX))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = deserializer.deserialize_newtype_struct(TIME, Number)?;
        // More seconds than `Duration` can hold mean no limit.
        Ok(match seconds.map(Duration::try_from_secs_f64) {
            Some(Ok(limit)) => Limit::At(limit),
            _ => Limit::None,
        })
    }
}

/// A limit of a text's length in code points.
#[derive(Default)]
pub(super) struct Length(Size);

impl Length {
    /// The length, if present; the maximum for no limit.
    pub(super) fn given(self) -> Option<usize> {
        self.0.in_memory()
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        count(deserializer, SIZE)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        count(deserializer, LENGTH).map(Length)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn count<'de, D: Deserializer<'de>>(deserializer: D, name: &'static str) -> Result<Size, D::Error> {
    let number = deserializer.deserialize_newtype_struct(name, Number)?;
    Ok(number.map_or(Limit::None, |number| Limit::At(number as u64)))
}

/// A number from 0 on, or null, as the deserialiser has checked.
struct Number;

impl Visitor<'_> for Number {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 on, or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<f64>, E> {
        Ok(None)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Option<f64>, E> {
        Ok(Some(number))
    }
}

/// Names with their values, in order: an object, or a list of pairs in which a name may occur twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(pub(super) Vec<(String, Option<String>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor).map(Pairs)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Vec<(String, Option<String>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts, or a list of pairs of texts")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = list.next_element()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = object.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
