//! A broker with its stream: one connection for each process, made when it is first needed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
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
    here: PerProcess<Arc<Mutex<Attempted>>>,
}

/// The connection of one process, or its last failure.
#[derive(Default)]
struct Attempted {
    connected: Option<Connected>,
    failed: Option<(Instant, Error)>,
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
        let mut here = here.lock().await;
        if let Some(connected) = &here.connected {
            return Ok(connected.clone());
        }
        if let Some((at, error)) = &here.failed
            && at.elapsed() < FAILED_FOR
        {
            return Err(error.clone());
        }
        match self.connect(operation).await {
            Ok(connected) => {
                here.connected = Some(connected.clone());
                here.failed = None;
                Ok(connected)
            }
            Err(error) => {
                here.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Makes the next call check the stream again: it is missing.
    pub(super) async fn forget(&self) {
        let here = self.here.get_or_make(Arc::default);
        here.lock().await.connected = None;
    }

    /// This process's connection, if it has one.
    pub(super) fn existing(&self) -> Option<Connected> {
        self.here.get()?.try_lock().ok()?.connected.clone()
    }

    async fn connect(&self, operation: &'static str) -> Result<Connected> {
        let connected = connection::connect(&self.settings, operation).await?;
        setup::ensure_stream(&self.settings, &connected, operation).await?;
        Ok(connected)
    }
}
