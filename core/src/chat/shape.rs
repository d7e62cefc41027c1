//! The common part of most chunks of a stream: everything but their text.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands shapes on")
)]

use std::sync::Arc;

use super::chunk::{ChatChunk, ChunkChoice, Head};
use super::extra::Extra;
use super::object::Presence;
use super::template::{Filling, Template};

/// The common part of chunks that differ only in their text and OpenAI's padding. Such a chunk adds text to the first
/// reply, and nothing else.
#[derive(Debug)]
pub struct Shape {
    head: Arc<Head>,
    /// The choice without its text.
    choice: ChunkChoice,
    extra: Extra,
    presence: Presence,
    template: Template,
}

impl Shape {
    /// The shape of a chunk with this one choice.
    pub(super) fn new(
        head: Arc<Head>,
        choice: Option<&ChunkChoice>,
        extra: &Extra,
        presence: Presence,
        template: Template,
    ) -> Self {
        // It adds only text, so there is more to copy only if a service sends fields of its own.
        let mut choice = choice.cloned().unwrap_or_default();
        choice.delta.content = None;
        Shape { head, choice, extra: extra.clone(), presence, template }
    }

    /// The text and padding of `json`, if it is a chunk of this shape.
    pub(super) fn filling_of<'a>(&self, json: &'a str) -> Option<Filling<'a>> {
        self.template.filling_of(json)
    }

    /// The JSON of one chunk of this shape, with arbitrary text.
    pub fn json(&self) -> &str {
        self.template.json()
    }

    /// The JSON of the chunk of this shape with this filling.
    pub fn json_with(&self, filling: Filling<'_>) -> String {
        self.template.filled_with(filling)
    }

    /// The chunk of this shape with this filling.
    pub fn chunk(&self, filling: Filling<'_>) -> ChatChunk {
        self.chunk_of(filling.text, self.json_with(filling))
    }

    /// The service's id of the completion.
    pub fn id(&self) -> &str {
        &self.head.id
    }

    /// The creation time of the completion, in seconds since 1970.
    pub fn created(&self) -> u64 {
        self.head.created
    }

    /// The name of the model.
    pub fn model(&self) -> &str {
        &self.head.model
    }

    pub(super) fn chunk_of(&self, text: &str, json: impl Into<Box<str>>) -> ChatChunk {
        let mut choice = self.choice.clone();
        choice.delta.content = Some(text.to_owned());
        ChatChunk {
            choices: vec![choice],
            usage: None,
            extra: self.extra.clone(),
            presence: self.presence,
            head: self.head.clone(),
            raw: json.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chunk_reader::{ChunkReader, Read};

    #[test]
    fn a_chunk_that_is_made_from_its_shape_is_the_one_that_came() {
        let json = |text: &str, pad: &str| {
            format!(
                r#"{{"id":"c","model":"m","created":7,"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}],"x":1,"obfuscation":"{pad}"}}"#
            )
        };
        let mut reader = ChunkReader::default();
        reader.read(&json("first", "p")).unwrap();
        for (text, pad) in [("", ""), ("안녕, ", "abc"), ("x", "longer than before")] {
            let json = json(text, pad);
            let Read::Filling(shape, filling) = reader.read(&json).unwrap() else {
                panic!("it has the shape of the one before")
            };
            let made = shape.chunk(filling);
            let alone = ChunkReader::default().read(&json).unwrap().into_chunk(&json);
            assert_eq!(format!("{made:?}"), format!("{alone:?}"));
        }
    }
}
