//! Enums of core under the names that settings have for them.

/// Defines the JSON names of an enum of core.
macro_rules! words {
    ($($name:ident of $of:ident: $($word:ident),+;)+) => {
        $(
            #[derive(Clone, Copy, Deserialize)]
            #[serde(rename_all = "snake_case")]
            enum $name {
                $($word,)+
            }

            impl From<$name> for $of {
                fn from(name: $name) -> Self {
                    match name {
                        $($name::$word => $of::$word,)+
                    }
                }
            }
        )+
    };
}

pub(super) use words;
