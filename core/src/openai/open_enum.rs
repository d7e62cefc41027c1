//! Enums that stay open: a word that nobody listed is kept, not refused.

/// Defines an enum of words with an `Other` for all further ones, and its JSON and text forms.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A word that this version does not know.
            Other(Box<str>),
        }

        impl $name {
            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(other.into()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = crate::openai::lenient::Text::deserialize(deserializer)?;
                Ok(Self::from(text.as_str()))
            }
        }
    };
}

open_enum! {
    /// Why the model stopped.
    FinishReason {
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
    /// Who speaks.
    Role {
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
    /// How long a reasoning model may think.
    ReasoningEffort {
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
    /// How much the model says.
    Verbosity {
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
    ServiceTier {
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
    /// How closely the model looks at an image.
    ImageDetail {
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
