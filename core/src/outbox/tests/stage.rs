//! An outbox whose worker runs in the test, on a clock that the test controls, with a sink that follows a script.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::credentials::Tokens;
use crate::guard::Callback;
use crate::outbox::opener::{AnyOpener, Begun, Opened, Opener, OpeningCall};
use crate::outbox::shared::{Phase, SharedOutbox, lock};
use crate::outbox::sink::Target;
use crate::outbox::state::AttemptState;
use crate::outbox::storage::{Inserted, NewRecord};
use crate::outbox::tokens::Holder;
use crate::outbox::{Outbox, Outcome, Record, Sink};
use crate::outbox::{OutboxBuilder, worker};

/// One act of the sink.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Is(Outcome),
    /// Takes this long, then delivers.
    Takes(Duration),
    Hangs,
    /// Panics when its future is polled.
    Panics,
    /// Panics before there is a future.
    PanicsAtOnce,
}

/// A sink with a script for each record, and a log of its calls. Without a script it delivers at once.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Mutex<Notes>>);

#[derive(Default)]
pub(super) struct Notes {
    acts: HashMap<String, Vec<Act>>,
    /// The act for records without a script.
    pub(super) otherwise: Option<Act>,
    /// Each call: the record, and its access token.
    pub(super) calls: Vec<(String, Option<String>)>,
    pub(super) delivered: Vec<String>,
    /// Calls of `delivered`.
    pub(super) counted: Vec<String>,
    counting_panics: bool,
    blames_no_record: bool,
    /// The successive answers to requests for a conversation's place; `None`: it is not an opener.
    answers: Option<Vec<Opened>>,
    /// The number of steps in a new place that do not reach the service.
    begins_later: usize,
    opened: Vec<String>,
    /// The time of the last search: no place is older.
    since: Option<u64>,
    places: Vec<String>,
    /// Conversations with a running delivery.
    sending: HashMap<String, u32>,
    pub(super) most_at_once: usize,
}

impl Script {
    /// Sets the acts for this record, in order; the last one repeats.
    pub(super) fn on(&self, id: &str, acts: &[Act]) -> &Self {
        lock(&self.0).acts.insert(id.to_owned(), acts.to_vec());
        self
    }

    pub(super) fn otherwise(&self, act: Option<Act>) {
        lock(&self.0).otherwise = act;
    }

    /// Makes `delivered` panic before there is a future.
    pub(super) fn counting_panics(&self) {
        lock(&self.0).counting_panics = true;
    }

    /// Makes an unavailable service say nothing about a record.
    pub(super) fn blames_no_record(&self) {
        lock(&self.0).blames_no_record = true;
    }

    /// Makes the sink an opener with these answers, and then with none.
    pub(super) fn opens(&self, answers: &[Opened]) {
        lock(&self.0).answers = Some(answers.to_vec());
    }

    /// Lets so many of the next steps in a new place not reach the service.
    pub(super) fn begins_later(&self, times: usize) {
        lock(&self.0).begins_later = times;
    }

    /// The conversations that it opened and began.
    pub(super) fn opened(&self) -> Vec<String> {
        self.notes(|notes| notes.opened.clone())
    }

    /// The time since which a place was last looked for.
    pub(super) fn since(&self) -> Option<u64> {
        self.notes(|notes| notes.since)
    }

    /// The records that it received, with the place named in their payloads.
    pub(super) fn places(&self) -> Vec<String> {
        self.notes(|notes| notes.places.clone())
    }

    pub(super) fn notes<T>(&self, look: impl FnOnce(&Notes) -> T) -> T {
        look(&lock(&self.0))
    }

    /// Forgets its script and its log.
    pub(super) fn reset(&self) {
        *lock(&self.0) = Notes::default();
    }

    pub(super) fn delivered(&self) -> Vec<String> {
        self.notes(|notes| notes.delivered.clone())
    }

    pub(super) fn calls_of(&self, id: &str) -> usize {
        self.notes(|notes| notes.calls.iter().filter(|(called, _)| called == id).count())
    }

    fn next(&self, record: &Record) -> Act {
        let mut notes = lock(&self.0);
        let token = record.known_tokens().map(|tokens| tokens.access.expose().to_owned());
        notes.calls.push((record.id().to_owned(), token));
        if let Some(place) = record.payload().get("place").and_then(|place| place.as_str()) {
            notes.places.push(format!("{} {place}", record.id()));
        }
        let otherwise = notes.otherwise.clone().unwrap_or(Act::Is(Outcome::Delivered));
        match notes.acts.get_mut(record.id()) {
            Some(acts) if acts.len() > 1 => acts.remove(0),
            Some(acts) => acts.first().cloned().unwrap_or(otherwise),
            None => otherwise,
        }
    }
}

/// A running delivery.
struct Sending<'a>(&'a Script, &'a str);

impl<'a> Sending<'a> {
    fn new(script: &'a Script, conversation: &'a str) -> Self {
        let mut notes = lock(&script.0);
        let sending = notes.sending.entry(conversation.to_owned()).or_default();
        *sending += 1;
        assert_eq!(*sending, 1, "two deliveries at a time in {conversation}");
        let at_once = notes.sending.values().filter(|count| **count > 0).count();
        notes.most_at_once = notes.most_at_once.max(at_once);
        Sending(script, conversation)
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).sending.remove(self.1);
    }
}

impl Sink for Script {
    // Written out, because the script also panics before there is a future.
    fn deliver<'a, 'b, 'c>(&'a self, record: &'b Record) -> BoxFuture<'c, Outcome>
    where
        'a: 'c,
        'b: 'c,
    {
        let act = self.next(record);
        assert!(!matches!(act, Act::PanicsAtOnce), "as told");
        Box::pin(async move {
            let _sending = Sending::new(self, record.conversation());
            let outcome = match act {
                Act::Is(outcome) => outcome,
                Act::Takes(time) => {
                    tokio::time::sleep(time).await;
                    Outcome::Delivered
                }
                Act::Hangs => std::future::pending().await,
                Act::Panics | Act::PanicsAtOnce => panic!("as told"),
            };
            if outcome == Outcome::Delivered {
                lock(&self.0).delivered.push(record.id().to_owned());
            }
            outcome
        })
    }

    fn delivered<'a, 'b, 'c>(&'a self, record: &'b Record) -> BoxFuture<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        let mut notes = lock(&self.0);
        notes.counted.push(record.id().to_owned());
        assert!(!notes.counting_panics, "as told");
        Box::pin(std::future::ready(()))
    }

    fn blames_no_record(&self) -> bool {
        self.notes(|notes| notes.blames_no_record)
    }

    fn opener(&self) -> Option<AnyOpener> {
        let can = self.notes(|notes| notes.answers.is_some());
        can.then(|| AnyOpener(Arc::new(self.clone())))
    }
}

impl Opener for Script {
    fn callback(&self) -> Callback {
        Callback::of::<Script>("opener")
    }

    fn open<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Opened> {
        Box::pin(async move {
            let conversation = call.record.conversation();
            let next = |step: &str| {
                let mut notes = lock(&self.0);
                notes.opened.push(format!("{step} {conversation}"));
                let answers = notes.answers.as_mut().unwrap();
                (!answers.is_empty()).then(|| answers.remove(0))
            };
            let mut looked = None;
            if call.is_doubted {
                lock(&self.0).since = Some(call.accepted_at);
                match next("look") {
                    Some(answer @ (Opened::As(_) | Opened::Lost(_))) => looked = Some(answer),
                    Some(answer) => return answer,
                    None => std::future::pending().await,
                }
                // There is none: the answer is that of the request that follows.
                call.requests.was_refused();
            }
            if call.requests.begins().await.is_err() {
                let reason = "not written down".to_owned();
                return Opened::Not(Outcome::Unavailable { after: None, reason });
            }
            let answer = match looked {
                None => next("open"),
                Some(answer) => {
                    lock(&self.0).opened.push(format!("open {conversation}"));
                    Some(answer)
                }
            };
            match answer {
                Some(Opened::Not(outcome)) => {
                    call.requests.was_refused();
                    Opened::Not(outcome)
                }
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }

    fn begin<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Begun> {
        let mut notes = lock(&self.0);
        let again = if call.is_again { " again" } else { "" };
        notes.opened.push(format!("begin {}{again}", call.record.conversation()));
        let begun = match notes.begins_later.checked_sub(1) {
            None => Begun::Done,
            Some(left) => {
                notes.begins_later = left;
                Begun::Later(Outcome::unavailable("not reached"))
            }
        };
        Box::pin(std::future::ready(begun))
    }
}

/// A process's outbox.
pub(super) struct Stage {
    pub(super) shared: Arc<SharedOutbox>,
    pub(super) script: Script,
    worker: JoinHandle<()>,
}

impl Stage {
    pub(super) fn memory(script: &Script) -> Self {
        Stage::new(Outbox::builder(), script)
    }

    pub(super) fn file(path: &Path, script: &Script) -> Self {
        Stage::new(Outbox::builder().path(path), script)
    }

    pub(super) fn new(builder: OutboxBuilder, script: &Script) -> Self {
        let slot = Arc::new(Target::default());
        assert!(slot.set(Arc::new(script.clone())).is_ok());
        let shared = Arc::new(SharedOutbox::open(Arc::new(builder.settings), slot).unwrap());
        let worker = tokio::spawn(worker::run(shared.clone()));
        Stage { shared, script: script.clone(), worker }
    }

    pub(super) fn put(&self, conversation: &str, id: &str) -> bool {
        self.put_record(NewRecord {
            attempt: self.born(),
            ..super::backends::new_record(conversation, id)
        })
    }

    pub(super) fn put_record(&self, record: NewRecord) -> bool {
        let inserted = self.shared.insert(record);
        assert!(matches!(inserted, Inserted::New(_)), "{inserted:?}");
        self.shared.wake_if_idle();
        inserted.is_durable()
    }

    /// Enqueues a record with tokens of this user.
    pub(super) fn put_with(&self, conversation: &str, id: &str, user: &str, access: &str) {
        lock(&self.shared.tokens).keep(Holder::User(user.into()), Tokens::new(access, "refresh"));
        let record = super::backends::new_record(conversation, id);
        let user = Some(user.to_owned());
        self.put_record(NewRecord { user, has_tokens: true, attempt: self.born(), ..record });
    }

    pub(super) fn born(&self) -> AttemptState {
        AttemptState { accepted_at: self.shared.clock.now(), ..AttemptState::default() }
    }

    /// Advances the clock until this holds, within the limit; returns the elapsed time.
    pub(super) async fn until(&self, limit: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < limit, "not within {limit:?}: {:?}", self.counters());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.assert_balanced();
        begin.elapsed()
    }

    pub(super) async fn until_done(&self) -> Duration {
        self.until(Duration::from_secs(3600 * 24 * 30), |stage| stage.counters().0.pending == 0)
            .await
    }

    pub(super) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
        self.assert_balanced();
    }

    pub(super) fn counters(&self) -> (crate::outbox::storage::Counts, Option<String>) {
        let counters = self.shared.backend().counters();
        (counters.now, counters.storage_error)
    }

    /// Asserts that every accepted record is delivered, dead, discarded or pending.
    pub(super) fn assert_balanced(&self) {
        let (counts, _) = self.counters();
        let gone = counts.delivered + counts.dead + counts.discarded;
        assert_eq!(counts.accepted, gone + counts.pending, "{counts:?}");
        let pending = self.shared.backend().pending(usize::MAX >> 1).map(|rows| rows.len() as u64);
        assert_eq!(pending, Ok(counts.pending));
    }

    /// Ends the process cleanly.
    pub(super) async fn stop(self) {
        self.shared.advance(Phase::Stopped);
        self.worker.await.unwrap();
    }

    /// Kills the process: nothing more is written, and its lock is released.
    pub(super) async fn kill(self) {
        self.worker.abort();
        let _ = self.worker.await;
        assert_eq!(Arc::strong_count(&self.shared), 1, "nothing else holds its lock");
    }
}

pub(super) fn failed() -> Act {
    Act::Is(Outcome::retry("HTTP 500: broken"))
}

pub(super) fn unreachable() -> Act {
    Act::Is(Outcome::unavailable("connection refused"))
}

pub(super) fn refused(after: Duration) -> Act {
    Act::Is(Outcome::Unavailable { after: Some(after), reason: "HTTP 429".into() })
}

pub(super) fn dead() -> Act {
    Act::Is(Outcome::dead("HTTP 400: empty"))
}

/// A record for the public API.
pub(super) fn record(conversation: &str, id: &str) -> Record {
    Record::new(conversation, id, json!({"text": id}))
}
