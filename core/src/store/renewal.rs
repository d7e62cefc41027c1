//! Stale tokens and their renewals: one renewal for all calls that find them stale.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

use crate::credentials::Tokens;
use crate::error::{Error, Result};
use crate::process::PerProcess;

/// The most remembered renewals.
const MOST: usize = 4096;

/// The longest chain of renewals; a longer one would be a cycle.
const LONGEST_CHAIN: usize = 256;

/// The expired tokens, from the header `Token-Expired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    Access,
    Refresh,
    Both,
}

impl Stale {
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error.headers()?.get("token-expired")?.to_str().ok()?.trim() {
            "AccessToken" => Some(Stale::Access),
            "RefreshToken" => Some(Stale::Refresh),
            "AllToken" => Some(Stale::Both),
            _ => None,
        }
    }

    /// Adds the name of the stale token to the error's message.
    pub(super) fn explain(error: Error) -> Error {
        let stale = match Stale::of(&error) {
            Some(Stale::Access) => "the access token has expired",
            Some(Stale::Refresh) => "the refresh token has expired",
            Some(Stale::Both) => "the access token and the refresh token have expired",
            None => return error,
        };
        let message = format!("{stale}: {}", error.message());
        error.with_message(message)
    }
}

/// The tokens that replaced others in this process.
#[derive(Default)]
pub(super) struct Renewals {
    known: PerProcess<Arc<Mutex<Known>>>,
}

#[derive(Default)]
struct Known {
    renewals: HashMap<Key, Renewal>,
    /// The keys, the oldest first.
    order: VecDeque<Key>,
}

enum Renewal {
    /// A running renewal, which lives as long as a call waits for it.
    Running(WeakShared<Running>),
    /// The store's tokens.
    Done(Tokens),
    /// Tokens of another source.
    Given(Tokens),
}

type Running = Pin<Box<dyn Future<Output = Result<Tokens>> + Send>>;

/// The replaced tokens. Both form the key: an access token alone must not lead to another user's fresh ones.
#[derive(Clone)]
struct Key(Tokens);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.access.expose().hash(state);
        self.0.refresh.expose().hash(state);
    }
}

impl Renewals {
    /// The newest replacement of these tokens.
    pub(super) fn newest(&self, tokens: Tokens) -> Tokens {
        let known = self.known();
        let known = lock(&known);
        known.newest(tokens, |renewal| match renewal {
            Renewal::Done(fresh) | Renewal::Given(fresh) => Some(fresh),
            Renewal::Running(_) => None,
        })
    }

    /// The newest tokens with which the store itself has replaced these.
    pub(super) fn reissued(&self, tokens: Tokens) -> Tokens {
        let known = self.known();
        let known = lock(&known);
        known.newest(tokens, |renewal| match renewal {
            Renewal::Done(fresh) => Some(fresh),
            Renewal::Given(_) | Renewal::Running(_) => None,
        })
    }

    /// Renews tokens, or joins the running renewal.
    pub(super) async fn renew<F>(&self, stale: &Tokens, renew: impl FnOnce() -> F) -> Result<Tokens>
    where
        F: Future<Output = Result<Tokens>> + Send + 'static,
    {
        let key = Key(stale.clone());
        let known_here = self.known();
        let running: Shared<Running> = {
            let mut known = lock(&known_here);
            let running = match known.renewals.get(&key) {
                Some(Renewal::Done(fresh) | Renewal::Given(fresh)) => return Ok(fresh.clone()),
                Some(Renewal::Running(running)) => running.upgrade(),
                None => None,
            };
            running.unwrap_or_else(|| {
                let running = (Box::pin(renew()) as Running).shared();
                if let Some(weak) = running.downgrade() {
                    known.insert(key.clone(), Renewal::Running(weak));
                }
                running
            })
        };
        // A failed renewal is dropped with the last call that waits for it; the next call starts another.
        let renewed = running.await;
        if let Ok(fresh) = &renewed {
            lock(&known_here).insert(key, Renewal::Done(fresh.clone()));
        }
        renewed
    }

    /// Records tokens from another source that replace others.
    pub(super) fn replace(&self, refused: &Tokens, given: &Tokens) {
        lock(&self.known()).insert(Key(refused.clone()), Renewal::Given(given.clone()));
    }

    fn known(&self) -> Arc<Mutex<Known>> {
        self.known.get_or_make(Arc::default)
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // No code under the lock can leave the map inconsistent.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    fn newest(&self, mut tokens: Tokens, of: impl Fn(&Renewal) -> Option<&Tokens>) -> Tokens {
        for _ in 0..LONGEST_CHAIN {
            match self.renewals.get(&Key(tokens.clone())).and_then(&of) {
                Some(fresh) => tokens = fresh.clone(),
                None => break,
            }
        }
        tokens
    }

    fn insert(&mut self, key: Key, renewal: Renewal) {
        if self.renewals.insert(key.clone(), renewal).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.renewals.remove(&oldest);
        }
    }
}
