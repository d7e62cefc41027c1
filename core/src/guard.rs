//! Calls into user code: a panic there becomes an error that names the callback, and affects nothing else.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

/// The start of the type's name of a function of another language, whose user must not see it.
const HOSTED: &str = "turnwire::bridge::host::HostFn<";

/// A callback, as named in errors and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    /// Its role, such as `token provider`.
    part: &'static str,
    /// Its type, such as `app::Tokens`.
    type_name: &'static str,
}

impl Callback {
    /// The callback with this role, of the type `T`.
    pub(crate) fn of<T: ?Sized>(part: &'static str) -> Self {
        Callback { part, type_name: std::any::type_name::<T>() }
    }
}

impl Callback {
    /// The callback with this role, of a type whose name its trait object reports.
    pub(crate) fn named(part: &'static str, type_name: &'static str) -> Self {
        Callback { part, type_name }
    }
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.type_name.starts_with(HOSTED) {
            return write!(f, "the function `{}`", self.part);
        }
        write!(f, "the {} `{}`", self.part, self.type_name)
    }
}

/// User code has panicked. Its message is not repeated here: it may contain text of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} panicked")]
pub(crate) struct Panicked(Callback);

/// Calls user code and drives the future that it returns. A panic is caught in the call, in each poll, and when the
/// future is dropped.
pub(crate) fn call<'a, T>(
    callback: Callback,
    make: impl FnOnce() -> BoxFuture<'a, T>,
) -> Guarded<'a, T> {
    let state = match catch_unwind(AssertUnwindSafe(make)) {
        Ok(future) => State::Running(future),
        Err(payload) => State::Panicked(reported(callback, payload)),
    };
    Guarded { callback, state }
}

/// A running call into user code.
#[must_use = "a future does nothing until it is polled"]
pub(crate) struct Guarded<'a, T> {
    callback: Callback,
    state: State<'a, T>,
}

enum State<'a, T> {
    Running(BoxFuture<'a, T>),
    Panicked(Panicked),
    Ended,
}

impl<T> Guarded<'_, T> {
    /// Drops the future, which also runs user code.
    fn end(&mut self) -> Option<Panicked> {
        let State::Running(future) = std::mem::replace(&mut self.state, State::Ended) else {
            return None;
        };
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        dropped.err().map(|payload| reported(self.callback, payload))
    }
}

impl<T> Future for Guarded<'_, T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let callback = self.callback;
        let polled = match &mut self.state {
            State::Running(future) => catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))),
            State::Panicked(panicked) => return Poll::Ready(Err(*panicked)),
            // Reached only by a poll after the end.
            State::Ended => return Poll::Pending,
        };
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => Err(reported(callback, payload)),
        };
        // The returned value counts, even if dropping the future panics.
        self.end();
        Poll::Ready(ended)
    }
}

impl<T> Drop for Guarded<'_, T> {
    fn drop(&mut self) {
        self.end();
    }
}

fn reported(callback: Callback, payload: Box<dyn Any + Send>) -> Panicked {
    drop_payload(payload);
    tracing::error!(callback = callback.part, of = callback.type_name, "user code panicked");
    Panicked(callback)
}

/// Drops the payload of a panic. Its type is arbitrary, and its destructor may panic in turn; the rest then stays in
/// memory.
pub(crate) fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bad;

    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in the drop");
        }
    }

    fn bad() -> Callback {
        Callback::of::<Bad>("sink")
    }

    #[cfg(feature = "bridge")]
    #[test]
    fn a_function_of_another_language_is_named_without_its_type() {
        let function = Callback::of::<crate::bridge::HostFn<u8, u8>>("outbox.deliver");
        assert_eq!(function.to_string(), "the function `outbox.deliver`");
        assert!(bad().to_string().starts_with("the sink `"));
    }

    #[tokio::test]
    async fn a_panic_in_the_call_or_in_a_poll_is_an_error_with_the_callbacks_name() {
        let in_the_call = call(bad(), || -> BoxFuture<'_, ()> { panic!("in the call") }).await;
        let in_a_poll = call(bad(), || -> BoxFuture<'_, ()> {
            Box::pin(async {
                tokio::task::yield_now().await;
                panic!("in a poll")
            })
        });
        for panicked in [in_the_call.unwrap_err(), in_a_poll.await.unwrap_err()] {
            let said = panicked.to_string();
            assert!(said.starts_with("the sink `") && said.ends_with("::Bad` panicked"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_panic_whose_payload_panics_when_it_is_dropped_is_an_error_too() {
        struct Worse;
        impl Drop for Worse {
            fn drop(&mut self) {
                std::panic::panic_any(Bad);
            }
        }
        let in_the_call =
            call(bad(), || -> BoxFuture<'_, ()> { std::panic::panic_any(Worse) }).await;
        let in_the_poll = call(bad(), || -> BoxFuture<'_, ()> {
            Box::pin(async { std::panic::panic_any(Worse) })
        });
        assert_eq!((in_the_call, in_the_poll.await), (Err(Panicked(bad())), Err(Panicked(bad()))));
    }

    #[tokio::test]
    async fn a_future_that_cannot_be_dropped_breaks_nothing() {
        let held = Bad;
        let answer = call(bad(), move || -> BoxFuture<'_, u8> {
            Box::pin(std::future::poll_fn(move |_| {
                let _held = &held;
                Poll::Ready(7)
            }))
        });
        assert_eq!(answer.await, Ok(7), "what it returned counts");
        let held = Bad;
        drop(call(bad(), move || -> BoxFuture<'_, ()> {
            Box::pin(async move {
                let _held = held;
                std::future::pending().await
            })
        }));
    }
}
