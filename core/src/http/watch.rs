//! The time limits of a response's body, and cancellation while it is read.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::error::ErrorKind;

/// Monitors the waits of one body.
///
/// Waits are measured from the first poll that was pending, so a slow reader does not look like a service that hangs.
/// The timer is armed once and checked when it fires: a byte that arrives costs no timer operation, and neither does the
/// wait for the next one.
pub(super) struct Watch {
    idle: Option<Duration>,
    content: Option<Duration>,
    rest: Option<Duration>,
    deadline: Option<Instant>,
    idle_since: Option<Instant>,
    content_since: Option<Instant>,
    rest_since: Option<Instant>,
    timer: Option<Timer>,
    cancel: Option<Cancel>,
    /// The task that the timer and a cancellation wake.
    waiting: Option<Waker>,
}

/// The timer, and its time here as well: the timer's own is in memory that no chunk should have to touch.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    until: Instant,
}

struct Cancel {
    token: CancellationToken,
    wait: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Watch {
    pub(super) fn new(
        idle: Option<Duration>,
        content: Option<Duration>,
        deadline: Option<Instant>,
        cancel: Option<CancellationToken>,
    ) -> Self {
        let cancel =
            cancel.map(|token| Cancel { wait: Box::pin(token.clone().cancelled_owned()), token });
        Watch {
            idle,
            content,
            rest: None,
            deadline,
            idle_since: None,
            content_since: None,
            rest_since: None,
            timer: None,
            cancel,
            waiting: None,
        }
    }

    /// The reason to end the call regardless of arriving data, if there is one.
    pub(super) fn stopped(&self) -> Option<ErrorKind> {
        if self.cancel.as_ref().is_some_and(|cancel| cancel.token.is_cancelled()) {
            return Some(ErrorKind::Cancelled);
        }
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        is_late.then_some(ErrorKind::TotalTimeout)
    }

    /// Records that bytes arrived.
    pub(super) fn bytes_came(&mut self) {
        self.idle_since = None;
    }

    /// Records that content arrived: more than a keep-alive.
    pub(super) fn content_came(&mut self) {
        self.content_since = None;
    }

    /// Ends the body `limit` after the next pending poll, even if more data arrives, because the rest is not part of
    /// the reply; `None` restores the usual limits.
    pub(super) fn hurry(&mut self, limit: Option<Duration>) {
        self.rest = limit;
        self.rest_since = None;
        self.content_since = None;
        self.timer = None;
        self.waiting = None;
    }

    /// Registers the task for the events that may end a wait, and returns the limit that ended it.
    pub(super) fn poll_wait(
        &mut self,
        task: &mut TaskContext<'_>,
        runtime: &Handle,
    ) -> Poll<ErrorKind> {
        let now = Instant::now();
        let idle_since = *self.idle_since.get_or_insert(now);
        let content_since = *self.content_since.get_or_insert(now);
        let rest_since = *self.rest_since.get_or_insert(now);
        if self.will_wake(task, now) {
            return Poll::Pending;
        }
        if let Some(cancel) = &mut self.cancel
            && cancel.wait.as_mut().poll(task).is_ready()
        {
            return Poll::Ready(ErrorKind::Cancelled);
        }
        let limits = [
            (self.deadline, ErrorKind::TotalTimeout),
            (self.idle.and_then(|d| idle_since.checked_add(d)), ErrorKind::IdleTimeout),
            (self.rest.and_then(|d| rest_since.checked_add(d)), ErrorKind::IdleTimeout),
            (self.content.and_then(|d| content_since.checked_add(d)), ErrorKind::ContentTimeout),
        ];
        let first = limits.into_iter().filter_map(|(at, kind)| Some((at?, kind)));
        let Some((at, kind)) = first.min_by_key(|(at, _)| *at) else {
            self.waiting = Some(task.waker().clone());
            return Poll::Pending;
        };
        loop {
            // The reader's own executor may have no timers.
            let timer = self.timer.get_or_insert_with(|| {
                let _context = runtime.enter();
                Timer { sleep: Box::pin(sleep_until(at)), until: at }
            });
            // It must be registered even if the task has used up its budget, and the wait is no progress that counts.
            if pin!(unconstrained(timer.sleep.as_mut())).poll(task).is_pending() {
                self.waiting = Some(task.waker().clone());
                return Poll::Pending;
            }
            if timer.until >= at {
                return Poll::Ready(kind);
            }
            timer.sleep.as_mut().reset(at);
            timer.until = at;
        }
    }

    /// Returns true if an earlier wait has registered this task for all that can end this one. Limits only move away
    /// from the timer, which is checked when it may have fired.
    fn will_wake(&self, task: &TaskContext<'_>, now: Instant) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.will_wake(task.waker()))
            && self.timer.as_ref().is_none_or(|timer| timer.until > now)
            && self.cancel.as_ref().is_none_or(|cancel| !cancel.token.is_cancelled())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use tokio::task::coop::poll_proceed;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Waits like a body without data, for at most `patience`.
    async fn wait(watch: &mut Watch, patience: Duration) -> Option<ErrorKind> {
        tokio::time::timeout(patience, poll_fn(|task| watch.poll_wait(task, &Handle::current())))
            .await
            .ok()
    }

    #[tokio::test(start_paused = true)]
    async fn keep_alives_reset_the_idle_limit_but_not_the_content_limit() {
        let mut watch = Watch::new(Some(3 * SECOND), Some(10 * SECOND), None, None);
        for _ in 0..4 {
            assert_eq!(wait(&mut watch, 2 * SECOND).await, None);
            watch.bytes_came();
        }
        assert_eq!(wait(&mut watch, 20 * SECOND).await, Some(ErrorKind::ContentTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn content_resets_both_limits() {
        let mut watch = Watch::new(Some(3 * SECOND), Some(4 * SECOND), None, None);
        for _ in 0..10 {
            assert_eq!(wait(&mut watch, 2 * SECOND).await, None);
            watch.bytes_came();
            watch.content_came();
        }
        let began = Instant::now();
        assert_eq!(wait(&mut watch, 20 * SECOND).await, Some(ErrorKind::IdleTimeout));
        assert_eq!(began.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_reader_takes_is_not_counted() {
        let mut watch = Watch::new(Some(3 * SECOND), Some(3 * SECOND), None, None);
        assert_eq!(wait(&mut watch, SECOND).await, None);
        watch.bytes_came();
        watch.content_came();
        tokio::time::advance(60 * SECOND).await;
        assert_eq!(wait(&mut watch, 2 * SECOND).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_holds_whatever_comes() {
        let deadline = Instant::now() + 5 * SECOND;
        let mut watch = Watch::new(Some(3 * SECOND), None, Some(deadline), None);
        for _ in 0..4 {
            assert_eq!(wait(&mut watch, SECOND).await, None);
            watch.bytes_came();
            watch.content_came();
        }
        assert_eq!(wait(&mut watch, 2 * SECOND).await, Some(ErrorKind::TotalTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn hurry_shortens_a_limit_that_runs_already() {
        let mut watch = Watch::new(Some(100 * SECOND), None, None, None);
        assert_eq!(wait(&mut watch, SECOND).await, None);
        watch.bytes_came();
        watch.hurry(Some(2 * SECOND));
        assert_eq!(wait(&mut watch, 3 * SECOND).await, Some(ErrorKind::IdleTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_that_arrives_puts_the_end_of_a_hurried_body_off() {
        let mut watch = Watch::new(Some(100 * SECOND), Some(100 * SECOND), None, None);
        watch.hurry(Some(5 * SECOND));
        // Time that the reader takes before it waits is not counted.
        tokio::time::advance(60 * SECOND).await;
        for _ in 0..4 {
            assert_eq!(wait(&mut watch, SECOND).await, None);
            watch.bytes_came();
            watch.content_came();
        }
        assert_eq!(wait(&mut watch, 2 * SECOND).await, Some(ErrorKind::IdleTimeout));
        watch.hurry(None);
        assert_eq!(wait(&mut watch, 50 * SECOND).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn limits_without_end_are_none() {
        let for_ever = Some(Duration::MAX);
        let mut watch = Watch::new(for_ever, for_ever, None, None);
        watch.hurry(for_ever);
        assert_eq!(wait(&mut watch, 1_000_000 * SECOND).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_holds_for_a_body_that_never_waits() {
        let deadline = Instant::now() + SECOND;
        let watch = Watch::new(None, None, Some(deadline), None);
        assert_eq!(watch.stopped(), None);
        tokio::time::advance(SECOND).await;
        assert_eq!(watch.stopped(), Some(ErrorKind::TotalTimeout));
    }

    /// A task that records its wake-up.
    #[derive(Default)]
    struct Task(AtomicBool);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    impl Task {
        fn poll(self: &Arc<Self>, watch: &mut Watch) -> Poll<ErrorKind> {
            self.0.store(false, Ordering::SeqCst);
            let waker = self.clone().into();
            watch.poll_wait(&mut TaskContext::from_waker(&waker), &Handle::current())
        }

        fn is_woken(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_that_waits_last_is_woken() {
        let token = CancellationToken::new();
        let (first, last) = (Arc::<Task>::default(), Arc::<Task>::default());
        for is_cancelled in [false, true] {
            let mut watch = Watch::new(Some(3 * SECOND), None, None, Some(token.clone()));
            for task in [&first, &first, &last, &last] {
                assert!(task.poll(&mut watch).is_pending());
            }
            match is_cancelled {
                true => token.cancel(),
                false => tokio::time::advance(4 * SECOND).await,
            }
            assert!(last.is_woken());
            let kind = if is_cancelled { ErrorKind::Cancelled } else { ErrorKind::IdleTimeout };
            assert_eq!(last.poll(&mut watch), Poll::Ready(kind));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_fires_early_is_armed_again_for_the_same_task() {
        let mut watch = Watch::new(Some(3 * SECOND), None, None, None);
        let task = Arc::<Task>::default();
        assert!(task.poll(&mut watch).is_pending());
        tokio::time::advance(2 * SECOND).await;
        watch.bytes_came();
        assert!(task.poll(&mut watch).is_pending());
        tokio::time::advance(2 * SECOND).await;
        assert!(task.is_woken());
        assert!(task.poll(&mut watch).is_pending());
        tokio::time::advance(2 * SECOND).await;
        assert!(task.is_woken());
        assert_eq!(task.poll(&mut watch), Poll::Ready(ErrorKind::IdleTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_has_used_up_its_budget_is_woken() {
        let mut watch = Watch::new(Some(3 * SECOND), None, None, None);
        let mut is_first = true;
        let wait = poll_fn(|task| {
            while std::mem::take(&mut is_first)
                && let Poll::Ready(share) = poll_proceed(task)
            {
                share.made_progress();
                is_first = true;
            }
            watch.poll_wait(task, &Handle::current())
        });
        let kind = tokio::time::timeout(5 * SECOND, wait).await;
        assert_eq!(kind, Ok(ErrorKind::IdleTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn cancellation_wakes_the_reader() {
        let token = CancellationToken::new();
        let mut watch = Watch::new(None, None, None, Some(token.clone()));
        assert_eq!(wait(&mut watch, SECOND).await, None);
        let (kind, ()) = tokio::join!(wait(&mut watch, SECOND), async { token.cancel() });
        assert_eq!(kind, Some(ErrorKind::Cancelled));
    }
}
