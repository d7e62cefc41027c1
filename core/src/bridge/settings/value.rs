//! Deserialises settings and other objects of a host: strict about names, and silent about values, which may be keys.

use std::cell::Cell;
use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::names::{LimitKind, Names};
use super::numbers::whole_of;
use super::values::limit_kind;
use crate::error::{Error, ErrorKind, Result as Answer};

/// The kind of object that is read, for errors.
#[derive(Clone, Copy, Debug)]
pub(in crate::bridge) struct Subject {
    pub(in crate::bridge) error: ErrorKind,
    pub(in crate::bridge) operation: &'static str,
    /// The noun for the object.
    pub(in crate::bridge) whole: &'static str,
    /// The noun for one of its fields; with an `s`, for several.
    pub(in crate::bridge) part: &'static str,
    /// They are the arguments of a model's client, which has no `http`.
    pub(in crate::bridge) is_flat: bool,
}

impl Subject {
    /// The settings that this operation takes.
    pub(super) fn settings(operation: &'static str) -> Self {
        let (whole, part) = ("the settings", "setting");
        Subject { error: ErrorKind::Config, operation, whole, part, is_flat: false }
    }

    /// The path of a setting as its user knows it.
    fn shown(self, path: &str, names: Names) -> String {
        match self.is_flat {
            true => names.argument(path),
            false => path.to_owned(),
        }
    }
}

/// Reads an object of the subject. An error names the path and the known names.
pub(in crate::bridge) fn read<'de, T: Deserialize<'de>>(
    json: &str,
    names: Names,
    subject: Subject,
) -> Answer<T> {
    let Subject { error, operation, whole, part, .. } = subject;
    let refuse = |why: String| Error::new(error, operation, why);
    let value = crate::json::from_str::<Value>(json)
        .map_err(|_| refuse(format!("{whole} must be JSON")))?;
    T::deserialize(Given { value, path: Path::Root, language: Language { names, part } }).map_err(
        |refusal| match refusal.path.as_deref().unwrap_or_default() {
            "" => refuse(format!("{whole} {}", refusal.why)),
            path => refuse(format!("{} {}", subject.shown(path, names), refusal.why)),
        },
    )
}

/// The names of a struct's fields, in their order.
pub(in crate::bridge) fn fields_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let fields = Cell::new([].as_slice());
    // This reads nothing, and always fails.
    let _ = T::deserialize(Fields(&fields));
    fields.get()
}

/// The place of a value.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(Path::Root, name) => f.write_str(name),
            Path::Field(object, name) => write!(f, "{object}.{name}"),
            Path::Item(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}

/// A refused value: its path, once known, and the reason.
#[derive(Debug)]
pub(super) struct Refusal {
    path: Option<String>,
    why: String,
}

impl Refusal {
    /// Sets the path, unless an inner value has set it.
    fn at(mut self, path: &Path<'_>) -> Self {
        self.path.get_or_insert_with(|| path.to_string());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Refusal { path: None, why: why.to_string() }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = match expected.to_string().as_str() {
            "u32" => whole_of(u32::BITS),
            "u64" | "usize" => whole_of(u64::BITS),
            "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
            "f32" | "f64" => "a number".to_owned(),
            "a boolean" => "true or false".to_owned(),
            "a sequence" => "a list".to_owned(),
            other => other.to_owned(),
        };
        Self::custom(format_args!("must be {expected}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be one of {}", known.join(", ")))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::custom(format_args!("must have {name}"))
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::custom(format_args!("must have {name} once"))
    }
}

/// The names of fields, and the noun for a field.
#[derive(Clone, Copy)]
struct Language {
    names: Names,
    part: &'static str,
}

/// A value and its path.
struct Given<'a> {
    value: Value,
    path: Path<'a>,
    language: Language,
}

impl<'de> Deserializer<'de> for Given<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let Given { value, path, language } = self;
        let read = match value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                visitor.visit_seq(Items { items: items.into_iter(), at: 0, list: &path, language })
            }
            // The names of a map are not settings: they are headers, or fields of a service's request.
            Value::Object(fields) => visitor.visit_map(Members::new(fields, &path, language, None)),
        };
        read.map_err(|refusal| refusal.at(&path))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let Given { value, path, language } = self;
        let read = match value {
            Value::Object(fields) => {
                visitor.visit_map(Members::new(fields, &path, language, Some(known)))
            }
            _ => Err(de::Error::custom("must be an object")),
        };
        read.map_err(|refusal: Refusal| refusal.at(&path))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let Some(kind) = limit_kind(name) else { return visitor.visit_newtype_struct(self) };
        let Given { value, path, language } = self;
        let unit = match kind {
            LimitKind::Time => language.names.unit_of_time(),
            LimitKind::Size | LimitKind::Length => 1.0,
        };
        let read = match value.as_f64() {
            _ if value.is_null() => visitor.visit_unit(),
            Some(limit) if limit >= 0.0 => visitor.visit_f64(limit * unit),
            _ => {
                let values = language.names.values_of(kind);
                Err(de::Error::custom(format_args!("must be {values}")))
            }
        };
        read.map_err(|refusal: Refusal| refusal.at(&path))
    }

    /// The largest number stands for infinity, which no other setting than a limit can be.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value.as_f64() {
            Some(f64::MAX) => {
                let refusal: Refusal = de::Error::custom("must be a number");
                Err(refusal.at(&self.path))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let Given { value, path, .. } = self;
        let read = match value {
            Value::String(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(de::Error::unknown_variant("", known)),
        };
        read.map_err(|refusal: Refusal| refusal.at(&path))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'a> {
    items: std::vec::IntoIter<Value>,
    at: usize,
    list: &'a Path<'a>,
    language: Language,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refusal> {
        let Some(value) = self.items.next() else { return Ok(None) };
        let path = Path::Item(self.list, self.at);
        self.at += 1;
        seed.deserialize(Given { value, path, language: self.language }).map(Some)
    }
}

struct Members<'a> {
    fields: serde_json::map::IntoIter,
    /// The name as written, and the value.
    next: Option<(String, Value)>,
    object: &'a Path<'a>,
    language: Language,
    /// The fields of a struct, by core's names.
    known: Option<&'static [&'static str]>,
}

impl<'a> Members<'a> {
    fn new(
        fields: Map<String, Value>,
        object: &'a Path<'a>,
        language: Language,
        known: Option<&'static [&'static str]>,
    ) -> Self {
        Members { fields: fields.into_iter(), next: None, object, language, known }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refusal> {
        let Some((name, value)) = self.fields.next() else { return Ok(None) };
        let Language { names, part } = self.language;
        let key = match self.known {
            None => name.clone(),
            Some(known) => match known.iter().find(|known| names.shown(known) == name) {
                Some(known) => (*known).to_owned(),
                None => {
                    let known: Vec<_> = known.iter().map(|known| names.shown(known)).collect();
                    let why = format!("is no {part}; the {part}s here are {}", known.join(", "));
                    let path = Path::Field(self.object, &name);
                    return Err(Refusal { path: None, why }.at(&path));
                }
            },
        };
        let key: StringDeserializer<Refusal> = key.into_deserializer();
        self.next = Some((name, value));
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let (name, value) = self.next.take().unwrap_or_default();
        let path = Path::Field(self.object, &name);
        seed.deserialize(Given { value, path, language: self.language })
    }
}

/// Records the field names of the requested struct.
struct Fields<'a>(&'a Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refusal> {
        Err(de::Error::custom("has no fields"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.0.set(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
