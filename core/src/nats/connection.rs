//! The connection to a broker, on the library's own runtime.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream;
use async_nats::{Client, ConnectOptions, Event};
use tokio::time::timeout;

use super::address::UrlLogin;
use super::settings::{Checked, Login};
use super::{login, tls};
use crate::error::{ErrorKind, Result};
use crate::process::{self, new_id};

/// The time limit for a connection, and for a request to the broker.
const LIMIT: Duration = Duration::from_secs(5);
/// The longest wait between two attempts to restore a connection.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

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

/// Connects to one of the servers.
///
/// # Errors
///
/// `connect` or `connect_timeout` if none is reached; `authentication` if it refuses the login; `config` for an unusable file.
pub(super) async fn connect(settings: &Checked, operation: &'static str) -> Result<Connected> {
    let options = options(settings, operation)?;
    let urls: Vec<String> = settings.addresses.iter().map(|address| address.url.clone()).collect();
    // On the library's runtime, which lives as long as the process: the caller's may end before its connection.
    let connecting = process::runtime()?.spawn(async move { options.connect(urls).await });
    let lost = || settings.error(ErrorKind::Connect, operation, "the connection attempt was lost");
    let late = || {
        let why = format!("no server accepted a connection within {LIMIT:?}");
        settings.error(ErrorKind::ConnectTimeout, operation, why)
    };
    let client = timeout(LIMIT, connecting).await.map_err(|_| late())?.map_err(|_| lost())?;
    let client = client.map_err(|error| {
        use async_nats::ConnectErrorKind::{Authentication, AuthorizationViolation};
        let kind = match error.kind() {
            Authentication | AuthorizationViolation => ErrorKind::Authentication,
            _ => ErrorKind::Connect,
        };
        let refused =
            settings.error(kind, operation, format!("the broker is not reached: {error}"));
        refused.with_hint("check the broker's URL, that it runs, and the login")
    })?;
    let mut jetstream = jetstream::new(client.clone());
    jetstream.set_timeout(LIMIT);
    Ok(Connected { client, jetstream })
}

fn options(settings: &Checked, operation: &'static str) -> Result<ConnectOptions> {
    let Checked { nats, addresses, .. } = settings;
    let unusable = |why: String| settings.error(ErrorKind::Config, operation, why);
    let options = match &nats.login {
        Login::File(path) => {
            login::read(path).map_err(unusable)?;
            login::with_file(path)
        }
        _ => ConnectOptions::new(),
    };
    let mut options = options
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
        Login::File(_) => options,
    })
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
