//! Wakes JavaScript for calls that have something to take, and hands over everything that is there in one go.
//!
//! A promise of napi's own for each batch costs a thread-safe function each, which is a handle in the event
//! loop that is opened and closed again. Here an environment (the main thread, or a worker) has one for good,
//! and a hundred streams that get a token at the same time cost one wake and one call, not one each.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::handed::{Handed, Writer};
use crate::running::Running;

type OnReady = ThreadsafeFunction<(), (), (), Status, false, true>;

/// Wakes one environment.
#[napi]
pub struct Waker {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// `None` once it is closed.
    on_ready: Mutex<Option<OnReady>>,
}

/// All that waits to be handed over.
#[derive(Default)]
struct Waiting {
    ready: Vec<Ready>,
    /// True while JavaScript asks by itself.
    is_polled: bool,
}

/// Something that became ready.
struct Ready {
    id: u32,
    /// The call whose items can be handed over. JavaScript takes from anything else itself.
    call: Weak<Running>,
}

#[napi]
impl Waker {
    /// Calls `on_ready` when something became ready, and again only after `hand_over()`. It keeps no process alive.
    #[napi(constructor)]
    pub fn new(on_ready: Function<'_, (), ()>) -> napi::Result<Self> {
        let on_ready = on_ready
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build()?;
        let shared = Shared { on_ready: Mutex::new(Some(on_ready)), ..Shared::default() };
        Ok(Waker { shared: Arc::new(shared) })
    }

    /// Hands over the items of all that became ready; `null` if nothing did. A call whose items were handed over is woken for
    /// again, with the same id, once there are more. For the ids whose byte in `unread` is not 0 nothing is taken.
    ///
    /// With `is_polled`, JavaScript asks again by itself until there is nothing, and is not woken before.
    #[napi]
    pub fn hand_over(&self, unread: &[u8], is_polled: bool) -> Option<Handed> {
        let ready = {
            let mut waiting = lock(&self.shared.waiting);
            waiting.is_polled = is_polled && !waiting.ready.is_empty();
            std::mem::take(&mut waiting.ready)
        };
        if ready.is_empty() {
            return None;
        }
        let mut writer = Writer::new();
        for Ready { id, call } in ready {
            let is_unread = unread.get(id as usize).is_some_and(|&flag| flag != 0);
            match call.upgrade() {
                Some(call) if !is_unread && writer.has_room() => {
                    call.hand_over(id, &mut writer, || self.for_call(id, &call));
                }
                _ => writer.ready(id),
            }
        }
        Some(writer.into())
    }

    /// Releases the event loop; nothing is woken any more. An open handle would show in the reports of test runners.
    #[napi]
    pub fn close(&self) {
        drop(lock(&self.shared.on_ready).take());
    }
}

impl Waker {
    /// The function that wakes JavaScript for a call, with its id there.
    pub(crate) fn for_call(&self, id: u32, call: &Arc<Running>) -> Box<dyn FnOnce() + Send> {
        self.wake(Ready { id, call: Arc::downgrade(call) })
    }

    /// The function that wakes JavaScript with this id.
    pub(crate) fn for_id(&self, id: u32) -> Box<dyn FnOnce() + Send> {
        self.wake(Ready { id, call: Weak::new() })
    }

    fn wake(&self, ready: Ready) -> Box<dyn FnOnce() + Send> {
        let shared = self.shared.clone();
        Box::new(move || {
            let mut waiting = lock(&shared.waiting);
            let is_first = waiting.ready.is_empty() && !waiting.is_polled;
            waiting.ready.push(ready);
            drop(waiting);
            if is_first && let Some(on_ready) = &*lock(&shared.on_ready) {
                // It fails where the environment is ending: then nobody waits any more.
                let _ = on_ready.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that panics runs under these locks, so a poisoned value is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
