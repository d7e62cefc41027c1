//! Every public type is `Send`, and all except streams are `Sync`, as checked by the compiler.

use std::collections::BTreeSet;
use std::fs;

/// A stream of texts, for types that hold one.
type Texts = futures::stream::Iter<std::vec::IntoIter<String>>;

/// Asserts that each type implements the traits, and lists the types.
macro_rules! implement {
    ($names:ident, $($bound:path),+: $($type:ty,)+) => {
        const $names: &[&str] = {
            const fn holds<T: ?Sized $(+ $bound)+>() {}
            $(holds::<$type>();)+
            &[$(stringify!($type)),+]
        };
    };
}

implement! { SHARED, Send, Sync:
    turnwire::blocking::ChatService,
    turnwire::blocking::OpenAi,
    turnwire::blocking::Turns,
    turnwire::chat::AssistantMessage,
    turnwire::chat::ChatChunk,
    turnwire::chat::ChatReply,
    turnwire::chat::ChatRequest,
    turnwire::chat::Choice,
    turnwire::chat::ChunkChoice,
    turnwire::chat::CompletionTokens,
    turnwire::chat::Content,
    turnwire::chat::CustomCall,
    turnwire::chat::Delta,
    turnwire::chat::Extra,
    turnwire::chat::FinishReason,
    turnwire::chat::FunctionCall,
    turnwire::chat::FunctionTool,
    turnwire::chat::ImageDetail,
    turnwire::chat::ImageUrl,
    turnwire::chat::Logprobs,
    turnwire::chat::Message,
    turnwire::chat::Model,
    turnwire::chat::ModelList,
    turnwire::chat::OpenAi,
    turnwire::chat::OpenAiBuilder,
    turnwire::chat::Part,
    turnwire::chat::PromptTokens,
    turnwire::chat::ReasoningEffort,
    turnwire::chat::ResponseFormat,
    turnwire::chat::Role,
    turnwire::chat::SchemaFormat,
    turnwire::chat::ServiceTier,
    turnwire::chat::Stop,
    turnwire::chat::StreamOptions,
    turnwire::chat::TextMessage,
    turnwire::chat::TokenLogprob,
    turnwire::chat::Tool,
    turnwire::chat::ToolCall,
    turnwire::chat::ToolCallDelta,
    turnwire::chat::ToolCallPiece<'static>,
    turnwire::chat::ToolChoice,
    turnwire::chat::ToolMode,
    turnwire::chat::Usage,
    turnwire::chat::Verbosity,
    turnwire::config::CallOptions,
    turnwire::config::Limits,
    turnwire::config::RetryPolicy,
    turnwire::config::Timeouts,
    turnwire::conversation::ConversationSink,
    turnwire::conversation::CreateError,
    turnwire::conversation::Found,
    turnwire::conversation::MessageType,
    turnwire::conversation::NewConversation<'static>,
    turnwire::conversation::Owner<'static>,
    turnwire::conversation::SenderRole,
    turnwire::conversation::SessionStart<'static>,
    turnwire::conversation::StoreMessage,
    turnwire::conversation::Workspace,
    turnwire::conversation::WorkspaceStatus,
    turnwire::credentials::Secret,
    turnwire::credentials::TokenRequest,
    turnwire::credentials::Tokens,
    turnwire::error::ApiError,
    turnwire::error::Error,
    turnwire::error::ErrorKind,
    turnwire::error::TokenUsage,
    turnwire::event::ChatAnswer,
    turnwire::event::TurnEvent,
    turnwire::event::Wire,
    turnwire::nats::Courier,
    turnwire::nats::CourierBuilder,
    turnwire::nats::CourierStats,
    turnwire::nats::Nats,
    turnwire::nats::NatsSink,
    turnwire::outbox::DeadLetter,
    turnwire::outbox::Delivery,
    turnwire::outbox::Durability,
    turnwire::outbox::FlushReport,
    turnwire::outbox::Outbox,
    turnwire::outbox::OutboxBuilder,
    turnwire::outbox::OutboxLimits,
    turnwire::outbox::Outcome,
    turnwire::outbox::PendingRecord,
    turnwire::outbox::PendingState,
    turnwire::outbox::Receipt,
    turnwire::outbox::Record,
    turnwire::outbox::Stats,
    turnwire::outbox::WhenFull,
    turnwire::service::ChatService,
    turnwire::service::ChatServiceBuilder,
    turnwire::service::ServicePaths,
    turnwire::service::Wire,
    turnwire::speech::AudioFormat,
    turnwire::speech::AudioPiece,
    turnwire::speech::FailedSentence,
    turnwire::speech::GoogleTranslateSpeaker,
    turnwire::speech::OnFailure,
    turnwire::speech::OpenAiSpeaker,
    turnwire::speech::SentenceCutter,
    turnwire::speech::ServiceSpeaker,
    turnwire::speech::Speech,
    turnwire::speech::SpeechMode,
    turnwire::speech::SpeechRequest,
    turnwire::speech::Spoken,
    turnwire::sqlite_store::HistoryPage,
    turnwire::sqlite_store::Session,
    turnwire::sqlite_store::SqliteStore,
    turnwire::sse::Decoder,
    turnwire::sse::Event<'static>,
    turnwire::sse::EventTooLarge,
    turnwire::sse::Frame<'static>,
    turnwire::store::ChatStore,
    turnwire::store::ChatStoreBuilder,
    turnwire::store::Session,
    turnwire::store::SessionStatus,
    turnwire::store::StorePaths,
    turnwire::store::StoreStats,
    turnwire::turn::Fallback,
    turnwire::turn::HistoryLimits,
    turnwire::turn::LlmSentiment,
    turnwire::turn::Naming,
    turnwire::turn::NamingStart,
    turnwire::turn::OnDisconnect,
    turnwire::turn::Prompts,
    turnwire::turn::Stage,
    turnwire::turn::StageName,
    turnwire::turn::StageOutcome,
    turnwire::turn::StopOutcome,
    turnwire::turn::Stopper,
    turnwire::turn::Timeline,
    turnwire::turn::TurnRequest,
    turnwire::turn::Turns,
    turnwire::turn::TurnsBuilder,
    turnwire::web::Call,
    turnwire::web::ChatRoutes,
    turnwire::web::ChatRoutesBuilder,
    turnwire::web::Route,
}

// One reader uses these through `&mut`.
implement! { OF_ONE_READER, Send:
    turnwire::blocking::ChatStream,
    turnwire::blocking::Turn,
    turnwire::blocking::TurnBytes,
    turnwire::blocking::TurnStream,
    turnwire::chat::ChatStream,
    turnwire::service::TurnStream,
    turnwire::speech::AudioStream,
    turnwire::speech::JoinedSpeech<Texts>,
    turnwire::speech::SpeechStream<Texts>,
    turnwire::turn::Turn,
    turnwire::turn::TurnBytes,
    turnwire::web::Admitted,
    turnwire::web::Reply,
    turnwire::web::ReplyBody,
}

#[test]
fn every_public_type_is_asserted() {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/public-api.txt");
    let list = fs::read_to_string(list).unwrap_or_else(|error| panic!("{list}: {error}"));
    let words = list.lines().filter_map(|line| {
        let (_, named) = line.split_once("pub struct ").or_else(|| line.split_once("pub enum "))?;
        named.split('<').next()
    });
    let named = SHARED.iter().chain(OF_ONE_READER).filter_map(|name| name.split('<').next());
    let named: BTreeSet<String> = named.map(|name| name.replace(' ', "")).collect();
    let missing: Vec<&str> = words.filter(|name| !named.contains(*name)).collect();
    assert!(missing.is_empty(), "add to the types of this file: {missing:#?}");
}
