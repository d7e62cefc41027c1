//! A store of conversations as the sink of an outbox.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::{ConversationOpener, Conversations, Owner, StoreMessage};
use crate::outbox::{AnyOpener, Outcome, Record, Sink};

/// Delivers the messages of an outbox to a store of conversations, and opens new ones there.
///
/// [`Turns`](crate::Turns) does this itself. This type is for a process that only delivers records from a file.
///
/// ```no_run
/// # use turnwire::conversation::{Conversations, ConversationSink};
/// use turnwire::Outbox;
///
/// # fn run(store: impl Conversations) -> turnwire::Result<()> {
/// let outbox = Outbox::builder().path("var/outbox.db").sink(ConversationSink::new(store)).start()?;
/// # let _ = outbox;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConversationSink(Arc<dyn Conversations>);

impl ConversationSink {
    /// Delivers to this store.
    pub fn new(store: impl Conversations) -> Self {
        ConversationSink(Arc::new(store))
    }
}

/// The id of a record that replaces the text of a message in the store: the message's own id names its first record.
pub(crate) fn replacing(message_id: &str, turn_id: &str) -> String {
    format!("{message_id}/{turn_id}")
}

/// Returns true for the id of a record that replaces the text of this message.
pub(crate) fn replaces(record_id: &str, message_id: &str) -> bool {
    record_id.strip_prefix(message_id).is_some_and(|rest| rest.starts_with('/'))
}

#[async_trait]
impl Sink for ConversationSink {
    async fn deliver(&self, record: &Record) -> Outcome {
        match StoreMessage::deserialize(record.payload()) {
            Ok(message) => self.0.save(Owner::of(record), &message).await,
            // A serde error may quote the message's text.
            Err(_) => Outcome::dead("its payload is no message"),
        }
    }

    async fn delivered(&self, record: &Record) {
        // Text that replaces the text of a saved message is no other message.
        if let Ok(message) = StoreMessage::deserialize(record.payload())
            && message.id == record.id()
        {
            self.0.saved(Owner::of(record), &message).await;
        }
    }

    fn opener(&self) -> Option<AnyOpener> {
        Some(AnyOpener(Arc::new(ConversationOpener::new(self.0.clone()))))
    }

    fn needs_tokens(&self) -> bool {
        self.0.needs_tokens()
    }

    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }
}

impl fmt::Debug for ConversationSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConversationSink").field(&self.0.type_name()).finish()
    }
}
