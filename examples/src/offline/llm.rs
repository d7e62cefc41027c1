//! A service that answers chat completions by rules, in OpenAI's format, without a model.

use std::io;
use std::iter;

use jiff::ZonedDateTime;
use turnwire_fakes::{Conversation, Fake, Model, Said};

use super::{pace, rules, titles};

/// A running OpenAI-compatible service that is not a model, and says so in its replies. Dropping it closes its
/// port.
#[derive(Debug)]
pub struct Llm {
    fake: Fake,
}

impl Llm {
    /// Starts the service on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the loopback interface has no free port.
    pub async fn start() -> io::Result<Self> {
        Ok(Llm { fake: Fake::builder().model(Rules).start().await? })
    }

    /// The base URL for a client.
    pub fn base_url(&self) -> String {
        self.fake.base_url()
    }
}

/// The rules, streamed at the pace of a model.
#[derive(Debug)]
struct Rules;

impl Model for Rules {
    fn reply(&self, conversation: &Conversation) -> Said {
        let said = conversation.last_said();
        let text = titles::title(&conversation.instructions(), said)
            .unwrap_or_else(|| rules::reply(said, ZonedDateTime::now().datetime()));
        let waits = iter::once(pace::first_wait()).chain(iter::repeat_with(pace::next_wait));
        Said::new(waits.zip(pace::pieces(&text).into_iter().map(str::to_owned)))
    }

    fn tokens(&self, text: &str) -> u64 {
        pace::pieces(text).len() as u64
    }
}
