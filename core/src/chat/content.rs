//! A message's content as services write it: text, or a list of parts, some of which may be reasoning.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::Text;

/// Content, and the reasoning inside it.
#[derive(Default)]
pub(super) struct Content<'a> {
    pub(super) text: Text<'a>,
    pub(super) thoughts: Option<String>,
}

impl<'de> Deserialize<'de> for Content<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("content")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(text.into())).into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(text.to_owned().into())).into())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Content::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Content::default())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Some(number.to_string().into())).into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Some(number.to_string().into())).into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Text(Some(number.to_string().into())).into())
    }

    /// Parts: their text joined, and their reasoning. A list of nothing but reasoning has no text at all.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut text = String::new();
        let mut thoughts = String::new();
        let mut is_thought_alone = false;
        while let Some(part) = parts.next_element::<Part>()? {
            match part {
                Part::Text(part) => text.push_str(&part),
                Part::Thought(part) => {
                    is_thought_alone = true;
                    thoughts.push_str(&part);
                }
            }
        }
        is_thought_alone &= text.is_empty();
        Ok(Content {
            text: Text((!is_thought_alone).then(|| text.into())),
            thoughts: Some(thoughts).filter(|thoughts| !thoughts.is_empty()),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Content::default())
    }
}

impl<'a> From<Text<'a>> for Content<'a> {
    fn from(text: Text<'a>) -> Self {
        Content { text, thoughts: None }
    }
}

/// A part of the content: text in a string, `{"type": "text", "text": …}`, or reasoning in `{"type": "thinking",
/// "thinking": …}` or `{"type": "reasoning", …}`, whose text may itself be a list of parts.
enum Part {
    Text(String),
    Thought(String),
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a content part")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Part::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Part::Text(String::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut is_thought, mut text, mut thought) = (false, Text(None), Text(None));
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match name.as_str() {
                "type" => {
                    let kind = map.next_value::<Text<'de>>()?;
                    is_thought = matches!(kind.as_str(), "thinking" | "reasoning");
                }
                "text" => text = map.next_value()?,
                "thinking" | "reasoning" => thought = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(match is_thought {
            true => Part::Thought(Some(thought).filter(|t| t.0.is_some()).unwrap_or(text).into()),
            false => Part::Text(text.into()),
        })
    }
}
