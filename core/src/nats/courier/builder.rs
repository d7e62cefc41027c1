//! The builder of a courier.

use std::fmt;
use std::sync::Arc;

use super::Courier;
use super::shared::Shared;
use crate::credentials::{GuardedProvider, TokenProvider};
use crate::error::{Error, ErrorKind, Result};
use crate::nats::broker::Broker;
use crate::nats::settings::Nats;
use crate::outbox::{Delivery, Sink};

/// Builder of a [`Courier`].
#[must_use]
pub struct CourierBuilder {
    nats: Nats,
    sink: Option<Arc<dyn Sink>>,
    provider: Option<GuardedProvider>,
    delivery: Delivery,
}

impl CourierBuilder {
    pub(super) fn new(nats: Nats) -> Self {
        CourierBuilder { nats, sink: None, provider: None, delivery: Delivery::new() }
    }

    /// The destination of the records, such as a [`ChatStore`](crate::ChatStore).
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// The source of users' tokens. A record never brings its own, as tokens do not leave the process of their user's turn.
    pub fn tokens(mut self, provider: impl TokenProvider + 'static) -> Self {
        self.provider = Some(GuardedProvider::new(provider));
        self
    }

    /// The delivery settings. `concurrency` and `remembered` have no effect: each partition delivers one record at a time, and
    /// the broker remembers ids.
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// The courier. The broker is not contacted yet.
    ///
    /// # Errors
    ///
    /// `config` if a setting is unusable, there is no sink, or the sink needs tokens and there is no source of them.
    pub fn build(self) -> Result<Courier> {
        let wrong = |why: &str| Error::new(ErrorKind::Config, "courier.build", why);
        let settings = self.nats.checked("courier.build")?;
        let sink =
            self.sink.ok_or_else(|| wrong("there is no sink: set the store to deliver to"))?;
        if self.provider.is_none() && sink.needs_tokens() {
            return Err(wrong(
                "the sink needs users' tokens, which records on a broker never have: set a token provider, such as one \
                 with a service's own credentials",
            ));
        }
        if self.delivery.limit.is_zero() {
            return Err(wrong("`limit` is 0: no delivery could end in time; set a longer one"));
        }
        let shared =
            Shared::new(Broker::new(settings), sink, self.provider, self.delivery.bounded());
        Ok(Courier::new(shared))
    }
}

impl fmt::Debug for CourierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CourierBuilder")
            .field("nats", &self.nats)
            .field("sink", &self.sink.as_ref().map(|sink| sink.type_name()))
            .field("tokens", &self.provider)
            .field("delivery", &self.delivery)
            .finish()
    }
}

#[cfg(test)]
#[cfg(feature = "store")]
mod tests {
    use super::*;
    use crate::credentials::{TokenRequest, Tokens};
    use crate::outbox::{Outcome, Record};
    use crate::store::ChatStore;

    async fn accept(_: Record) -> Outcome {
        Outcome::Delivered
    }

    fn refused(builder: CourierBuilder) -> String {
        let error = builder.build().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    }

    #[test]
    fn a_courier_needs_a_sink_and_tokens_if_the_sink_does() {
        let builder = || Courier::builder("localhost");
        let store = || ChatStore::builder("http://localhost:1");
        let provider =
            |_: TokenRequest| async { Ok::<_, Error>(Some(Tokens::new("access", "refresh"))) };
        assert!(refused(builder()).contains("set the store"));
        assert!(refused(builder().sink(store().build().unwrap())).contains("token provider"));
        assert!(refused(Courier::builder("http://h").sink(accept)).contains("nats://"));
        for usable in [
            builder().sink(accept),
            builder().sink(store().build().unwrap()).tokens(provider),
            builder().sink(store().token_provider(provider).build().unwrap()),
            builder().sink(store().tokens("access", "refresh").build().unwrap()),
        ] {
            assert!(usable.build().is_ok());
        }
    }
}
