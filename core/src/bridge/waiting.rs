//! The part of a pull that a host waits on, whatever it gives.

use std::time::Duration;

/// Something that a host waits for: a pull of any kind.
///
/// It is object-safe, so that a binding writes its ways of waiting once (signals, event loops, greenlets) for all calls and
/// streams.
pub trait Waiting: Send + Sync {
    /// Blocks this thread until there is something to take or the end is reached, at most for `tick`: a host looks at its
    /// signals between ticks. Returns true if there is something.
    fn wait(&self, tick: Duration) -> bool;

    /// Calls `wake` once, as soon as there is something to take or the end is reached: at once on this thread if that is
    /// so already, else later on a thread of the library's. Another `wake` takes its place.
    fn wake(&self, wake: Box<dyn FnOnce() + Send>);

    /// Ends the work and closes its connection. Items that are there already can still be taken; then comes the end.
    fn cancel(&self);
}
