//! Parked records: those that wait for a token, or fail while others are delivered, and those behind them.
//!
//! A conversation with a parked record is parked: its later records go behind it, so that their partition never stands still.
//! Parked records are tried by whoever holds a request for it (`unpark`), which is a message of their partition: so nobody else
//! delivers a record of the partition meanwhile, and the order holds without another lock.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Message;
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use super::delivery::{End, PATIENCE};
use super::gate::Permission;
use super::messages::{Reader, Received, milliseconds, no_record};
use super::run::{DueTimes, Run};
use super::shared::lock;
use crate::error::Result;
use crate::guard;
use crate::nats::headers::{self, Unreadable};
use crate::nats::names;
use crate::nats::publish::{Unpublished, publish};
use crate::outbox::millis;

/// The bounds of the interval at which a courier looks for parked records that are due.
const OFTEN: Duration = Duration::from_millis(50);
const SELDOM: Duration = Duration::from_secs(1);
/// The longest time for which parked records keep their partition from others.
const SLICE: Duration = Duration::from_secs(5);
/// The bytes that a message without a record has.
const EMPTY: &[u8] = b"{}";

/// The conversations of a partition that are parked, by their hashes.
pub(super) async fn conversations(run: &Run, partition: u16) -> Result<HashSet<String>> {
    let names = run.names();
    let subjects = run.reader("courier.parked").subjects(&names.parked_of(partition)).await?;
    let of = |(subject, _): &(String, usize)| {
        names.parts_of_parked(subject).map(|(_, conversation)| conversation.to_owned())
    };
    Ok(subjects.iter().filter_map(of).collect())
}

/// Asks for the parked records that may be due, until the run is stopped.
pub(super) async fn watch(run: Arc<Run>) {
    let interval = run.shared.delivery.initial_backoff.clamp(OFTEN, SELDOM);
    while run.stop.run_until_cancelled(sleep(interval)).await.is_some() {
        // While there is no connection, questions would only fill the client's queue.
        if !run.connected.is_alive() {
            continue;
        }
        let asking = AssertUnwindSafe(run.stop.run_until_cancelled(ask(&run))).catch_unwind();
        match asking.await {
            Ok(None | Some(Ok(()))) => {}
            Ok(Some(Err(error))) => tracing::debug!("parked records are not looked at: {error}"),
            Err(payload) => guard::drop_payload(payload),
        }
    }
}

async fn ask(run: &Run) -> Result<()> {
    let names = run.names();
    let subjects = run.reader("courier.parked").subjects(&names.all_parked()).await?;
    let now = run.shared.clock.now();
    let mut due = HashSet::new();
    {
        let mut times = lock(&run.due);
        let parked: HashSet<&str> = subjects
            .iter()
            .filter_map(|(subject, _)| names.parts_of_parked(subject).map(|(_, name)| name))
            .collect();
        times.retain(|conversation, _| parked.contains(conversation.as_str()));
        for (subject, _) in &subjects {
            let Some((partition, conversation)) = names.parts_of_parked(subject) else { continue };
            if is_due(&times, conversation, now) {
                due.insert(partition);
            }
        }
    }
    for partition in due {
        let mut headers = headers::bare();
        // The broker refuses a second request while the first one waits.
        headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
        let body = Bytes::from_static(EMPTY);
        match publish(&run.connected, names.unpark(partition), headers, body).await {
            Ok(_) | Err(Unpublished::Present) => {}
            Err(why) => {
                tracing::debug!(partition, "parked records are not asked for: {why:?}");
                break;
            }
        }
    }
    Ok(())
}

/// Returns true for a conversation that is due, or of which this courier does not know when it is.
fn is_due(times: &DueTimes, conversation: &str, now: u64) -> bool {
    times.get(conversation).is_none_or(|due_at| *due_at <= now)
}

/// Delivers the parked records of a partition that are due, while its consumer waits.
pub(super) async fn deliver_all(run: &Arc<Run>, partition: u16) {
    let begin = Instant::now();
    let parked = match conversations(run, partition).await {
        Ok(parked) => parked,
        Err(error) => return tracing::debug!(partition, "parked records are not read: {error}"),
    };
    let now = run.shared.clock.now();
    for conversation in parked {
        // Each look costs requests, and there may be many that wait for later.
        if !is_due(&lock(&run.due), &conversation, now) {
            continue;
        }
        if run.stop.is_cancelled() || begin.elapsed() > SLICE {
            return;
        }
        match deliver(run, partition, &conversation, begin).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                return tracing::debug!(partition, "parked records are not read: {error}");
            }
        }
    }
}

/// Moves a record behind the parked ones of its conversation.
///
/// A full stream takes no copy. Then the parked ones are delivered first: who holds a record of the partition may do it, and a request
/// for them would wait behind this record. Without such a record the stream has room for a request: that of the last one that left.
pub(super) async fn behind(run: &Arc<Run>, partition: u16, message: &Message, received: &Received) {
    if run.park(received, None).await {
        return run.acknowledge(message).await;
    }
    let conversation = names::token(received.record.conversation());
    let subject = run.names().parked_in(partition, &conversation);
    let is_next = match deliver(run, partition, &conversation, Instant::now()).await {
        Ok(_) => matches!(run.reader("courier.parked").has(&subject).await, Ok(false)),
        Err(error) => {
            tracing::debug!(partition, "parked records are not read: {error}");
            false
        }
    };
    run.refuse(message, if is_next { Duration::ZERO } else { PATIENCE }).await;
}

/// Delivers the parked records of a conversation in order; `false` if no other conversation can be tried now.
async fn deliver(
    run: &Arc<Run>,
    partition: u16,
    conversation: &str,
    begin: Instant,
) -> Result<bool> {
    let reader = run.reader("courier.parked");
    let subjects = run.names().parked_in(partition, conversation);
    let mut next = 1;
    // Users whose tokens are missing, and skipped records that look like poison, with their reasons.
    let mut waiting = HashSet::new();
    let mut suspects: Vec<(Received, u32, String)> = Vec::new();
    let mut due_at: Option<u64> = None;
    while let Some(message) = reader.next(&subjects, next).await? {
        next = message.sequence + 1;
        if run.stop.is_cancelled() || begin.elapsed() > SLICE {
            return Ok(false);
        }
        let published_at = milliseconds(message.time.into());
        let received = match headers::read(Some(&message.headers), &message.payload) {
            Ok(held) => Received::new(held, message.sequence, published_at),
            Err(Unreadable::Foreign(why)) => {
                let foreign = run.foreign(message.sequence, published_at, &message.payload);
                bury(run, &reader, &foreign, 0, &no_record(why)).await?;
                continue;
            }
            Err(Unreadable::Later(version)) => {
                tracing::warn!(
                    message.sequence,
                    version,
                    "a parked record waits for a later version of the courier"
                );
                due_at = Some(run.shared.clock.now().saturating_add(millis(PATIENCE)));
                break;
            }
        };
        let user = received.record.user_id().map(str::to_owned);
        if waiting.contains(&user) {
            continue;
        }
        let attempts = run.attempts_of(&received).await;
        if !attempts.wait(run.shared.clock.now(), run.shared.delivery.longest_wait()).is_zero() {
            due_at = Some(due_at.map_or(attempts.due_at, |due_at| due_at.min(attempts.due_at)));
            if attempts.needs_token && waiting.insert(user) {
                continue;
            }
            break;
        }
        let Permission::Given(delivering) = run.permission().await else { return Ok(false) };
        match run.try_one(&received, attempts, delivering).await {
            End::Delivered(record) => {
                reader.delete(message.sequence).await?;
                run.count(&received, record).await;
                for (suspect, attempts, reason) in suspects.drain(..) {
                    bury(run, &reader, &suspect, attempts, &reason).await?;
                }
            }
            End::Dead { attempts, reason } => {
                bury(run, &reader, &received, attempts, &reason).await?;
                suspects.clear();
            }
            End::Later { attempts, poison, .. } => {
                run.store_attempts(&received, message.sequence, &attempts).await;
                due_at = Some(due_at.map_or(attempts.due_at, |due_at| due_at.min(attempts.due_at)));
                if attempts.needs_token {
                    // Records of other users pass it.
                    waiting.insert(user);
                } else if let Some(reason) = poison {
                    // If the next record is delivered, the fault lies in this one, and not in the service.
                    suspects.push((received, attempts.failures, reason));
                } else {
                    break;
                }
            }
        }
    }
    match due_at {
        Some(due_at) => lock(&run.due).insert(conversation.to_owned(), due_at),
        None => lock(&run.due).remove(conversation),
    };
    Ok(true)
}

async fn bury(
    run: &Run,
    reader: &Reader<'_>,
    received: &Received,
    attempts: u32,
    reason: &str,
) -> Result<()> {
    if run.bury(received, attempts, reason).await {
        reader.delete(received.sequence).await?;
    }
    Ok(())
}
