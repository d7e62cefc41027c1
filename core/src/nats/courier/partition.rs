//! One partition: its records, one at a time, in order.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use super::delivery::{End, PATIENCE};
use super::gate::Permission;
use super::messages::{Received, milliseconds, no_record};
use super::parked;
use super::pull::Puller;
use super::run::Run;
use super::shared::lock;
use crate::error::Result;
use crate::guard;
use crate::nats::headers::{self, Unreadable};
use crate::nats::names::{self, Names};

/// The interval at which the broker learns that a delivery is still running: a third of its patience.
const PROGRESS: Duration = Duration::from_secs(10);
/// The pause after a failure of the connection or of a task.
const AGAIN: Duration = Duration::from_millis(500);
/// The age from which the known parked conversations are read again.
const KNOWN_FOR: Duration = Duration::from_secs(2);

/// Delivers the records of a partition until the run is stopped. After a panic it starts again.
pub(super) async fn serve(run: Arc<Run>, partition: u16) {
    let mut is_again = false;
    while !run.stop.is_cancelled() {
        let serving = AssertUnwindSafe(serve_once(&run, partition, is_again)).catch_unwind();
        if let Err(payload) = serving.await {
            guard::drop_payload(payload);
            tracing::error!(
                partition,
                "the courier panicked, and starts again: please report this"
            );
        }
        if run.stop.run_until_cancelled(sleep(AGAIN)).await.is_none() {
            return;
        }
        is_again = true;
    }
}

/// Delivers records, after a failure with a look for what may be gone on the broker.
async fn serve_once(run: &Arc<Run>, partition: u16, is_again: bool) {
    // Without a connection nobody answers, and each look would take its whole time limit.
    if is_again && run.connected.is_alive() {
        let restored = run.stop.run_until_cancelled(run.restore(partition));
        if let Some(Err(error)) = restored.await {
            tracing::warn!(partition, "the partition stands still: {error}");
        }
    }
    deliver(run, partition).await;
}

/// Delivers records until the requests for them fail, or the run is stopped.
async fn deliver(run: &Arc<Run>, partition: u16) {
    // While there is no connection, the client may have no room for one more command.
    let mut puller = match run.stop.run_until_cancelled(Puller::new(run, partition)).await {
        None => return,
        Some(Ok(puller)) => puller,
        Some(Err(error)) => {
            tracing::warn!(partition, "the broker refuses to send records: {error}");
            return;
        }
    };
    let mut known = KnownParked::default();
    while let Some(next) = run.stop.run_until_cancelled(puller.next()).await {
        match next {
            Ok(message) => handle(run, partition, message, &mut known).await,
            Err(error) => {
                tracing::debug!(partition, "a request for records failed: {error:?}");
                break;
            }
        }
    }
    // A record that is on its way already goes to another courier at once, instead of after 30 s.
    while let Some(message) = puller.arrived() {
        run.refuse(&message, Duration::ZERO).await;
    }
}

/// Handles a message, while the broker learns that this still goes on.
async fn handle(run: &Arc<Run>, partition: u16, message: Message, known: &mut KnownParked) {
    let mut handling = std::pin::pin!(handle_one(run, partition, &message, known));
    loop {
        tokio::select! {
            () = &mut handling => return,
            () = sleep(PROGRESS) => {
                if run.connected.is_alive()
                    && let Err(error) = message.ack_with(AckKind::Progress).await
                {
                    tracing::debug!(partition, "the broker was not told of a running delivery: {error}");
                }
            }
        }
    }
}

async fn handle_one(run: &Arc<Run>, partition: u16, message: &Message, known: &mut KnownParked) {
    let Ok(info) = message.info() else {
        tracing::warn!(partition, "the broker sent a message that is not of a stream");
        return;
    };
    let (sequence, is_repeated) = (info.stream_sequence, info.delivered > 1);
    let published_at = milliseconds(info.published.into());
    known.passed(run, info.consumer_sequence);
    if Names::is_unpark(&message.subject) {
        parked::deliver_all(run, partition).await;
        known.forget();
        run.acknowledge(message).await;
        return;
    }
    let delivering = match run.permission().await {
        Permission::Given(delivering) => delivering,
        Permission::NotFor(wait) => return run.refuse(message, wait.min(PATIENCE)).await,
        Permission::Stopped => return run.refuse(message, Duration::ZERO).await,
    };
    let held = match headers::read(message.headers.as_ref(), &message.payload) {
        Ok(held) => held,
        Err(Unreadable::Later(version)) => {
            tracing::warn!(sequence, version, "a record waits for a later version of the courier");
            return run.refuse(message, PATIENCE).await;
        }
        Err(Unreadable::Foreign(why)) => {
            let received = run.foreign(sequence, published_at, &message.payload);
            let end = End::Dead { attempts: 0, reason: no_record(why) };
            run.settle(message, &received, end).await;
            return;
        }
    };
    let received = Received::new(held, sequence, published_at);
    let conversation = names::token(received.record.conversation());
    match known.has(run, partition, &conversation).await {
        Ok(false) => {}
        Ok(true) => {
            // The breaker may wait for this delivery, which does not begin.
            drop(delivering);
            parked::behind(run, partition, message, &received).await;
            // If the parked records had to go first, there may be none now.
            return known.forget();
        }
        Err(error) => {
            tracing::debug!(partition, "parked records are not read: {error}");
            return run.refuse(message, PATIENCE).await;
        }
    }
    let attempts = match is_repeated {
        true => run.attempts_of(&received).await,
        false => Default::default(),
    };
    let _sending = Sending::new(run, sequence);
    let end = run.try_one(&received, attempts, delivering).await;
    if run.settle(message, &received, end).await {
        known.add(conversation);
    }
}

/// The record that is being delivered, for listings.
struct Sending<'a> {
    run: &'a Run,
    sequence: u64,
}

impl<'a> Sending<'a> {
    fn new(run: &'a Run, sequence: u64) -> Self {
        lock(&run.shared.sending).insert(sequence);
        Sending { run, sequence }
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        lock(&self.run.shared.sending).remove(&self.sequence);
    }
}

/// The conversations of a partition that are parked, as far as this task knows that no other courier has changed them.
///
/// Only who holds a record of the partition parks conversations. So a task that has handled the record before this one knows
/// all of them; otherwise they are read again, once a record.
#[derive(Default)]
struct KnownParked {
    conversations: Option<HashSet<String>>,
    /// The number of the last message of the consumer, and the connection that brought it.
    last: u64,
    connection: u64,
    /// True if this task has handled the message before this one too.
    is_next: bool,
    read_at: Option<Instant>,
}

impl KnownParked {
    /// Notes that a message with this number has come.
    fn passed(&mut self, run: &Run, number: u64) {
        // A server that has crashed may count from an earlier number on.
        let connection = run.connected.client.statistics().connects.load(Ordering::Relaxed);
        self.is_next = number == self.last + 1 && connection == self.connection;
        if !self.is_next || self.read_at.is_none_or(|at| at.elapsed() > KNOWN_FOR) {
            self.forget();
        }
        (self.last, self.connection) = (number, connection);
    }

    fn forget(&mut self) {
        self.conversations = None;
    }

    fn add(&mut self, conversation: String) {
        if let Some(known) = &mut self.conversations {
            known.insert(conversation);
        }
    }

    /// Returns true if the conversation is parked.
    async fn has(&mut self, run: &Run, partition: u16, conversation: &str) -> Result<bool> {
        let known = match &self.conversations {
            Some(known) => known,
            // Other couriers take turns with this one: a question about this conversation alone is cheaper.
            None if !self.is_next => {
                let subject = run.names().parked_in(partition, conversation);
                return run.reader("courier.parked").has(&subject).await;
            }
            None => {
                let read = parked::conversations(run, partition).await?;
                self.read_at = Some(Instant::now());
                self.conversations.insert(read)
            }
        };
        Ok(known.contains(conversation))
    }
}
