//! The courier: delivers the records of a stream to a sink.
//!
//! ```text
//! consumer courier-<p> ─▶ partition ─▶ delivery ─▶ decide ─┬─▶ delivered: acknowledged, then counted once
//!   one record at a time                                    ├─▶ later: refused with a delay, or parked
//!                                                           └─▶ dead: a dead letter, then acknowledged
//! ```

mod attempts;
mod builder;
mod counting;
mod delivery;
mod driver;
mod gate;
mod inspect;
mod inspection;
mod messages;
mod missed;
mod parked;
mod partition;
mod pull;
mod restoring;
mod run;
mod settle;
mod shared;
mod stats;

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::{Either, select};

use super::runtime;
use super::settings::Nats;
use crate::error::{Error, ErrorKind, Result};

pub use builder::CourierBuilder;
use shared::Shared;
pub use stats::CourierStats;

/// Delivers the records of a stream, to which [`NatsSink`](super::NatsSink) publishes them.
///
/// Any number of couriers, in any processes, share the work: each record is delivered by one of them, and the records of a
/// conversation in order, through crashes of couriers and of the broker.
///
/// ```no_run
/// # #[cfg(feature = "store")]
/// use turnwire::ChatStore;
/// use turnwire::credentials::{TokenRequest, Tokens};
/// use turnwire::nats::Courier;
///
/// # #[cfg(feature = "store")]
/// # async fn run() -> turnwire::Result<()> {
/// let courier = Courier::builder("nats://localhost:4222")
///     .sink(ChatStore::new("http://localhost:8888")?)
///     .tokens(|_: TokenRequest| async { Ok(Some(Tokens::new("access of a service", "its refresh token"))) })
///     .build()?;
/// courier.run(std::future::pending()).await?; // until `stop` is called
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Courier {
    shared: Arc<Shared>,
}

impl Courier {
    /// A builder for a courier of this broker.
    pub fn builder(nats: impl Into<Nats>) -> CourierBuilder {
        CourierBuilder::new(nats.into())
    }

    fn new(shared: Arc<Shared>) -> Self {
        Courier { shared }
    }

    /// Delivers until `until` resolves, or [`stop`](Self::stop) is called; then it accepts no more records, and returns when those in
    /// flight are delivered and acknowledged.
    ///
    /// A broker that is not reached is tried again, at the start too; a stream that is deleted meanwhile is created again. Inside a runtime of Tokio the deliveries run there, otherwise on
    /// the library's own. Dropping the future ends them at once: other couriers repeat them after 30 s.
    ///
    /// # Errors
    ///
    /// `config` if the stream, a consumer or a bucket has other settings or cannot be created, also after it was deleted during the run,
    /// or if this courier runs already; `authentication` if the broker refuses the login.
    pub async fn run(&self, until: impl Future<Output = ()>) -> Result<()> {
        let running = Running::begin(self.shared.clone())?;
        let stop = self.shared.stop_token();
        let work =
            pin!(runtime::run("courier.run", driver::run(self.shared.clone(), stop.clone())));
        let ended = match select(work, pin!(until)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((), work)) => {
                stop.cancel();
                work.await
            }
        };
        drop(running);
        ended
    }

    /// Ends the current [`run`](Self::run), or the next one if none is running.
    pub fn stop(&self) {
        self.shared.stop_token().cancel();
    }

    /// Returns true while the courier runs, and its connection to the broker is up.
    pub fn is_ready(&self) -> bool {
        let connected = self.shared.broker.existing();
        self.shared.is_ready.load(Ordering::SeqCst)
            && connected.is_some_and(|connected| connected.is_alive())
    }
}

/// The mark of a running courier.
struct Running(Arc<Shared>);

impl Running {
    fn begin(shared: Arc<Shared>) -> Result<Self> {
        if shared.is_running.swap(true, Ordering::SeqCst) {
            let why = "this courier runs already: end that run, or build another courier";
            return Err(Error::new(ErrorKind::Config, "courier.run", why));
        }
        Ok(Running(shared))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_ready.store(false, Ordering::SeqCst);
        self.0.renew_stop();
        self.0.is_running.store(false, Ordering::SeqCst);
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("nats", &self.shared.broker.settings.nats)
            .field("sink", &self.shared.sink.type_name())
            .field("tokens", &self.shared.provider)
            .finish_non_exhaustive()
    }
}
