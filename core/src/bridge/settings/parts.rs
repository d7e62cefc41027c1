//! The parts of a turn engine that a host builds on their own, and hands over as objects.

use std::fmt;
use std::sync::Arc;

use crate::conversation::Conversations;
use crate::outbox::Outbox;
use crate::speech::Speaker;
use crate::turn::Sentiment;

/// Parts of an engine. Each takes the place of the setting of the same name.
#[derive(Default)]
pub struct Parts {
    /// The store of conversations.
    pub store: Option<Arc<dyn Conversations>>,
    /// The outbox, which its owner can inspect and flush as well.
    pub outbox: Option<Outbox>,
    /// The classifier of messages.
    pub sentiment: Option<Arc<dyn Sentiment>>,
    /// The speaker of replies.
    pub speaker: Option<Arc<dyn Speaker>>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}
