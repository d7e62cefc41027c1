//! Settings as JSON, with the names of a host language.
//!
//! Each client has an object of settings, whose fields are those of its builder; connections, retries and limits are an
//! object `http` in it, and the parts of the turn engine are nested objects. An absent setting keeps core's default.
//! `null` counts as absent, except for limits, where it means no limit. Times are seconds, in JavaScript milliseconds.
//!
//! A number that a call or a wait is given is refused in the same words as that of a client ([`time`], [`whole`]).
//!
//! An error names the path of a setting and the names known there, but never its value, which may be a key.

#[cfg(feature = "nats")]
mod broker;
mod clients;
mod environment;
mod http;
mod names;
mod nats;
mod numbers;
mod outbox;
mod parts;
mod prompts;
mod routes;
mod speech;
mod turns;
mod value;
mod values;
mod words;

// With all objects.
#[cfg(feature = "nats")]
#[cfg(test)]
mod tests;

#[cfg(feature = "nats")]
pub use broker::{courier, nats};
pub use clients::{chat_service, chat_store, client, open_ai};
pub use environment::with_environment;
pub use names::Names;
pub use numbers::{time, whole};
pub use outbox::outbox;
pub use parts::Parts;
pub use prompts::{PRESETS, preset};
pub use routes::routes;
pub use speech::{speaker, speech, speech_request};
pub use turns::turns;

pub(super) use value::{Subject, fields_of, read};

/// The objects of settings and the names of their fields, for comparison with a language's declarations.
pub fn objects() -> Vec<(&'static str, &'static [&'static str])> {
    vec![
        ("openai", fields_of::<clients::OpenAiSettings>()),
        ("store", fields_of::<clients::StoreSettings>()),
        ("store.paths", fields_of::<clients::StorePathSettings>()),
        ("service", fields_of::<clients::ServiceSettings>()),
        ("service.paths", fields_of::<clients::ServicePathSettings>()),
        ("outbox", fields_of::<outbox::OutboxSettings>()),
        ("outbox.limits", fields_of::<outbox::LimitSettings>()),
        ("outbox.delivery", fields_of::<outbox::DeliverySettings>()),
        ("nats", fields_of::<nats::NatsSettings>()),
        ("courier", fields_of::<nats::CourierSettings>()),
        ("turns", fields_of::<turns::TurnsSettings>()),
        ("turns.fallbacks", fields_of::<turns::FallbackSettings>()),
        ("turns.history", fields_of::<turns::HistorySettings>()),
        ("turns.prompts", fields_of::<prompts::PromptSettings>()),
        ("turns.sentiment", fields_of::<turns::SentimentSettings>()),
        ("turns.speech", fields_of::<speech::SpeechSettings>()),
        ("routes", fields_of::<routes::RoutesSettings>()),
        ("routes.paths", fields_of::<routes::PathSettings>()),
        ("speaker", fields_of::<speech::SpeakerSettings>()),
        ("speaker.google", fields_of::<speech::GoogleSettings>()),
        ("speaker.openai", fields_of::<speech::OpenAiSpeakerSettings>()),
        ("speech_request", fields_of::<speech::RequestFields>()),
        ("http", fields_of::<http::Http>()),
        ("http.timeouts", fields_of::<http::TimeLimits>()),
        ("http.retry", fields_of::<http::Retry>()),
        ("http.limits", fields_of::<http::SizeLimits>()),
    ]
}

/// The names of the fields of an object of [`objects`].
pub fn fields(object: &str) -> Option<&'static [&'static str]> {
    objects().into_iter().find(|(name, _)| *name == object).map(|(_, fields)| fields)
}
