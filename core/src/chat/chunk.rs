//! One chunk of a streamed reply.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands fillings on")
)]

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::delta::{ChunkChoice, Head, Parsed, ToolCallPiece};
use super::extra::Extra;
use super::filling::Filling;
use super::shape::{Shape, Text};
use super::span::{Literals, Span, part};
use super::usage::Usage;
use super::{FinishReason, ServiceTier};

/// One chunk of a streamed reply.
///
/// Most chunks differ from the one before in a few values. [`text`](Self::text), [`reasoning`](Self::reasoning),
/// [`tool_calls`](Self::tool_calls), [`finish_reason`](Self::finish_reason) and [`usage`](Self::usage) read these where
/// they are; [`choices`](Self::choices) builds all fields on first access.
#[derive(Clone)]
pub struct ChatChunk(Body);

#[derive(Clone)]
enum Body {
    Parsed {
        parsed: Box<Parsed>,
        json: Box<str>,
    },
    /// A chunk of a shape, neither parsed nor written as JSON.
    Filled {
        shape: Arc<Shape>,
        /// Its [literals](super::span::Literals::raw), followed by its text if that has escapes in them.
        literals: Box<str>,
        /// The first of its texts that is not empty, or its only one.
        main: Option<Text>,
        /// The position of that text in the literals.
        text: (u32, u32),
        /// True if its other texts are empty.
        has_one_text: bool,
        /// The position of the first literal of the usage.
        usage_at: u32,
        json: OnceLock<Box<str>>,
        parsed: OnceLock<Box<Parsed>>,
    },
}

impl ChatChunk {
    pub(super) fn parsed(parsed: Parsed, json: Box<str>) -> Self {
        ChatChunk(Body::Parsed { parsed: Box::new(parsed), json })
    }

    /// The text that this chunk adds to the first reply; empty when it adds none.
    pub fn text(&self) -> &str {
        match &self.0 {
            Body::Parsed { parsed, .. } => parsed.text(),
            Body::Filled { literals, main: Some(Text::Content), text, .. } => part(literals, *text),
            Body::Filled { .. } => "",
        }
    }

    /// The reasoning that this chunk adds to the first reply; `None` when it adds none.
    pub fn reasoning(&self) -> Option<&str> {
        let (fields, text) = self.first_and_text(Text::Reasoning);
        let kept = fields.first()?.delta.reasoning.as_deref()?;
        Some(text.unwrap_or(kept))
    }

    /// The pieces of tool calls that this chunk adds to the first reply, without building its choices.
    pub fn tool_calls(&self) -> impl Iterator<Item = ToolCallPiece<'_>> {
        let (fields, text) = self.first_and_text(Text::Arguments);
        let calls = fields.first().map_or(&[][..], |choice| &choice.delta.tool_calls);
        calls.iter().map(move |call| ToolCallPiece::new(call, text))
    }

    /// The reason for the end of the first reply, in its last chunk.
    pub fn finish_reason(&self) -> Option<&FinishReason> {
        // The last chunk of a reply has no shape that others have.
        let Body::Parsed { parsed, .. } = &self.0 else { return None };
        parsed.first()?.finish_reason.as_ref()
    }

    /// The additions to each reply; empty in a chunk that only reports the usage.
    pub fn choices(&self) -> &[ChunkChoice] {
        &self.fields().choices
    }

    /// The tokens used by the request, in the last chunk if they were
    /// [requested](crate::chat::ChatRequest::include_usage).
    pub fn usage(&self) -> Option<Usage> {
        match &self.0 {
            Body::Parsed { parsed, .. } => parsed.usage.as_deref().cloned(),
            Body::Filled { shape, literals, usage_at, .. } => {
                shape.usage(literals.get(*usage_at as usize..).unwrap_or_default())
            }
        }
    }

    /// The service's id of the completion, the same in all its chunks.
    pub fn id(&self) -> &str {
        &self.head().id
    }

    /// The creation time of the completion, in seconds since 1970.
    pub fn created(&self) -> u64 {
        self.head().created
    }

    /// The name of the model.
    pub fn model(&self) -> &str {
        &self.constant().head.model
    }

    /// The service tier used.
    pub fn service_tier(&self) -> Option<&ServiceTier> {
        self.constant().head.service_tier.as_ref()
    }

    /// A fingerprint of the service's configuration, which reveals changes to it.
    pub fn system_fingerprint(&self) -> Option<&str> {
        self.constant().head.system_fingerprint.as_deref()
    }

    /// Fields beyond these.
    pub fn extra(&self) -> &Extra {
        &self.fields().extra
    }

    /// The chunk's JSON as received.
    pub fn raw(&self) -> &str {
        match &self.0 {
            Body::Parsed { json, .. } => json,
            Body::Filled { shape, literals, json, .. } => {
                json.get_or_init(|| shape.filled_with(literals).into())
            }
        }
    }

    pub(super) fn fields(&self) -> &Parsed {
        match &self.0 {
            Body::Parsed { parsed, .. } => parsed,
            Body::Filled { shape, literals, text, parsed, .. } => {
                parsed.get_or_init(|| Box::new(shape.parse(literals, part(literals, *text))))
            }
        }
    }

    /// Fields with the texts of this chunk, but for the text of this kind if it is returned beside them.
    fn first_and_text(&self, wanted: Text) -> (&Parsed, Option<&str>) {
        match &self.0 {
            // The texts of the example are empty.
            Body::Filled { shape, literals, main, text, has_one_text: true, .. } => {
                let is_wanted = *main == Some(wanted);
                (shape.example(), is_wanted.then(|| part(literals, *text)))
            }
            _ => (self.fields(), None),
        }
    }

    /// The text for the reply at a position, without building the choices.
    #[cfg(feature = "bridge")]
    pub(crate) fn content_at(&self, position: usize) -> Option<Option<&str>> {
        let choice = self.constant().choices.get(position)?;
        let is_text = matches!(&self.0, Body::Filled { .. });
        let content = choice.delta.content.as_deref();
        Some(if is_text { content.map(|_| self.text()) } else { content })
    }

    /// The choices, of which those values are this chunk's that are the same in all chunks of its shape: all except texts,
    /// reasoning, arguments and unmodelled fields.
    #[cfg(feature = "bridge")]
    pub(crate) fn constant_choices(&self) -> &[ChunkChoice] {
        &self.constant().choices
    }

    /// Fields that may be those of another chunk of the same shape.
    fn constant(&self) -> &Parsed {
        match &self.0 {
            Body::Parsed { parsed, .. } => parsed,
            Body::Filled { shape, .. } => shape.example(),
        }
    }

    fn head(&self) -> &Head {
        match &self.0 {
            Body::Filled { shape, .. } if !shape.varies_head() => &shape.example().head,
            _ => &self.fields().head,
        }
    }
}

impl fmt::Debug for ChatChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parsed { choices, usage, extra, presence, head } = self.fields();
        f.debug_struct("ChatChunk")
            .field("choices", choices)
            .field("usage", usage)
            .field("extra", extra)
            .field("presence", presence)
            .field("head", head)
            .field("raw", &self.raw())
            .finish()
    }
}

impl Filling<'_> {
    /// The chunk.
    pub fn to_chunk(self) -> ChatChunk {
        let Literals { raw, decoded, spans } = self.literals;
        let span = |number: Option<usize>| spans.get(number?);
        let usage_at = span(self.shape.usage_hole()).map_or(0, |span| span.raw.0);
        let is_filled = |(_, hole): &(Text, usize)| {
            spans.get(*hole).is_some_and(|span| span.raw.0 < span.raw.1)
        };
        let (main, has_one_text) = match self.shape.only_text() {
            Some(only) => (Some(only), true),
            None => {
                let mut texts = self.shape.texts().filter(is_filled);
                (texts.next(), texts.next().is_none())
            }
        };
        let (literals, text) = match span(main.map(|(_, hole)| hole)) {
            Some(Span { decoded: Some(range), .. }) => {
                let literals = [raw, part(decoded, *range)].concat();
                let text = (raw.len() as u32, literals.len() as u32);
                (literals.into(), text)
            }
            Some(span) => (raw.into(), span.raw),
            None => (raw.into(), (0, 0)),
        };
        ChatChunk(Body::Filled {
            shape: self.shape.clone(),
            literals,
            main: main.map(|(text, _)| text),
            text,
            has_one_text,
            usage_at,
            json: OnceLock::new(),
            parsed: OnceLock::new(),
        })
    }
}
