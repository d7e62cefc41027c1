//! The values of literals that vary within a shape: their paths in the JSON, and the fields that they set.

use serde_json::{Value, json};

use super::delta::Parsed;
use super::extra::Extra;
use super::lenient;
use super::places::{Form, Owner, Step, Target, UsageNumber};
use super::span::Literal;
use super::usage::Usage;
use crate::json::literal;

impl Literal<'_> {
    /// The value of a whole number, as in a chunk that is parsed in full.
    #[inline]
    pub(super) fn number(&self) -> u64 {
        literal::whole(self.raw).unwrap_or_else(|| self.odd_number())
    }

    /// The same for a number that is not written in a few digits alone.
    #[cold]
    fn odd_number(&self) -> u64 {
        let read = lenient::number(&mut serde_json::Deserializer::from_str(self.raw));
        read.unwrap_or_default()
    }

    fn value(&self, form: Form) -> Value {
        match form {
            Form::String => self.text.into(),
            Form::Number => serde_json::from_str(self.raw).unwrap_or_default(),
        }
    }
}

impl Target {
    /// The path to the literal, as a JSON list of names and positions.
    pub(super) fn path(&self) -> String {
        let path = match self {
            Target::Content => json!(["choices", 0, "delta", "content"]),
            Target::Reasoning(name) => json!(["choices", 0, "delta", name.as_str()]),
            Target::Arguments => {
                json!(["choices", 0, "delta", "tool_calls", 0, "function", "arguments"])
            }
            Target::Padding => json!(["obfuscation"]),
            Target::Id => json!(["id"]),
            Target::Created => json!(["created"]),
            Target::Usage(number) => number.path(),
            Target::Fact(owner, path) => {
                let before = match owner {
                    Owner::Chunk => vec![],
                    Owner::Choice => vec![json!("choices"), json!(0)],
                    Owner::Usage => vec![json!("usage")],
                };
                let step = |step: &Step| match step {
                    Step::Name(name) => Value::from(&**name),
                    Step::Place(place) => Value::from(*place),
                };
                before.into_iter().chain(path.iter().map(step)).collect()
            }
        };
        path.to_string()
    }
}

impl UsageNumber {
    fn path(self) -> Value {
        let (details, name) = match self {
            UsageNumber::Prompt => (None, "prompt_tokens"),
            UsageNumber::Completion => (None, "completion_tokens"),
            UsageNumber::Total => (None, "total_tokens"),
            UsageNumber::Cached => (Some("prompt_tokens_details"), "cached_tokens"),
            UsageNumber::PromptAudio => (Some("prompt_tokens_details"), "audio_tokens"),
            UsageNumber::Reasoning => (Some("completion_tokens_details"), "reasoning_tokens"),
            UsageNumber::CompletionAudio => (Some("completion_tokens_details"), "audio_tokens"),
            UsageNumber::Accepted => {
                (Some("completion_tokens_details"), "accepted_prediction_tokens")
            }
            UsageNumber::Rejected => {
                (Some("completion_tokens_details"), "rejected_prediction_tokens")
            }
        };
        let path = ["usage"].into_iter().chain(details).chain([name]);
        path.collect()
    }
}

impl Owner {
    /// The unmodelled fields of this part of a chunk.
    pub(super) fn extra_of(self, parsed: &mut Parsed) -> Option<&mut Extra> {
        match self {
            Owner::Chunk => Some(&mut parsed.extra),
            Owner::Choice => parsed.choices.first_mut().map(|choice| &mut choice.extra),
            Owner::Usage => parsed.usage.as_mut().map(|usage| &mut usage.extra),
        }
    }
}

/// Sets a number of the usage.
pub(super) fn set_usage(usage: &mut Usage, number: UsageNumber, value: u64) {
    let prompt = usage.prompt_tokens_details.as_mut();
    let completion = usage.completion_tokens_details.as_mut();
    let field = match number {
        UsageNumber::Prompt => Some(&mut usage.prompt_tokens),
        UsageNumber::Completion => Some(&mut usage.completion_tokens),
        UsageNumber::Total => Some(&mut usage.total_tokens),
        UsageNumber::Cached => prompt.map(|details| &mut details.cached_tokens),
        UsageNumber::PromptAudio => prompt.map(|details| &mut details.audio_tokens),
        UsageNumber::Reasoning => completion.map(|details| &mut details.reasoning_tokens),
        UsageNumber::CompletionAudio => completion.map(|details| &mut details.audio_tokens),
        UsageNumber::Accepted => completion.map(|details| &mut details.accepted_prediction_tokens),
        UsageNumber::Rejected => completion.map(|details| &mut details.rejected_prediction_tokens),
    };
    if let Some(field) = field {
        *field = value;
    }
}

/// Sets the value at a path in unmodelled fields, and returns the lengths of the strings before and after.
pub(super) fn set_fact(
    extra: &mut Extra,
    path: &[Step],
    literal: Literal<'_>,
    form: Form,
) -> (usize, usize) {
    let Some((Step::Name(name), path)) = path.split_first() else { return (0, 0) };
    let value = path.iter().try_fold(extra.get_mut(&**name), |value, step| {
        Some(match step {
            Step::Name(name) => value?.get_mut(&**name),
            Step::Place(place) => value?.get_mut(*place),
        })
    });
    let Some(Some(value)) = value else { return (0, 0) };
    let new = literal.value(form);
    let length = |value: &Value| value.as_str().map_or(0, str::len);
    let lengths = (length(value), length(&new));
    *value = new;
    lengths
}
