//! The caller's context: values of a host language that belong to the code that started a turn or made a call. Core
//! passes them to the host's functions that it calls on other threads.
//!
//! It is ambient, like the host's own context: [`scope`] sets it around a poll or a call, and [`inherit`] passes it to
//! a task that is spawned there.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::Either;

/// A context, opaque to core.
#[derive(Clone)]
pub struct Context(Arc<dyn Any + Send + Sync>);

tokio::task_local! {
    static CURRENT: Context;
}

impl Context {
    /// A context with this value.
    pub fn new(value: impl Any + Send + Sync) -> Self {
        Context(Arc::new(value))
    }

    /// The value, if it has this type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }

    /// Runs `act` in this context: calls that it starts inherit the context.
    pub fn scope<T>(&self, act: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), act)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context")
    }
}

/// The current context, if there is one.
pub(crate) fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `act` in this context.
pub(crate) fn scope<T>(context: Option<&Context>, act: impl FnOnce() -> T) -> T {
    match context {
        Some(context) => context.scope(act),
        None => act(),
    }
}

/// Wraps a future in the current context, for a task that is spawned.
pub(crate) fn inherit<F: Future>(future: F) -> impl Future<Output = F::Output> {
    match CURRENT.try_with(Clone::clone) {
        Ok(context) => Either::Left(CURRENT.scope(context, future)),
        Err(_) => Either::Right(future),
    }
}
