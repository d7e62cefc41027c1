//! Outboxes of engines: the sinks that they may have.

use async_trait::async_trait;

use super::*;
use crate::outbox::{Outcome, Record, Sink};

/// A sink from which others deliver to the store, as a broker's.
struct Published;

#[async_trait]
impl Sink for Published {
    async fn deliver(&self, _: &Record) -> Outcome {
        Outcome::Delivered
    }

    fn passes_on(&self) -> bool {
        true
    }
}

#[test]
fn an_outbox_with_a_sink_of_its_own_is_refused_unless_it_is_a_brokers_or_of_another_engine() {
    let store: Arc<dyn Conversations> = Arc::new(ChatStore::new("http://localhost:1").unwrap());
    let turns = |outbox: &Outbox| {
        let (store, outbox) = (Some(store.clone()), Some(outbox.clone()));
        turns(llm(), "{}", Names::Snake, Parts { store, outbox, ..Parts::default() })
    };
    let sink = |_| async { Outcome::Delivered };
    let own = Outbox::builder().sink(sink).start().unwrap();
    assert!(refusal(turns(&own)).starts_with("the outbox has a sink of its own"));
    let published = Outbox::builder().sink(Published).start().unwrap();
    turns(&published).unwrap().build().unwrap();
    let shared = Outbox::memory();
    for _ in 0..2 {
        turns(&shared).unwrap().build().unwrap();
    }
}
