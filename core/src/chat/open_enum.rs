//! The words of the wire, as enums that stay open.

use super::lenient::Text;
use crate::open_enum::open_enum;

open_enum! {
    /// Why the model stopped.
    FinishReason as Text<'_> {
        /// The reply is complete, or a stop sequence was met.
        Stop = "stop",
        /// The token limit was reached.
        Length = "length",
        /// The model calls tools.
        ToolCalls = "tool_calls",
        /// A filter left content out.
        ContentFilter = "content_filter",
        /// The model calls a function, in the form that tool calls replaced.
        FunctionCall = "function_call",
    }
}

open_enum! {
    /// The author of a message.
    Role as Text<'_> {
        /// Instructions by the developer, for newer models.
        Developer = "developer",
        /// Instructions.
        System = "system",
        /// The person.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// The result of a tool call.
        Tool = "tool",
        /// The result of a function call, in the form that tools replaced.
        Function = "function",
    }
}

open_enum! {
    /// The effort of a reasoning model.
    ReasoningEffort as Text<'_> {
        /// Not at all.
        None = "none",
        /// As little as possible.
        Minimal = "minimal",
        /// A little.
        Low = "low",
        /// The default of most models.
        Medium = "medium",
        /// Much.
        High = "high",
        /// As much as the model can.
        XHigh = "xhigh",
    }
}

open_enum! {
    /// The length of the model's answers.
    Verbosity as Text<'_> {
        /// Concise.
        Low = "low",
        /// The default.
        Medium = "medium",
        /// Thorough.
        High = "high",
    }
}

open_enum! {
    /// The class of service that a request is processed in.
    ServiceTier as Text<'_> {
        /// As the project is set up.
        Auto = "auto",
        /// The standard class.
        Default = "default",
        /// Cheaper and slower.
        Flex = "flex",
        /// Faster and dearer.
        Priority = "priority",
    }
}

open_enum! {
    /// The closeness of the model's look at an image.
    ImageDetail as Text<'_> {
        /// As the model decides.
        Auto = "auto",
        /// At low resolution.
        Low = "low",
        /// At high resolution.
        High = "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_kept() {
        let reason: FinishReason = serde_json::from_str("\"eos\"").unwrap();
        assert_eq!(reason, FinishReason::Other("eos".into()));
        assert_eq!(serde_json::to_string(&reason).unwrap(), "\"eos\"");
        assert_eq!(FinishReason::from("tool_calls"), FinishReason::ToolCalls);
    }
}
