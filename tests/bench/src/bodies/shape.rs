//! The shapes of bodies, by the names that stand in URLs and tables.

use std::fmt;

/// The kind of service whose bodies are imitated.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Shape {
    /// OpenAI: padding of varying length, everything else the same in each chunk.
    OpenAi,
    /// The same, written by Python's `json.dumps`: spaces, and every character beyond ASCII as `\uXXXX`.
    Escaped,
    /// OpenRouter and vLLM: the id and the time move, and each chunk has the usage so far.
    Moving,
    /// Arguments of two tool calls in small pieces: JSON within JSON.
    Tools,
    /// llama.cpp's server: the choices first, timings in the last chunk.
    LlamaCpp,
    /// Ollama: the role in each delta, written by Go.
    Ollama,
    /// One and the same chunk, without an escape: the easiest body there is.
    Constant,
    /// Events of a chat service.
    EventsPlain,
    /// Events of a chat service with every character beyond ASCII as `\uXXXX`.
    EventsEscaped,
}

impl Shape {
    /// All shapes.
    pub const ALL: [Shape; 9] = [
        Shape::OpenAi,
        Shape::Escaped,
        Shape::Moving,
        Shape::Tools,
        Shape::LlamaCpp,
        Shape::Ollama,
        Shape::Constant,
        Shape::EventsPlain,
        Shape::EventsEscaped,
    ];

    /// The shapes with OpenAI's wire.
    pub fn of_chat() -> impl Iterator<Item = Shape> {
        Self::ALL.into_iter().filter(|shape| !shape.is_events())
    }

    /// The name in URLs and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Shape::OpenAi => "openai",
            Shape::Escaped => "escaped",
            Shape::Moving => "moving",
            Shape::Tools => "tools",
            Shape::LlamaCpp => "llamacpp",
            Shape::Ollama => "ollama",
            Shape::Constant => "constant",
            Shape::EventsPlain => "events-plain",
            Shape::EventsEscaped => "events-escaped",
        }
    }

    /// The shape of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// True for the events of a chat service, false for chunks with OpenAI's wire.
    #[must_use]
    pub fn is_events(self) -> bool {
        matches!(self, Shape::EventsPlain | Shape::EventsEscaped)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
