//! The places in a chunk's JSON whose literals may vary from chunk to chunk, and the meaning of each.

use std::ops::Range;

use super::assistant::ReasoningName;
use crate::json::literal;

/// The most places of unmodelled fields: more are taken as constant.
const MOST_FACTS: usize = 32;

/// The deepest nesting of a chunk that is searched.
const DEEPEST: usize = 32;

/// The meaning of a literal in a chunk.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// The text of the first reply.
    Content,
    /// The reasoning of the first reply, under this name.
    Reasoning(ReasoningName),
    /// The arguments of the only tool call.
    Arguments,
    /// Random padding, which OpenAI varies so that sizes reveal nothing about the content.
    Padding,
    Id,
    Created,
    Usage(UsageNumber),
    /// A value of an unmodelled field, which replaces the one before.
    Fact(Owner, Box<[Step]>),
}

/// A number of the usage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum UsageNumber {
    Prompt,
    Completion,
    Total,
    Cached,
    PromptAudio,
    Reasoning,
    CompletionAudio,
    Accepted,
    Rejected,
}

/// The object that has an unmodelled field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Owner {
    Chunk,
    Choice,
    Usage,
}

/// A step of a path in JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Name(Box<str>),
    Place(usize),
}

/// The form of a literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    String,
    Number,
}

/// A literal that may vary.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) target: Target,
    pub(super) form: Form,
    /// The range of the literal, between the quotes of a string.
    pub(super) range: Range<usize>,
}

/// The fields that may vary, besides the texts and the padding.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Variable {
    /// The numbers of the usage, which has been parsed.
    pub(super) usage: bool,
    /// The creation time, once the reply has one: 0 has several spellings.
    pub(super) created: bool,
    /// The id and the fields that are not modelled.
    pub(super) others: bool,
}

/// The places in the JSON of a chunk that has been parsed; `None` if a path in it does not lead to one value.
pub(super) fn places(json: &str, variable: Variable) -> Option<Vec<Place>> {
    let mut walk = Walk { json, at: 0, variable, path: Vec::new(), places: Vec::new(), facts: 0 };
    walk.value(Here::Chunk, DEEPEST)?;
    Some(walk.places)
}

/// The meaning of the value that is being read.
#[derive(Clone, Debug)]
enum Here {
    Chunk,
    Choices,
    Choice,
    Delta,
    Calls,
    Call,
    Function,
    Usage,
    PromptDetails,
    CompletionDetails,
    /// A literal of this meaning, if it has this form.
    Literal(Target, Form),
    /// An unmodelled field, or a part of one.
    Fact(Owner),
    Constant,
}

struct Walk<'j> {
    json: &'j str,
    at: usize,
    variable: Variable,
    /// The path from the owner of an unmodelled field.
    path: Vec<Step>,
    places: Vec<Place>,
    facts: usize,
}

impl<'j> Walk<'j> {
    fn value(&mut self, here: Here, depth: usize) -> Option<()> {
        self.skip_space();
        match self.peek()? {
            b'{' => self.object(here, depth.checked_sub(1)?),
            b'[' => self.list(here, depth.checked_sub(1)?),
            b'"' => {
                let range = self.string()?;
                self.literal(here, Form::String, range);
                Some(())
            }
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                self.at = literal::number(self.json.as_bytes(), start)?;
                self.literal(here, Form::Number, start..self.at);
                Some(())
            }
            _ => {
                let rest = self.json.as_bytes().get(self.at..)?;
                self.at += rest.iter().take_while(|b| b.is_ascii_lowercase()).count();
                Some(())
            }
        }
    }

    fn object(&mut self, here: Here, depth: usize) -> Option<()> {
        let mut names = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.skip_space();
            (self.peek()? == b'"').then_some(())?;
            let range = self.string()?;
            let name = self.json.get(range)?;
            if !matches!(here, Here::Constant) {
                // Of two fields with one name, the parser uses one or the other.
                (!name.contains('\\') && !names.contains(&name)).then_some(())?;
                names.push(name);
            }
            self.skip_space();
            self.at += 1;
            let inside = self.field(&here, name);
            let is_fact = matches!(inside, Here::Fact(_));
            if is_fact {
                self.path.push(Step::Name(name.into()));
            }
            self.value(inside, depth)?;
            if is_fact {
                self.path.pop();
            }
            if self.ends(b'}')? {
                return Some(());
            }
        }
    }

    fn list(&mut self, here: Here, depth: usize) -> Option<()> {
        self.at += 1;
        self.skip_space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        for place in 0.. {
            let inside = match (&here, place) {
                (Here::Choices, 0) => Here::Choice,
                (Here::Calls, 0) => Here::Call,
                (Here::Fact(owner), _) => {
                    self.path.push(Step::Place(place));
                    Here::Fact(*owner)
                }
                _ => Here::Constant,
            };
            let is_fact = matches!(inside, Here::Fact(_));
            self.value(inside, depth)?;
            if is_fact {
                self.path.pop();
            }
            if self.ends(b']')? {
                break;
            }
        }
        Some(())
    }

    /// Skips the comma after an item, or the end of the object or list; true for the end.
    fn ends(&mut self, end: u8) -> Option<bool> {
        self.skip_space();
        let found = self.peek()?;
        self.at += 1;
        (found == end || found == b',').then_some(found == end)
    }

    /// The meaning of a field.
    fn field(&self, here: &Here, name: &str) -> Here {
        use Form::{Number, String};
        let variable = self.variable;
        let usage = |number| Here::Literal(Target::Usage(number), Number);
        let fact = |owner| if variable.others { Here::Fact(owner) } else { Here::Constant };
        match (here, name) {
            (Here::Chunk, "choices") => Here::Choices,
            (Here::Chunk, "id") if variable.others => Here::Literal(Target::Id, String),
            (Here::Chunk, "created") if variable.created => Here::Literal(Target::Created, Number),
            (Here::Chunk, "obfuscation") => Here::Literal(Target::Padding, String),
            (Here::Chunk, "usage") if variable.usage => Here::Usage,
            (
                Here::Chunk,
                "id" | "created" | "usage" | "object" | "model" | "service_tier"
                | "system_fingerprint" | "error",
            ) => Here::Constant,
            (Here::Chunk, _) => fact(Owner::Chunk),
            (Here::Choice, "delta") => Here::Delta,
            (Here::Choice, "index" | "message" | "finish_reason" | "logprobs") => Here::Constant,
            (Here::Choice, _) => fact(Owner::Choice),
            (Here::Delta, "content") => Here::Literal(Target::Content, String),
            (Here::Delta, "reasoning_content") => {
                Here::Literal(Target::Reasoning(ReasoningName::ReasoningContent), String)
            }
            (Here::Delta, "reasoning") => {
                Here::Literal(Target::Reasoning(ReasoningName::Reasoning), String)
            }
            (Here::Delta, "tool_calls") => Here::Calls,
            (Here::Call, "function") => Here::Function,
            (Here::Function, "arguments") => Here::Literal(Target::Arguments, String),
            (Here::Usage, "prompt_tokens") => usage(UsageNumber::Prompt),
            (Here::Usage, "completion_tokens") => usage(UsageNumber::Completion),
            (Here::Usage, "total_tokens") => usage(UsageNumber::Total),
            (Here::Usage, "prompt_tokens_details") => Here::PromptDetails,
            (Here::Usage, "completion_tokens_details") => Here::CompletionDetails,
            (Here::Usage, _) => fact(Owner::Usage),
            (Here::PromptDetails, "cached_tokens") => usage(UsageNumber::Cached),
            (Here::PromptDetails, "audio_tokens") => usage(UsageNumber::PromptAudio),
            (Here::CompletionDetails, "reasoning_tokens") => usage(UsageNumber::Reasoning),
            (Here::CompletionDetails, "audio_tokens") => usage(UsageNumber::CompletionAudio),
            (Here::CompletionDetails, "accepted_prediction_tokens") => usage(UsageNumber::Accepted),
            (Here::CompletionDetails, "rejected_prediction_tokens") => usage(UsageNumber::Rejected),
            (Here::Fact(owner), _) => fact(*owner),
            _ => Here::Constant,
        }
    }

    /// Notes a literal, if its meaning is known.
    fn literal(&mut self, here: Here, form: Form, range: Range<usize>) {
        let target = match here {
            Here::Literal(target, wanted) if wanted == form => target,
            Here::Fact(owner) if self.facts < MOST_FACTS => {
                self.facts += 1;
                Target::Fact(owner, self.path.as_slice().into())
            }
            _ => return,
        };
        self.places.push(Place { target, form, range });
    }

    /// Skips a string, and returns the range of its content.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at + 1;
        let end = literal::string_end(self.json.as_bytes(), start)?;
        self.at = end + 1;
        Some(start..end)
    }

    fn skip_space(&mut self) {
        let rest = self.json.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|b| matches!(b, b' ' | b'\n' | b'\r' | b'\t')).count();
    }

    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }
}
