//! Waits for conditions, each with a limit that only a fault reaches.

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The time between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// The limit of waits in tests, for a busy machine. A record whose courier or server crashed comes again after half a minute.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// Waits until the condition has a value, and blocks the thread meanwhile.
///
/// # Errors
/// The condition's own, and one that names what was waited for when the limit is reached.
pub fn blocking<T>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            bail!("not seen within {} s: {what}", limit.as_secs());
        }
        thread::sleep(LOOK);
    }
}

/// Waits until the condition holds, at most [`PATIENCE`].
///
/// # Errors
/// Names what was waited for when the limit is reached.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) -> Result<()> {
    until_async(what, async || condition()).await
}

/// Waits until the condition, which asks a service, holds; at most [`PATIENCE`].
///
/// # Errors
/// Names what was waited for when the limit is reached.
pub async fn until_async<C>(what: &str, mut condition: C) -> Result<()>
where
    C: AsyncFnMut() -> bool,
{
    let holding = async {
        while !condition().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    within(what, holding).await
}

/// The value of the future, at most [`PATIENCE`] from now.
///
/// # Errors
/// Names what was waited for when the limit is reached.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => Ok(value),
        Err(_) => bail!("not seen within {} s: {what}", PATIENCE.as_secs()),
    }
}
