//! The settings of a broker: plain data, checked before they are used.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::address::{self, Address};
use super::names::Names;
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, Result};

/// The most partitions: each costs the broker a consumer, and a courier a request that waits.
const MOST_PARTITIONS: u16 = 4096;
/// The most copies of a stream that NATS keeps.
const MOST_REPLICAS: u8 = 5;

/// A NATS broker with JetStream, and the stream on it that holds the records.
///
/// All processes that publish to a stream, or deliver from it, need the same [`stream`](Self::stream),
/// [`partitions`](Self::partitions), [`replicas`](Self::replicas) and [`max_bytes`](Self::max_bytes): whoever finds a stream with
/// other settings is refused, and changes nothing.
///
/// A URL alone is enough where a `Nats` is expected. `Debug` prints no password, token or seed.
///
/// ```
/// use turnwire::nats::Nats;
///
/// let nats = Nats::new("tls://nats-1.example:4222,tls://nats-2.example:4222")
///     .credentials_file("/etc/turnwire/courier.creds")
///     .replicas(3);
/// let local = Nats::new("nats://app:hunter2@localhost:4222");
/// assert!(!format!("{local:?}").contains("hunter2"));
/// # let _ = nats;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Nats {
    pub(super) url: Secret,
    pub(super) login: Login,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    pub(super) stream: String,
    pub(super) partitions: u16,
    pub(super) replicas: u8,
    pub(super) max_bytes: Option<u64>,
    pub(super) counted_for: Duration,
}

/// The way to log in at the broker.
#[derive(Clone)]
pub(super) enum Login {
    /// As the URL says, which may name a user and a password, or a token.
    OfUrl,
    File(PathBuf),
    Token(Secret),
    User(String, Secret),
    Nkey(Secret),
}

impl Nats {
    /// A broker at this URL: `nats://host:4222`, or `tls://host:4222` for TLS. The servers of a cluster are separated by commas. A
    /// user and a password, or a token, may stand before the host (`nats://user:password@host`).
    pub fn new(url: impl Into<String>) -> Self {
        Nats {
            url: Secret::from(url.into()),
            login: Login::OfUrl,
            ca_file: None,
            client_certificate: None,
            stream: "turnwire".to_owned(),
            partitions: 64,
            replicas: 1,
            max_bytes: None,
            counted_for: Duration::from_secs(60 * 60),
        }
    }

    /// Logs in with a credentials file (`.creds`), which holds a JWT and its seed. It is read again for each connection.
    pub fn credentials_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.login = Login::File(path.into());
        self
    }

    /// Logs in with a token.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.login = Login::Token(token.into());
        self
    }

    /// Logs in as a user with a password.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.login = Login::User(name.into(), password.into());
        self
    }

    /// Logs in with the seed of an NKey (`SU…`).
    pub fn nkey(mut self, seed: impl Into<Secret>) -> Self {
        self.login = Login::Nkey(seed.into());
        self
    }

    /// Trusts the certificates in this PEM file, in addition to the system's. The connection then uses TLS. The file is read when the
    /// process first connects: before a broker changes to another authority, restart with a file that has both.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Presents this certificate with its key to the broker, both as PEM files, which are read again for each connection. The
    /// connection then uses TLS.
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.client_certificate = Some((certificate.into(), key.into()));
        self
    }

    /// The name of the stream, with which its subjects begin. Default `turnwire`.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// The number of partitions, of which each delivers one record at a time. It is fixed when the stream is created: another
    /// number needs another stream. Default 64, at most 4,096.
    pub fn partitions(mut self, partitions: u16) -> Self {
        self.partitions = partitions;
        self
    }

    /// The number of servers of a cluster that keep each record, at most 5. Default 1; use 3 in a cluster.
    pub fn replicas(mut self, replicas: u8) -> Self {
        self.replicas = replicas;
        self
    }

    /// The size of the stream in bytes. A full stream accepts no record: it then waits in the outbox that publishes it. Needs NATS 2.10.5
    /// or later, as earlier servers delete the oldest records of a full stream: a sink refuses to publish there, and a courier still
    /// delivers what such a stream holds. The version is that of the server to which the process is connected; the others of a
    /// cluster must be as recent. Default: the broker's own limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// The time for which the id of a delivered record is remembered, so that [`Sink::delivered`](crate::outbox::Sink::delivered) is
    /// called at most once for it, however often it is delivered. Default 1 h, at least 10 min. Each id costs the broker some 200 bytes of
    /// memory.
    pub fn counted_for(mut self, time: Duration) -> Self {
        self.counted_for = time;
        self
    }

    /// The settings for use.
    ///
    /// # Errors
    ///
    /// `config`.
    pub(super) fn checked(&self, operation: &'static str) -> Result<Checked> {
        let wrong = |why: String| Err(Error::new(ErrorKind::Config, operation, why));
        let addresses = match address::parse(self.url.expose()) {
            Ok(addresses) => addresses,
            Err(why) => return wrong(why),
        };
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.stream.is_empty() || !self.stream.chars().all(is_of_name) {
            return wrong(format!(
                "the stream `{}` has a name that subjects and buckets cannot have: use letters, digits, `-` and `_`",
                self.stream
            ));
        }
        if let Err(why) = partitions(self.partitions.into()).and(replicas(self.replicas.into())) {
            return wrong(why);
        }
        if self.max_bytes == Some(0)
            || self.max_bytes.is_some_and(|bytes| i64::try_from(bytes).is_err())
        {
            return wrong("`max_bytes` is 0 or too large: set the size of the stream".to_owned());
        }
        if self.counted_for < Duration::from_secs(10 * 60) {
            return wrong(format!(
                "`counted_for` is {:?}: set at least 10 minutes, within which the broker repeats deliveries",
                self.counted_for
            ));
        }
        if !matches!(self.login, Login::OfUrl)
            && addresses.iter().any(|address| address.login.is_some())
        {
            return wrong(
                "the URL has a user or a token, and another login is set: leave one out".to_owned(),
            );
        }
        Ok(Checked {
            addresses,
            names: Names::new(&self.stream, self.partitions),
            nats: self.clone(),
        })
    }
}

/// This number of partitions, or the reason why a stream cannot have it.
pub(crate) fn partitions(number: u32) -> Result<u16, String> {
    within("partitions", number, MOST_PARTITIONS)
}

/// This number of replicas, or the reason why a stream cannot have it.
pub(crate) fn replicas(number: u32) -> Result<u8, String> {
    within("replicas", number, MOST_REPLICAS)
}

fn within<N: TryFrom<u32> + Into<u32> + Copy>(
    setting: &str,
    number: u32,
    most: N,
) -> Result<N, String> {
    let usable = N::try_from(number).ok().filter(|_| (1..=most.into()).contains(&number));
    usable.ok_or_else(|| format!("`{setting}` is {number}: set a number from 1 to {}", most.into()))
}

/// Checked settings.
#[derive(Clone)]
pub(super) struct Checked {
    pub(super) nats: Nats,
    pub(super) addresses: Vec<Address>,
    pub(super) names: Names,
}

impl Checked {
    /// An error of an operation on this broker.
    pub(super) fn error(
        &self,
        kind: ErrorKind,
        operation: &'static str,
        why: impl Into<String>,
    ) -> Error {
        let target = address::shown(&self.addresses);
        Error::new(kind, operation, why).with_target(Some(target.into()))
    }
}

impl From<&str> for Nats {
    fn from(url: &str) -> Self {
        Nats::new(url)
    }
}

impl From<String> for Nats {
    fn from(url: String) -> Self {
        Nats::new(url)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Login::OfUrl => "of the URL",
            Login::File(_) => "credentials file",
            Login::Token(_) => "token",
            Login::User(..) => "user",
            Login::Nkey(_) => "nkey",
        })
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = address::parse(self.url.expose()).map(|addresses| address::shown(&addresses));
        f.debug_struct("Nats")
            .field("url", &url.unwrap_or_else(|_| "[unusable]".to_owned()))
            .field("login", &self.login)
            .field("ca_file", &self.ca_file)
            .field("client_certificate", &self.client_certificate.as_ref().map(|(file, _)| file))
            .field("stream", &self.stream)
            .field("partitions", &self.partitions)
            .field("replicas", &self.replicas)
            .field("max_bytes", &self.max_bytes)
            .field("counted_for", &self.counted_for)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(nats: Nats) -> String {
        let error = nats.checked("nats.sink").err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    }

    #[test]
    fn unusable_settings_are_refused_with_the_remedy() {
        let nats = || Nats::new("nats://localhost:4222");
        assert!(nats().checked("nats.sink").is_ok());
        for (settings, remedy) in [
            (nats().stream("a.b"), "letters, digits"),
            (nats().stream(""), "letters, digits"),
            (nats().partitions(0), "1 to 4096"),
            (nats().partitions(5000), "1 to 4096"),
            (nats().replicas(0), "1 to 5"),
            (nats().replicas(6), "1 to 5"),
            (nats().max_bytes(0), "size of the stream"),
            (nats().max_bytes(u64::MAX), "size of the stream"),
            (nats().counted_for(Duration::from_secs(1)), "at least 10 minutes"),
            (Nats::new("nats://a:b@localhost").token("t"), "leave one out"),
            (Nats::new(""), "nats://host:4222"),
        ] {
            let said = refused(settings);
            assert!(said.contains(remedy), "{said}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let nats = Nats::new("nats://app:hunter2@a:1,nats://hunter2@b:2");
        let all = [
            nats.clone().token("hunter2"),
            nats.clone().user("app", "hunter2"),
            nats.clone().nkey("hunter2"),
            Nats::new("nats://app:hunter2@[::1"),
            nats,
        ];
        for nats in all {
            let said = format!("{nats:?} {:?}", nats.checked("nats.sink").err());
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
