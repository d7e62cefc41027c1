//! The breaker of a courier: the permission to deliver, which all its partitions share.

use std::time::Duration;

use super::run::Run;
use super::shared::{Shared, lock};
use crate::outbox::Gate;

/// The permission to deliver one record.
pub(super) enum Permission<'a> {
    Given(Delivering<'a>),
    /// Not before this time has passed.
    NotFor(Duration),
    /// The courier is being stopped.
    Stopped,
}

/// A delivery that may be the breaker's probe.
pub(super) struct Delivering<'a> {
    shared: &'a Shared,
    is_probe: bool,
}

impl Delivering<'_> {
    /// The outcome is noted, which ends the probe.
    pub(super) fn noted(mut self) {
        self.is_probe = false;
        self.shared.gate_changed.notify_waiters();
    }
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            lock(&self.shared.breaker).abandon_probe();
            self.shared.gate_changed.notify_waiters();
        }
    }
}

impl Run {
    /// Waits while another record probes the sink, which takes no longer than a delivery.
    pub(super) async fn permission(&self) -> Permission<'_> {
        let shared = &*self.shared;
        loop {
            let mut changed = std::pin::pin!(shared.gate_changed.notified());
            // Before the look at the gate, so that no change is missed.
            changed.as_mut().enable();
            let now = shared.clock.elapsed();
            {
                let mut breaker = lock(&shared.breaker);
                match breaker.gate(now) {
                    Gate::Open => {
                        return Permission::Given(Delivering { shared, is_probe: false });
                    }
                    Gate::Probe(_) => {
                        breaker.begin_probe();
                        return Permission::Given(Delivering { shared, is_probe: true });
                    }
                    Gate::Shut(Some(until)) => {
                        let wait = until.saturating_sub(now).max(1);
                        return Permission::NotFor(Duration::from_millis(wait));
                    }
                    Gate::Shut(None) => {}
                }
            }
            if self.stop.run_until_cancelled(changed).await.is_none() {
                return Permission::Stopped;
            }
        }
    }
}
