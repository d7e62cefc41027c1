//! The words of the wire, as enums that accept unknown words.

use super::lenient::Text;
use crate::open_enum::open_enum;

open_enum! {
    /// The reason for the end of a reply.
    FinishReason as Text<'_> {
        /// The reply is complete, or a stop sequence occurred.
        Stop = "stop",
        /// The token limit was reached.
        Length = "length",
        /// The model calls tools.
        ToolCalls = "tool_calls",
        /// A filter removed content.
        ContentFilter = "content_filter",
        /// The model calls a function, the predecessor of tool calls.
        FunctionCall = "function_call",
    }
}

open_enum! {
    /// The author of a message.
    Role as Text<'_> {
        /// Instructions from the developer, for newer models.
        Developer = "developer",
        /// Instructions.
        System = "system",
        /// The user.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// The result of a tool call.
        Tool = "tool",
        /// The result of a function call, the predecessor of tool calls.
        Function = "function",
    }
}

open_enum! {
    /// The effort of a reasoning model.
    ReasoningEffort as Text<'_> {
        /// No reasoning.
        None = "none",
        /// The least possible.
        Minimal = "minimal",
        /// Low.
        Low = "low",
        /// The default of most models.
        Medium = "medium",
        /// High.
        High = "high",
        /// The most possible.
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
    /// The class of service that processes a request.
    ServiceTier as Text<'_> {
        /// The project's setting.
        Auto = "auto",
        /// The standard class.
        Default = "default",
        /// Cheaper and slower.
        Flex = "flex",
        /// Faster and more expensive.
        Priority = "priority",
    }
}

open_enum! {
    /// The detail at which the model examines an image.
    ImageDetail as Text<'_> {
        /// The model decides.
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
