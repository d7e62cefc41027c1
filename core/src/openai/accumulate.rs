//! Puts a reply together from its chunks.

use super::chunk::{ChatChunk, ChunkChoice, ToolCallDelta};
use super::message::{AssistantMessage, ToolCall, function};
use super::reply::{ChatReply, Choice};
use super::usage::{Logprobs, TokenLogprob};

/// The most replies, and the most tool calls of each, that are kept.
const MOST: usize = 1024;

/// A reply in the making.
#[derive(Debug, Default)]
pub(super) struct Accumulator {
    reply: ChatReply,
    bytes: usize,
    begun: bool,
}

impl Accumulator {
    /// The reply as far as it has come.
    pub(super) fn reply(&self) -> &ChatReply {
        &self.reply
    }

    pub(super) fn into_reply(self) -> ChatReply {
        self.reply
    }

    /// Whether anything has come at all.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// About how many bytes of text are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether each of the replies asked for, and each that began, has come to its end.
    pub(super) fn all_finished(&self, asked: usize) -> bool {
        let choices = &self.reply.choices;
        choices.len() >= asked.max(1) && choices.iter().all(|c| c.finish_reason.is_some())
    }

    /// Adds a chunk that is text for the first reply and nothing else, of a shape that was added before.
    pub(super) fn add_text(&mut self, text: &str) {
        let (added, choice) = choice_at(&mut self.reply.choices, 0);
        self.bytes += added;
        if let Some(choice) = choice {
            self.bytes += append(&mut choice.message.content, Some(text));
        }
    }

    pub(super) fn add(&mut self, chunk: &ChatChunk) {
        let reply = &mut self.reply;
        if !self.begun {
            self.begun = true;
            reply.created = chunk.created();
        }
        // Some services leave these out of the first chunk or of the last.
        if reply.id.is_empty() {
            reply.id.push_str(chunk.id());
        }
        if reply.model.is_empty() {
            reply.model.push_str(chunk.model());
        }
        if let Some(usage) = &chunk.usage {
            reply.usage = Some((**usage).clone());
        }
        if let (None, Some(tier)) = (&reply.service_tier, chunk.service_tier()) {
            reply.service_tier = Some(tier.clone());
        }
        if reply.system_fingerprint.is_none() {
            reply.system_fingerprint = chunk.system_fingerprint().map(Into::into);
        }
        let mut first_changed = false;
        for addition in &chunk.choices {
            let (added, choice) = choice_at(&mut reply.choices, addition.index);
            self.bytes += added;
            if let Some(choice) = choice {
                self.bytes += add_to_choice(choice, addition);
            }
            first_changed |= added > 0 || addition.finish_reason.is_some();
        }
        if first_changed {
            reply.finish_reason = reply.choices.first().and_then(|c| c.finish_reason.clone());
        }
    }
}

/// The choice of this index, and how many bytes it takes if it is new. The choices stay in the order of their
/// indices.
fn choice_at(choices: &mut Vec<Choice>, index: u32) -> (usize, Option<&mut Choice>) {
    let at = choices.partition_point(|choice| choice.index < index);
    let mut added = 0;
    if choices.get(at).is_none_or(|choice| choice.index != index) {
        if choices.len() >= MOST {
            return (0, None);
        }
        choices.insert(at, Choice { index, ..Choice::default() });
        added = size_of::<Choice>();
    }
    (added, choices.get_mut(at))
}

/// Adds to a choice, and tells how many bytes that takes.
fn add_to_choice(choice: &mut Choice, addition: &ChunkChoice) -> usize {
    let message = &mut choice.message;
    let delta = &addition.delta;
    let mut bytes = append(&mut message.content, delta.content.as_deref())
        + append(&mut message.refusal, delta.refusal.as_deref())
        + append(&mut message.reasoning, delta.reasoning.as_deref());
    for call in &delta.tool_calls {
        bytes += add_tool_call(message, call);
    }
    if let Some(logprobs) = &addition.logprobs {
        let kept = choice.logprobs.get_or_insert_with(Logprobs::default);
        kept.content.extend(logprobs.content.iter().cloned());
        kept.refusal.extend(logprobs.refusal.iter().cloned());
        bytes += logprobs.content.iter().chain(&logprobs.refusal).map(size_of_token).sum::<usize>();
    }
    if let Some(reason) = &addition.finish_reason {
        bytes += reason.as_str().len();
        choice.finish_reason = Some(reason.clone());
    }
    bytes
}

fn size_of_token(token: &TokenLogprob) -> usize {
    let alternatives = token.top_logprobs.iter().map(size_of_token).sum::<usize>();
    let bytes = token.bytes.as_ref().map_or(0, Vec::len);
    size_of::<TokenLogprob>() + token.token.len() + bytes + alternatives
}

/// Adds to the tool call of the delta's index, and tells how many bytes that takes. Without an index, an id
/// begins a new call, and what has no id goes on with the last one.
fn add_tool_call(message: &mut AssistantMessage, delta: &ToolCallDelta) -> usize {
    let calls = &mut message.tool_calls;
    let new_id =
        |call: &ToolCall| delta.id.as_ref().is_some_and(|id| !id.is_empty() && *id != call.id);
    let index = match (delta.index, calls.last()) {
        (Some(index), _) => index,
        (None, None) => 0,
        (None, Some(last)) if new_id(last) => last.index.saturating_add(1),
        (None, Some(last)) => last.index,
    };
    let at = calls.partition_point(|call| call.index < index);
    let mut bytes = 0;
    if calls.get(at).is_none_or(|call| call.index != index) {
        if calls.len() >= MOST {
            return 0;
        }
        calls.insert(at, ToolCall { index, kind: function(), ..ToolCall::default() });
        bytes += size_of::<ToolCall>();
    }
    let Some(call) = calls.get_mut(at) else { return bytes };
    // Ids, kinds and names come whole; some services repeat them in every chunk.
    let mut set = |kept: &mut String, text: &Option<String>| {
        if let Some(text) = text
            && !text.is_empty()
            && text != kept
        {
            bytes += text.len();
            kept.clone_from(text);
        }
    };
    set(&mut call.id, &delta.id);
    set(&mut call.kind, &delta.kind);
    set(&mut call.function.name, &delta.name);
    let arguments = delta.arguments.as_deref().unwrap_or_default();
    call.function.arguments.push_str(arguments);
    bytes + arguments.len()
}

fn append(kept: &mut Option<String>, text: Option<&str>) -> usize {
    let Some(text) = text else { return 0 };
    kept.get_or_insert_default().push_str(text);
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::FinishReason;
    use super::super::chunk::ChunkReader;
    use super::*;

    fn accumulate(chunks: &[&str]) -> Accumulator {
        let mut reader = ChunkReader::default();
        let mut whole = Accumulator::default();
        for chunk in chunks {
            whole.add(&reader.read(chunk).unwrap().into_chunk(chunk));
        }
        whole
    }

    #[test]
    fn arguments_of_interleaved_tool_calls_are_joined_by_index() {
        let whole = accumulate(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}},{"index":1,"function":{"arguments":"}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":"tool_calls"}]}"#,
        ]);
        let calls = &whole.reply().choices[0].message.tool_calls;
        let read = |i: usize| {
            (
                calls[i].id.as_str(),
                calls[i].function.name.as_str(),
                calls[i].function.arguments.as_str(),
            )
        };
        assert_eq!((read(0), read(1)), (("a", "f", r#"{"x":1}"#), ("b", "g", "{}")));
        assert!(whole.all_finished(1));
    }

    #[test]
    fn tool_calls_without_an_index_are_told_apart_by_id() {
        let call = |id: &str, arguments: &str| {
            format!(
                r#"{{"choices":[{{"delta":{{"tool_calls":[{{{id}"function":{{"arguments":"{arguments}"}}}}]}}}}]}}"#
            )
        };
        let chunks = [call(r#""id":"a","#, "1"), call("", "2"), call(r#""id":"b","#, "3")];
        let whole = accumulate(&chunks.each_ref().map(String::as_str));
        let calls = &whole.reply().choices[0].message.tool_calls;
        let arguments: Vec<_> = calls.iter().map(|c| c.function.arguments.as_str()).collect();
        assert_eq!(arguments, ["12", "3"]);
    }

    #[test]
    fn a_reply_is_finished_when_all_that_were_asked_for_are() {
        let first = r#"{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}"#;
        let second =
            r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"length"}]}"#;
        let half = accumulate(&[first]);
        assert!(half.all_finished(1) && !half.all_finished(2));
        let whole = accumulate(&[first, second]);
        assert!(whole.all_finished(2));
        assert_eq!(whole.reply().text(), "a", "choices stand in the order of their indices");
    }

    #[test]
    fn an_absurd_index_takes_no_memory() {
        let whole = accumulate(&[
            r#"{"choices":[{"index":4294967295,"delta":{"tool_calls":[{"index":4294967295,"id":"a"}]}}]}"#,
        ]);
        assert_eq!(whole.reply().choices.len(), 1);
        assert_eq!(whole.reply().choices[0].message.tool_calls.len(), 1);
        assert!(whole.bytes() < 1000);
    }

    #[test]
    fn everything_that_is_kept_is_counted() {
        let large = "x".repeat(1000);
        for chunk in [
            json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": large}]}}]}),
            json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": large}}]}}]}),
            json!({"choices": [{"delta": {}, "finish_reason": large}]}),
            json!({"choices": [{"logprobs": {"content": [{"token": large, "logprob": 0}]}}]}),
            json!({"choices": [{"logprobs": {"content": [{"token": "a", "logprob": 0,
                "top_logprobs": [{"token": large, "logprob": 0}]}]}}]}),
        ] {
            assert!(accumulate(&[&chunk.to_string()]).bytes() >= 1000, "{chunk}");
        }
        let choices: Vec<_> = (0..500).map(|index| json!({"index": index})).collect();
        let many = accumulate(&[&json!({"choices": choices}).to_string()]);
        assert!(many.bytes() >= 500 * size_of::<Choice>());
    }

    #[test]
    fn the_first_reply_s_finish_reason_is_the_reply_s() {
        let chunk = |index: u32, reason: &str| {
            json!({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}).to_string()
        };
        let whole = accumulate(&[&chunk(1, "length"), &chunk(0, "stop")]);
        assert_eq!(whole.reply().finish_reason, Some(FinishReason::Stop));
    }

    #[test]
    fn logprobs_refusals_and_reasoning_are_kept() {
        let whole = accumulate(&[
            r#"{"choices":[{"delta":{"reasoning":"hm","reasoning_content":"hm"},"logprobs":{"content":[{"token":"a","logprob":-0.1}]}}]}"#,
            r#"{"choices":[{"delta":{"refusal":"no"},"logprobs":{"content":[{"token":"b","logprob":null}]}}],"usage":{"total_tokens":3}}"#,
        ]);
        let choice = &whole.reply().choices[0];
        assert_eq!(choice.logprobs.as_ref().unwrap().content.len(), 2);
        assert_eq!(choice.message.reasoning.as_deref(), Some("hm"));
        assert_eq!(choice.message.refusal.as_deref(), Some("no"));
        assert_eq!(whole.reply().usage.as_ref().unwrap().total_tokens, 3);
    }
}
