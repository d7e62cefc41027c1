//! A broker with its stream: one connection for each process, made when it is first needed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::connection::{self, Connected};
use super::settings::Checked;
use super::setup;
use crate::error::{Error, Result};
use crate::process::PerProcess;

/// The time for which a failed connection is not tried again: all deliveries share it.
const FAILED_FOR: Duration = Duration::from_millis(500);

/// A broker, and this process's connection to it.
pub(super) struct Broker {
    pub(super) settings: Checked,
    here: PerProcess<Arc<Here>>,
}

/// The connection of one process.
#[derive(Default)]
struct Here {
    connected: Mutex<Option<Connected>>,
    /// The last failure; held by whoever connects.
    connecting: AsyncMutex<Option<(Instant, Error)>>,
}

impl Here {
    fn connected(&self) -> MutexGuard<'_, Option<Connected>> {
        // No code that can panic runs under the lock.
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker {
    pub(super) fn new(settings: Checked) -> Arc<Self> {
        Arc::new(Broker { settings, here: PerProcess::new() })
    }

    /// This process's connection, on whose broker the stream exists with these settings.
    ///
    /// # Errors
    ///
    /// `connect` if no server is reached; `authentication` if it refuses the login; `config` for a stream with other settings.
    pub(super) async fn connected(&self, operation: &'static str) -> Result<Connected> {
        let here = self.here.get_or_make(Arc::default);
        if let Some(connected) = here.connected().clone() {
            return Ok(connected);
        }
        let mut failed = here.connecting.lock().await;
        // Another call may have connected meanwhile.
        if let Some(connected) = here.connected().clone() {
            return Ok(connected);
        }
        if let Some((at, error)) = &*failed
            && at.elapsed() < FAILED_FOR
        {
            return Err(error.clone());
        }
        match self.connect(operation).await {
            Ok(connected) => {
                *here.connected() = Some(connected.clone());
                *failed = None;
                Ok(connected)
            }
            Err(error) => {
                *failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Makes the next call check the stream again: it is missing.
    pub(super) fn forget(&self) {
        *self.here.get_or_make(Arc::default).connected() = None;
    }

    /// This process's connection, if it has one.
    pub(super) fn existing(&self) -> Option<Connected> {
        self.here.get()?.connected().clone()
    }

    async fn connect(&self, operation: &'static str) -> Result<Connected> {
        let connected = connection::connect(&self.settings, operation).await?;
        setup::ensure_stream(&self.settings, &connected, operation).await?;
        Ok(connected)
    }
}
