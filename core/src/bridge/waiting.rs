//! The part of a pull for waiting, independent of its items.

use std::time::Duration;

/// A pull of any kind that a host can wait for.
///
/// It is object-safe, so that a binding implements its ways of waiting once (signals, event loops, greenlets) for all
/// calls and streams.
pub trait Waiting: Send + Sync {
    /// Blocks this thread until an item or the end is available, at most for `tick`: a host checks its signals between
    /// ticks. Returns true if one is available.
    fn wait(&self, tick: Duration) -> bool;

    /// Calls `wake` once, as soon as an item or the end is available: at once on this thread if one is available already,
    /// otherwise later on a thread of the library. Several readers may wait: all are woken, and those that find nothing
    /// wait again.
    fn wake(&self, wake: Box<dyn FnOnce() + Send>);

    /// Wakes all readers now, though nothing may have arrived. A reader that gives up calls it, or the wake functions of many
    /// such readers would pile up in a silence.
    fn wake_all(&self);

    /// Ends the work and closes its connection. Queued items can still be taken, followed by the end.
    fn cancel(&self);
}
