//! The connection to the broker: one for each process, made when it is first needed.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream;
use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::address::UrlLogin;
use super::settings::{Checked, Login};
use super::setup;
use super::tls;
use crate::error::{Error, ErrorKind, Result};
use crate::process::{self, PerProcess, new_id};

/// The time limit for a connection, and for a request to the broker.
const LIMIT: Duration = Duration::from_secs(5);
/// The time for which a failed connection is not tried again: all deliveries share it.
const FAILED_FOR: Duration = Duration::from_millis(500);
/// The longest wait between two attempts to restore a connection.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

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

/// An established connection. The client restores it by itself when it breaks.
#[derive(Clone)]
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) jetstream: jetstream::Context,
}

impl Connected {
    /// Returns true while the connection is usable.
    pub(super) fn is_alive(&self) -> bool {
        self.client.connection_state() == State::Connected
    }
}

impl Broker {
    pub(super) fn new(settings: Checked) -> Arc<Self> {
        Arc::new(Broker { settings, here: PerProcess::new() })
    }

    /// An error of an operation on this broker.
    pub(super) fn error(
        &self,
        kind: ErrorKind,
        operation: &'static str,
        why: impl Into<String>,
    ) -> Error {
        Error::new(kind, operation, why).with_target(Some(self.settings.target().into()))
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
        let options = self.options(operation).await?;
        let urls: Vec<String> =
            self.settings.addresses.iter().map(|address| address.url.clone()).collect();
        // On the library's runtime, which lives as long as the process: the caller's may end before its connection.
        let connecting = process::runtime()?.spawn(async move { options.connect(urls).await });
        let lost = || self.error(ErrorKind::Connect, operation, "the connection attempt was lost");
        let late = || {
            let why = format!("no server accepted a connection within {LIMIT:?}");
            self.error(ErrorKind::ConnectTimeout, operation, why)
        };
        let client = timeout(LIMIT, connecting).await.map_err(|_| late())?.map_err(|_| lost())?;
        let client = client.map_err(|error| {
            use async_nats::ConnectErrorKind::{Authentication, AuthorizationViolation};
            let kind = match error.kind() {
                Authentication | AuthorizationViolation => ErrorKind::Authentication,
                _ => ErrorKind::Connect,
            };
            let refused =
                self.error(kind, operation, format!("the broker is not reached: {error}"));
            refused.with_hint("check the broker's URL, that it runs, and the login")
        })?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(LIMIT);
        let connected = Connected { client, jetstream };
        setup::ensure_stream(self, &connected, operation).await?;
        Ok(connected)
    }

    async fn options(&self, operation: &'static str) -> Result<ConnectOptions> {
        let Checked { nats, addresses, .. } = &self.settings;
        let unusable = |why: String| self.error(ErrorKind::Config, operation, why);
        let mut options = ConnectOptions::new()
            .name("turnwire")
            // A forked child must not inherit the addresses at which its parent receives replies.
            .custom_inbox_prefix(format!("_INBOX.{}", new_id().simple()))
            .connection_timeout(LIMIT)
            .request_timeout(Some(LIMIT))
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| {
                let doubled = 2_u32.saturating_pow(attempts.min(16).try_into().unwrap_or(16));
                Duration::from_millis(25).saturating_mul(doubled).min(LONGEST_WAIT)
            })
            .event_callback(|event| async move { report(&event) });
        let needs_tls = addresses.iter().any(|address| address.is_tls)
            || nats.ca_file.is_some()
            || nats.client_certificate.is_some();
        options =
            options.tls_client_config(tls::config(nats).map_err(unusable)?).require_tls(needs_tls);
        let of_url = addresses.iter().find_map(|address| address.login.clone());
        Ok(match &nats.login {
            Login::OfUrl => match of_url {
                None => options,
                Some(UrlLogin::Token(token)) => options.token(token.expose().to_owned()),
                Some(UrlLogin::User(user, password)) => {
                    options.user_and_password(user, password.expose().to_owned())
                }
            },
            Login::Token(token) => options.token(token.expose().to_owned()),
            Login::User(user, password) => {
                options.user_and_password(user.clone(), password.expose().to_owned())
            }
            Login::Nkey(seed) => options.nkey(seed.expose().to_owned()),
            Login::File(path) => options.credentials_file(path).await.map_err(|error| {
                unusable(format!("the credentials file {} cannot be read: {error}", path.display()))
            })?,
        })
    }
}

/// Logs a change of the connection.
fn report(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to the broker"),
        Event::Disconnected => tracing::warn!("the connection to the broker broke"),
        Event::LameDuckMode => tracing::info!("the server of the broker is about to stop"),
        Event::ServerError(error) => tracing::warn!("the broker reports: {error}"),
        Event::ClientError(error) => tracing::warn!("the connection to the broker: {error}"),
        other => tracing::debug!("the connection to the broker: {other}"),
    }
}
