//! A queue between a stream, which the library's runtime drives, and a reader in a host language.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::items::{Collect, Items};
use super::source::{Source, Streamed};
use super::waiting::Waiting;
use super::wakes::{Wake, Wakes};
use crate::error::{Error, ErrorKind, Result};
use crate::process::{Bound, Origin, runtime};

/// The most queued items and bytes; above it the stream is not read. One more batch may be in flight.
const MOST_ITEMS: usize = 512;
const MOST_BYTES: usize = 256 * 1024;

/// The most items gathered before the reader is woken.
const BATCH: usize = 128;

/// A stream's items, pulled by a reader. Dropping it cancels the stream and closes its connection.
pub struct Pull<I> {
    running: Bound<Running<I>>,
}

struct Running<I> {
    shared: Arc<Shared<I>>,
    /// The pump, aborted together with its reader; `None` if everything is in the queue from the start.
    task: Option<AbortOnDropHandle<()>>,
}

/// The result of [`Pull::take`].
#[derive(Debug)]
pub enum Taken<I> {
    /// Items, oldest first; at least one.
    Items(I),
    /// Nothing yet.
    Nothing,
    /// The stream has ended well, and stays ended.
    End,
    /// The stream has ended with an error, which is returned once, followed by [`End`](Self::End).
    Failed(Error),
}

struct Shared<I> {
    queue: Mutex<Queue<I>>,
    /// Wakes readers that block their thread.
    filled: Condvar,
    /// Wakes the pump when there is room again.
    room: Notify,
}

struct Queue<I> {
    items: I,
    end: Option<Result<()>>,
    wakes: Wakes,
    /// The threads that are blocked in `wait`: without any, a batch costs no system call to wake them.
    blocked: usize,
}

impl<I: Items> Pull<I> {
    /// Reads `source` on `runtime` while there is room.
    pub(super) fn new(runtime: &Handle, source: impl Source<Items = I>) -> Self {
        let shared = Arc::new(Shared::new(I::default(), None));
        let task = Some(AbortOnDropHandle::new(runtime.spawn(pump(source, shared.clone()))));
        Pull { running: Bound::new(Running { shared, task }) }
    }

    /// A pull of one result that is known already.
    pub(super) fn ready<T>(result: Result<T>) -> Self
    where
        I: Collect<T>,
    {
        let mut items = I::default();
        let end = result.map(|item| items.push(item));
        let shared = Arc::new(Shared::new(items, Some(end)));
        Pull { running: Bound::new(Running { shared, task: None }) }
    }

    /// Reads any stream on the library's runtime while there is room.
    ///
    /// # Errors
    ///
    /// `config` when no thread can be started. Errors of the stream come from the pull.
    pub(super) fn of_stream<T>(
        stream: impl Stream<Item = Result<T>> + Send + 'static,
    ) -> Result<Self>
    where
        I: Collect<T>,
    {
        Ok(Pull::new(&runtime()?, Streamed::new(stream)))
    }

    /// Takes all available items, without waiting.
    pub fn take(&self) -> Taken<I> {
        let shared = match self.running() {
            Ok(running) => &running.shared,
            Err(error) => return Taken::Failed(error),
        };
        let mut queue = shared.lock();
        if queue.items.count() > 0 {
            let items = std::mem::take(&mut queue.items);
            drop(queue);
            shared.room.notify_one();
            return Taken::Items(items);
        }
        match &mut queue.end {
            None => Taken::Nothing,
            Some(end) => match std::mem::replace(end, Ok(())) {
                Ok(()) => Taken::End,
                Err(error) => Taken::Failed(error),
            },
        }
    }

    /// A function that cancels the pull, for code that does not own it. In a forked child it does nothing.
    pub(super) fn canceller(&self) -> impl Fn() + Send + Sync + use<I> {
        let origin = Origin::here();
        let running = self.running.get();
        let running = running.map(|running| {
            let task = running.task.as_ref().map(AbortOnDropHandle::abort_handle);
            (Arc::downgrade(&running.shared), task)
        });
        move || {
            let Some((shared, task)) = running.as_ref().filter(|_| !origin.is_inherited()) else {
                return;
            };
            if let Some(shared) = shared.upgrade() {
                shared.end();
            }
            if let Some(task) = task {
                task.abort();
            }
        }
    }

    fn running(&self) -> Result<&Running<I>> {
        self.running.own("bridge.pull")
    }
}

impl<I: Items> Waiting for Pull<I> {
    fn wait(&self, tick: Duration) -> bool {
        let Ok(Running { shared, .. }) = self.running() else { return true };
        let mut queue = shared.lock();
        queue.blocked += 1;
        let waited = shared.filled.wait_timeout_while(queue, tick, |queue| queue.is_idle());
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.blocked -= 1;
        !queue.is_idle()
    }

    fn wake(&self, wake: Wake) {
        let Ok(Running { shared, .. }) = self.running() else { return wake() };
        let mut queue = shared.lock();
        if queue.is_idle() {
            queue.wakes.add(wake);
        } else {
            drop(queue);
            wake();
        }
    }

    fn wake_all(&self) {
        let Ok(Running { shared, .. }) = self.running() else { return };
        let wakes = shared.lock().wakes.take();
        wakes.call();
    }

    fn cancel(&self) {
        if let Ok(Running { shared, task }) = self.running() {
            shared.end();
            if let Some(task) = task {
                task.abort();
            }
        }
    }
}

impl<I: Items> Queue<I> {
    fn is_idle(&self) -> bool {
        self.items.count() == 0 && self.end.is_none()
    }
}

impl<I: Items> Shared<I> {
    fn new(items: I, end: Option<Result<()>>) -> Self {
        let queue = Mutex::new(Queue { items, end, wakes: Wakes::default(), blocked: 0 });
        Shared { queue, filled: Condvar::new(), room: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<I>> {
        // No code that can panic runs under the lock, so a poisoned queue is consistent.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch or the end, and wakes the readers.
    fn fill(&self, batch: I, end: Option<Result<()>>) {
        let mut queue = self.lock();
        if queue.end.is_some() {
            return; // cancelled meanwhile
        }
        if queue.items.count() == 0 {
            queue.items = batch;
        } else {
            queue.items.append(batch);
        }
        queue.end = end;
        let wakes = queue.wakes.take();
        let is_waited_for = queue.blocked > 0;
        drop(queue);
        if is_waited_for {
            self.filled.notify_all();
        }
        wakes.call();
    }

    /// Ends the queue well. Call it before aborting the task, which would leave an error.
    fn end(&self) {
        self.fill(I::default(), Some(Ok(())));
    }

    /// Waits until the reader has made room.
    async fn has_room(&self) {
        loop {
            let full = {
                let queue = self.lock();
                queue.items.count() >= MOST_ITEMS || queue.items.bytes() >= MOST_BYTES
            };
            if !full {
                return;
            }
            // The loop is needed because a permit of an earlier `take` may be left over.
            self.room.notified().await;
        }
    }
}

/// Moves items from their source to the queue in batches of the ready ones.
async fn pump<I: Items>(mut source: impl Source<Items = I>, shared: Arc<Shared<I>>) {
    let _ended = Ended(shared.clone());
    let mut is_over = false;
    while !is_over {
        shared.has_room().await;
        let mut batch = I::default();
        let mut had_turn = false;
        let mut is_waiting = false;
        is_over = std::future::poll_fn(|task| {
            if is_waiting {
                // Something has arrived, but there may be no room for it.
                return Poll::Ready(false);
            }
            while batch.count() < BATCH && batch.bytes() < MOST_BYTES {
                // The connection delivers one piece at a time: yielding to its task may bring more that has
                // already arrived, and waking the reader for each piece costs far more than a yield.
                if batch.count() > 0 && source.is_dry() && !had_turn {
                    had_turn = true;
                    task.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match source.poll_into(task, &mut batch) {
                    Poll::Ready(Some(Ok(()))) => had_turn = false,
                    Poll::Ready(end) => {
                        let end = end.unwrap_or(Ok(()));
                        shared.fill(std::mem::take(&mut batch), Some(end));
                        return Poll::Ready(true);
                    }
                    Poll::Pending => {
                        if batch.count() > 0 {
                            shared.fill(std::mem::take(&mut batch), None);
                            // The source wakes this task already: it need not be polled again for that.
                            is_waiting = true;
                        }
                        return Poll::Pending;
                    }
                }
            }
            shared.fill(std::mem::take(&mut batch), None);
            Poll::Ready(false)
        })
        .await;
    }
}

/// Ends the queue when its pump is gone for any reason, so that no reader waits forever.
struct Ended<I: Items>(Arc<Shared<I>>);

impl<I: Items> Drop for Ended<I> {
    fn drop(&mut self) {
        let why = "the call was dropped before its end";
        let error = Error::new(ErrorKind::Cancelled, "bridge.pull", why);
        self.0.fill(I::default(), Some(Err(error)));
    }
}

impl<I> fmt::Debug for Pull<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pull").field("running", &self.running).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Context;
    use std::thread;
    use std::time::Instant;

    use bytes::Bytes;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
    use tokio::task::yield_now;

    use super::super::list::List;
    use super::*;

    /// A source that counts its polls.
    struct Counted(UnboundedReceiver<Bytes>, Arc<AtomicUsize>);

    impl Source for Counted {
        type Items = List<Bytes>;

        fn poll_into(
            &mut self,
            task: &mut Context<'_>,
            items: &mut List<Bytes>,
        ) -> Poll<Option<Result<()>>> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.poll_recv(task).map(|item| {
                items.push(item?);
                Some(Ok(()))
            })
        }

        fn is_dry(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn a_batch_costs_one_poll_for_each_item_and_one_to_wait() {
        let polls = Arc::<AtomicUsize>::default();
        let (sender, receiver) = unbounded_channel();
        let pull = Pull::new(&Handle::current(), Counted(receiver, polls.clone()));
        let settle = async || {
            for _ in 0..20 {
                yield_now().await;
            }
            polls.swap(0, Ordering::SeqCst)
        };
        assert_eq!(settle().await, 1);
        for items in [1, 2, 1] {
            for _ in 0..items {
                sender.send(Bytes::from_static(b"a")).unwrap();
            }
            assert_eq!(settle().await, items + 1);
            let Taken::Items(taken) = pull.take() else { panic!("they have arrived") };
            assert_eq!(taken.len(), items);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_blocked_thread_is_woken_by_a_batch_not_by_its_tick() {
        let (sender, receiver) = unbounded_channel();
        let pull = Pull::new(&Handle::current(), Counted(receiver, Arc::default()));
        let tick = Duration::from_secs(60);
        let began = Instant::now();
        thread::scope(|threads| {
            let waiting = threads.spawn(|| pull.wait(tick));
            while pull.running().unwrap().shared.lock().blocked == 0 {
                thread::yield_now();
            }
            sender.send(Bytes::from_static(b"a")).unwrap();
            assert!(waiting.join().unwrap());
        });
        assert!(began.elapsed() < tick);
        assert_eq!(pull.running().unwrap().shared.lock().blocked, 0);
    }
}
