//! The state shared by connections, control calls and the test: scripts, the log, and the notification of waiters
//! for changes of the log.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::Location;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use crate::form::Form;
use crate::record::{Log, Outcome, Record};
use crate::script::Script;
use crate::service::{Call, Service};

/// The time after which a wait fails its test.
const WAIT_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Shared {
    service: Arc<dyn Service>,
    is_recorded: bool,
    started: Instant,
    state: Mutex<State>,
    changed: Notify,
    changed_blocking: Condvar,
}

#[derive(Debug, Default)]
struct State {
    log: Log,
    /// The scripts of each key.
    scripts: HashMap<String, Queue>,
    /// The scripts of the key `*`, for each form of request.
    of_all: HashMap<Form, Queue>,
    /// The names of holds that keep no reply any more.
    released: HashSet<String>,
    last_seq: u64,
    last_connection: u64,
    /// Number of sleeping waiters. Notifying a condition variable costs a system call for each write, so it is done only
    /// when there is one.
    blocking_waits: usize,
}

/// Scripts, each for one request. The last one stays until another is queued.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<Script>>,
    last: Option<Arc<Script>>,
}

impl Shared {
    pub(crate) fn new(service: Arc<dyn Service>, is_recorded: bool) -> Arc<Self> {
        Arc::new(Self {
            service,
            is_recorded,
            started: Instant::now(),
            state: Mutex::default(),
            changed: Notify::new(),
            changed_blocking: Condvar::new(),
        })
    }

    /// The service for requests without a script.
    pub(crate) fn service(&self) -> &dyn Service {
        &*self.service
    }

    pub(crate) fn log(&self) -> Log {
        self.lock().log.clone()
    }

    pub(crate) fn read<R>(&self, read: impl FnOnce(&Log) -> R) -> R {
        read(&self.lock().log)
    }

    /// Deletes scripts, releases and records. Numbers continue: connections stay open across a reset, and
    /// restarting would give two of them the same number.
    pub(crate) fn reset(&self) {
        self.update(|state| {
            state.scripts.clear();
            state.of_all.clear();
            state.released.clear();
            state.log.requests.clear();
        });
        self.service.reset();
    }

    pub(crate) fn push_script(&self, key: &str, script: Script) {
        let script = Arc::new(script);
        self.lock().queues(key).for_each(|queue| queue.waiting.push_back(script.clone()));
    }

    pub(crate) fn set_scripts(&self, key: &str, scripts: Vec<Script>) {
        let waiting: VecDeque<_> = scripts.into_iter().map(Arc::new).collect();
        let queue = || Queue { waiting: waiting.clone(), last: None };
        self.lock().queues(key).for_each(|old| *old = queue());
    }

    pub(crate) fn release(&self, hold: &str) {
        self.update(|state| state.released.insert(hold.to_owned()));
    }

    /// Resolves once the hold is released.
    async fn released(&self, hold: &str) {
        loop {
            // Registered before the check, as in `wait_async`.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.lock().released.contains(hold) {
                return;
            }
            changed.await;
        }
    }

    /// The number of the next request.
    pub(crate) fn next_seq(&self) -> u64 {
        self.update(|state| {
            state.last_seq += 1;
            state.last_seq
        })
    }

    /// Records a request and finds its script, if there is one for it.
    pub(crate) fn admit(&self, seq: u64, connection: u64, call: &Call<'_>) -> Option<Arc<Script>> {
        let request = call.request;
        let model = call.json.and_then(|json| json.get("model")).and_then(Value::as_str);
        let (keys, form) = (self.service.keys(call), self.service.form(call));
        let at_ms = self.now_ms();
        self.update(|state| {
            if self.is_recorded {
                let record = Record {
                    seq,
                    connection,
                    method: request.method.clone(),
                    path: request.path.clone(),
                    query: request.query.clone(),
                    headers: request.headers.clone(),
                    body: String::from_utf8_lossy(&request.body).into_owned(),
                    model: model.map(str::to_owned),
                    at_ms,
                    headers_sent_at_ms: None,
                    finished_at_ms: None,
                    client_closed_at_ms: None,
                    bytes_written: 0,
                    write_blocked_since_ms: None,
                    outcome: None,
                };
                // Another connection's request may have been numbered later and recorded sooner.
                let at = state.log.requests.partition_point(|before| before.seq < seq);
                state.log.requests.insert(at, record);
            }
            let own = keys.iter().find_map(|key| state.scripts.get_mut(key)?.next());
            own.or_else(|| state.of_all.get_mut(&form)?.next())
        })
    }

    pub(crate) fn wait(&self, mut until: impl FnMut(&Log) -> bool, at: &Location<'_>) -> Log {
        let deadline = Instant::now() + WAIT_LIMIT;
        let mut state = self.lock();
        state.blocking_waits += 1;
        while !until(&state.log) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.blocking_waits -= 1;
                let log = state.log.clone();
                drop(state);
                gave_up(&log, at);
            }
            let woken = self.changed_blocking.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.blocking_waits -= 1;
        state.log.clone()
    }

    pub(crate) async fn wait_async(
        &self,
        mut until: impl FnMut(&Log) -> bool,
        at: &Location<'_>,
    ) -> Log {
        let found = async {
            loop {
                // Registered before the check, so that a change in between is not missed.
                let mut changed = pin!(self.changed.notified());
                changed.as_mut().enable();
                let found = self.read(|log| until(log).then(|| log.clone()));
                match found {
                    Some(log) => return log,
                    None => changed.await,
                }
            }
        };
        tokio::select! {
            log = found => log,
            () = wait_limit() => gave_up(&self.log(), at),
        }
    }

    fn now_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }

    fn update<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        let result = change(&mut state);
        if state.blocking_waits > 0 {
            self.changed_blocking.notify_all();
        }
        drop(state);
        self.changed.notify_waiters();
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A predicate that panics fails its own test; the others may continue.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The queues of a key. Each form of request reads `*` from its beginning; whoever scripts one model knows its requests.
    fn queues(&mut self, key: &str) -> Box<dyn Iterator<Item = &mut Queue> + '_> {
        if key == "*" {
            for form in Form::ALL {
                self.of_all.entry(form).or_default();
            }
            return Box::new(self.of_all.values_mut());
        }
        Box::new(std::iter::once(self.scripts.entry(key.to_owned()).or_default()))
    }
}

impl Queue {
    fn next(&mut self) -> Option<Arc<Script>> {
        self.last = self.waiting.pop_front().or_else(|| self.last.take());
        self.last.clone()
    }
}

/// The limit in real time: a runtime with a paused clock advances it whenever it is idle, as it is while a test waits
/// for the fake.
async fn wait_limit() {
    let (over, limit) = oneshot::channel();
    let (waiting, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        if ended.recv_timeout(WAIT_LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = over.send(());
        }
    });
    let _ = limit.await;
    drop(waiting);
}

fn gave_up(log: &Log, at: &Location<'_>) -> ! {
    let seen = serde_json::to_string_pretty(log).unwrap_or_default();
    panic!("{at}: not seen within {WAIT_LIMIT:?}; the fake's log: {seen}");
}

/// One accepted connection, counted while this lives.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) shared: Arc<Shared>,
    pub(crate) number: u64,
    counted: bool,
}

impl Arrival {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let number = shared.update(|state| {
            state.last_connection += 1;
            state.last_connection
        });
        let mut arrival = Self { shared, number, counted: false };
        arrival.count(true);
        arrival
    }

    /// Control calls must not count in the numbers that they read.
    pub(crate) fn count(&mut self, counted: bool) {
        if counted == self.counted {
            return;
        }
        self.counted = counted;
        self.shared.update(|State { log, .. }| {
            let step = |count: u64| if counted { count + 1 } else { count.saturating_sub(1) };
            log.connections = step(log.connections);
            log.open_connections = step(log.open_connections);
        });
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if self.counted {
            self.shared.update(|state| state.log.open_connections -= 1);
        }
    }
}

/// Updates one record; the replies to control calls have none.
#[derive(Debug)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    seq: Option<u64>,
}

impl Recorder {
    pub(crate) fn new(shared: Arc<Shared>, seq: Option<u64>) -> Self {
        Self { shared, seq }
    }

    pub(crate) async fn released(&self, hold: &str) {
        self.shared.released(hold).await;
    }

    pub(crate) fn head_sent(&self) {
        self.record(|record, now| record.headers_sent_at_ms = Some(now));
    }

    pub(crate) fn wrote(&self, bytes: usize) {
        self.record(|record, _| {
            record.bytes_written += bytes as u64;
            record.write_blocked_since_ms = None;
        });
    }

    pub(crate) fn blocked(&self) {
        self.record(|record, now| {
            record.write_blocked_since_ms.get_or_insert(now);
        });
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        self.record(|record, now| {
            record.outcome = Some(outcome);
            record.write_blocked_since_ms = None;
            match outcome {
                Outcome::Complete => record.finished_at_ms = Some(now),
                Outcome::ClientClosed => record.client_closed_at_ms = Some(now),
                Outcome::Truncated | Outcome::Reset => {}
            }
        });
    }

    pub(crate) fn client_closed(&self) {
        self.record(|record, now| {
            record.client_closed_at_ms.get_or_insert(now);
        });
    }

    fn record(&self, change: impl FnOnce(&mut Record, f64)) {
        let Some(seq) = self.seq else { return };
        let now = self.shared.now_ms();
        self.shared.update(|state| {
            if let Some(record) = state.log.by_seq(seq) {
                change(record, now);
            }
        });
    }
}
