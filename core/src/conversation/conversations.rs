//! The trait of a store of conversations.

use std::sync::Arc;

use async_trait::async_trait;

use super::{CreateError, Found, NewConversation, Owner, SessionStart, StoreMessage};
use crate::credentials::Tokens;
use crate::error::Result;
use crate::outbox::Outcome;

/// A store of conversations and their messages.
///
/// See the [module](crate::conversation) for an implementation. Its methods are called on the runtime of the turn
/// (`history`) and of the outbox (all others), so none may block its thread; a panic in one is an error that names the
/// type. A store is used in forked children as well, and so must not hold connections of the process that created it.
#[async_trait]
pub trait Conversations: Send + Sync + 'static {
    /// The latest messages of a conversation, at most `limit`, the earliest first; those of one moment in any order.
    ///
    /// The turn's reader waits for this, at most
    /// [`HistoryLimits::wait`](crate::turn::HistoryLimits::wait).
    ///
    /// # Errors
    ///
    /// Any: the messages that still wait in the outbox are the history then.
    async fn history(
        &self,
        owner: Owner<'_>,
        conversation_id: &str,
        limit: usize,
    ) -> Result<Vec<StoreMessage>>;

    /// Creates a conversation and returns its id.
    ///
    /// [`NewConversation::begin`] returns the name, and stores in the outbox that the request is under way: call it
    /// right before the request. Everything before it may be repeated. If the process ends after it, the conversation is
    /// looked for ([`find`](Self::find)) before the creation is repeated. A store that knows the conversation of an earlier
    /// attempt by [`NewConversation::message_id`] needs no `begin`.
    ///
    /// # Errors
    ///
    /// [`CreateError::not_created`] when the conversation certainly does not exist: its outcome decides whether the creation
    /// is retried. [`CreateError::lost`] when the answer was lost, and `find` will tell. Any other error after `begin` leaves
    /// it in doubt: both messages become dead letters that say so.
    async fn create(&self, new: NewConversation<'_>) -> Result<String, CreateError>;

    /// Finds the conversation that an earlier request may have created, whose answer was lost. Called some seconds after that
    /// request, since the store may be at work still. The default is [`Found::Unknown`].
    ///
    /// A conversation is the right one if nobody else can have it: it has the name, was created since the message was
    /// [accepted](NewConversation::accepted_at), has no message, and [is not taken](NewConversation::is_taken) by another
    /// conversation of the outbox. Two such conversations are alike, and either will do. The outbox uses it only if no other
    /// creation of that user and name is under way, and else calls this again.
    ///
    /// # Errors
    ///
    /// Any: the outcome of [`CreateError::lost`] decides when it is looked for again.
    async fn find(&self, lost: NewConversation<'_>) -> Result<Found, CreateError> {
        let _ = lost;
        Ok(Found::Unknown)
    }

    /// Called once the conversation exists, before its first message is saved. The default does nothing.
    ///
    /// # Errors
    ///
    /// Any: it is recorded on the timeline. After one that says that the store was not reached
    /// ([`is_connect`](crate::Error::is_connect)) this is called again later, before the first message is saved; after a broken
    /// connection or a time limit twice more. Any other has no consequence.
    async fn start_session(&self, session: SessionStart<'_>) -> Result<()> {
        let _ = session;
        Ok(())
    }

    /// Saves a message of a conversation.
    ///
    /// Messages of one conversation arrive in order and one at a time. A save may be repeated after a crash, so a second
    /// save with the same id must not add a message.
    async fn save(&self, owner: Owner<'_>, message: &StoreMessage) -> Outcome;

    /// Called at most once for a saved message, for effects that must not be repeated, such as counting it. The default
    /// does nothing.
    async fn saved(&self, owner: Owner<'_>, message: &StoreMessage) {
        let _ = (owner, message);
    }

    /// Returns true if the user has this conversation; `None` if that is not known without a request to a service, which
    /// would delay the reply. Default `None`.
    ///
    /// A chat service refuses a message for a conversation that its user does not have ([`web`](crate::web)), before any
    /// stream.
    async fn has(&self, owner: Owner<'_>, conversation_id: &str) -> Option<bool> {
        let _ = (owner, conversation_id);
        None
    }

    /// The id of the conversation with the user's message of this id; `None` if there is none, or that is not known without a
    /// request to a service. Default `None`.
    ///
    /// A chat service asks for it where a page on the AI SDK does not tell the conversation ([`web`](crate::web)).
    async fn conversation_of(&self, owner: Owner<'_>, message_id: &str) -> Option<String> {
        let _ = (owner, message_id);
        None
    }

    /// The tokens with which the store has replaced these, for the user's page. Default `None`.
    fn reissued(&self, tokens: &Tokens) -> Option<Tokens> {
        let _ = tokens;
        None
    }

    /// Returns true if a turn must supply its user's tokens, because the store has none. Default false.
    fn needs_tokens(&self) -> bool {
        false
    }

    /// The address of the store, which its handles share.
    #[doc(hidden)]
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The name of the store's type in errors.
    #[doc(hidden)]
    fn type_name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

macro_rules! forward {
    ($pointer:ty $(, $inner:ident)?) => {
        #[async_trait]
        impl$(<$inner: Conversations + ?Sized>)? Conversations for $pointer {
            async fn history(
                &self,
                owner: Owner<'_>,
                conversation_id: &str,
                limit: usize,
            ) -> Result<Vec<StoreMessage>> {
                (**self).history(owner, conversation_id, limit).await
            }

            async fn create(&self, new: NewConversation<'_>) -> Result<String, CreateError> {
                (**self).create(new).await
            }

            async fn find(&self, lost: NewConversation<'_>) -> Result<Found, CreateError> {
                (**self).find(lost).await
            }

            async fn start_session(&self, session: SessionStart<'_>) -> Result<()> {
                (**self).start_session(session).await
            }

            async fn save(&self, owner: Owner<'_>, message: &StoreMessage) -> Outcome {
                (**self).save(owner, message).await
            }

            async fn saved(&self, owner: Owner<'_>, message: &StoreMessage) {
                (**self).saved(owner, message).await;
            }

            async fn has(&self, owner: Owner<'_>, conversation_id: &str) -> Option<bool> {
                (**self).has(owner, conversation_id).await
            }

            async fn conversation_of(&self, owner: Owner<'_>, message_id: &str) -> Option<String> {
                (**self).conversation_of(owner, message_id).await
            }

            fn reissued(&self, tokens: &Tokens) -> Option<Tokens> {
                (**self).reissued(tokens)
            }

            fn needs_tokens(&self) -> bool {
                (**self).needs_tokens()
            }

            fn identity(&self) -> usize {
                (**self).identity()
            }

            fn type_name(&self) -> &'static str {
                (**self).type_name()
            }
        }
    };
}

forward!(Arc<T>, T);
forward!(Box<dyn Conversations>);
