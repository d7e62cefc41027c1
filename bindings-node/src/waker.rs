//! Wakes JavaScript for calls that have something to take: one wake for all that became ready meanwhile.
//!
//! A promise of napi's own for each batch costs a thread-safe function each, which is a handle in the event
//! loop that is opened and closed again. Here an environment (the main thread, or a worker) has one for good,
//! and a hundred streams that get a token at the same time wake it once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

type OnReady = ThreadsafeFunction<(), (), FnArgs<(Vec<u32>,)>, Status, false, true>;

/// Wakes one environment.
#[napi]
pub struct Waker {
    shared: Arc<Shared>,
}

struct Shared {
    ready: Arc<Ready>,
    /// `None` once it is closed.
    on_ready: Mutex<Option<OnReady>>,
}

#[derive(Default)]
struct Ready(Mutex<Vec<u32>>);

#[napi]
impl Waker {
    /// Calls `on_ready` with the ids of the calls that became ready. It keeps no process alive.
    #[napi(constructor)]
    pub fn new(on_ready: Function<'_, FnArgs<(Vec<u32>,)>, ()>) -> napi::Result<Self> {
        let ready = Arc::<Ready>::default();
        let drained = ready.clone();
        let on_ready = on_ready
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| Ok((std::mem::take(&mut *drained.lock()),).into()))?;
        Ok(Waker { shared: Arc::new(Shared { ready, on_ready: Mutex::new(Some(on_ready)) }) })
    }

    /// Releases the event loop; nothing is woken any more. An open handle would show in the reports of test runners.
    #[napi]
    pub fn close(&self) {
        drop(self.shared.lock().take());
    }
}

impl Waker {
    /// The function that wakes JavaScript for the call of this id.
    pub(crate) fn for_call(&self, id: u32) -> impl FnOnce() + Send + 'static {
        let shared = self.shared.clone();
        move || {
            let mut ready = shared.ready.lock();
            let is_first = ready.is_empty();
            ready.push(id);
            drop(ready);
            if is_first && let Some(on_ready) = &*shared.lock() {
                // It fails where the environment is ending: then nobody waits any more.
                let _ = on_ready.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<OnReady>> {
        // It is set once and taken once, so a poisoned one is whole.
        self.on_ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, Vec<u32>> {
        // Nothing that panics runs under the lock, so a poisoned list is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
