//! Checks with short times, which a pause of the machine may fail by chance.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;

/// The rounds before the last one.
const ROUNDS: usize = 2;

/// Runs a check anew until it holds in one of three rounds; panics as the last one does.
pub async fn in_a_round<F: Future<Output = ()>>(mut check: impl FnMut() -> F) {
    for _ in 0..ROUNDS {
        if AssertUnwindSafe(check()).catch_unwind().await.is_ok() {
            return;
        }
    }
    check().await;
}

/// The same for a check that is not async.
pub fn in_a_blocking_round(mut check: impl FnMut()) {
    for _ in 0..ROUNDS {
        if catch_unwind(AssertUnwindSafe(&mut check)).is_ok() {
            return;
        }
    }
    check();
}
