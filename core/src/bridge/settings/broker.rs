//! Brokers and couriers from their settings.

use super::names::Names;
use super::nats::{CourierSettings, NatsSettings};
use super::outbox::DeliverySettings;
use super::value::{Subject, read};
use super::values::set;
use crate::error::{Error, ErrorKind, Result};
use crate::nats::{Courier, CourierBuilder, Nats, partitions, replicas};

impl NatsSettings {
    fn nats(self, names: Names, operation: &'static str) -> Result<Nats> {
        let refused = |why: String| Err(Error::new(ErrorKind::Config, operation, why));
        let Some(url) = self.url.filter(|url| !url.trim().is_empty()) else {
            return refused(
                "url is missing: set that of the broker, such as nats://localhost:4222".into(),
            );
        };
        let both = |one: &str, other: &str| {
            let (one, other) = (names.shown(one), names.shown(other));
            format!("{one} and {other} belong together: give both or none")
        };
        let logins = [&self.credentials_file, &self.token, &self.user, &self.nkey];
        if logins.iter().filter(|login| login.is_some()).count() > 1 {
            let logins =
                ["credentials_file", "token", "user", "nkey"].map(|name| names.shown(name));
            return refused(format!("{} are logins: give one of them", logins.join(", ")));
        }
        let mut nats = Nats::new(url);
        nats = set(nats, self.credentials_file, Nats::credentials_file);
        nats = set(nats, self.token, Nats::token);
        nats = set(nats, self.nkey, Nats::nkey);
        nats = match (self.user, self.password) {
            (Some(user), Some(password)) => nats.user(user, password),
            (None, None) => nats,
            _ => return refused(both("user", "password")),
        };
        nats = set(nats, self.ca_file, Nats::ca_file);
        nats = match (self.client_certificate, self.client_key) {
            (Some(certificate), Some(key)) => nats.client_certificate(certificate, key),
            (None, None) => nats,
            _ => return refused(both("client_certificate", "client_key")),
        };
        nats = set(nats, self.stream, Nats::stream);
        let limited = |why: String| Error::new(ErrorKind::Config, operation, why);
        let partitions = self.partitions.map(partitions).transpose().map_err(limited)?;
        let replicas = self.replicas.map(replicas).transpose().map_err(limited)?;
        nats = set(set(nats, partitions, Nats::partitions), replicas, Nats::replicas);
        nats = self.max_bytes.set(nats, |nats, bytes| set(nats, bytes, Nats::max_bytes));
        Ok(set(nats, self.counted_for.given(), Nats::counted_for))
    }
}

/// The settings of a broker to which records are published, from JSON.
///
/// # Errors
///
/// `config` when a setting is unknown or has a wrong type, when the URL is missing, or when there is more than one login.
pub fn nats(json: &str, names: Names) -> Result<Nats> {
    const SINK: &str = "nats.sink";
    read::<NatsSettings>(json, names, Subject::settings(SINK))?.nats(names, SINK)
}

/// The settings of a courier of a broker, from the JSON of both. Sink and token provider are set on the builder.
///
/// # Errors
///
/// As [`nats`].
pub fn courier(broker: &str, courier: &str, names: Names) -> Result<CourierBuilder> {
    const BUILD: &str = "courier.build";
    let nats = read::<NatsSettings>(broker, names, Subject::settings(BUILD))?.nats(names, BUILD)?;
    let settings = read::<CourierSettings>(courier, names, Subject::settings(BUILD))?;
    let delivery = settings.delivery.map(DeliverySettings::delivery);
    Ok(set(Courier::builder(nats), delivery, CourierBuilder::delivery))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "sk-secret-5f7d";

    /// All settings, with each login.
    pub(in super::super) fn everything() -> Vec<(&'static str, Value)> {
        let logins = [
            json!({
                "url": "nats://localhost", "credentials_file": "app.creds", "ca_file": "ca.pem", "client_certificate": "c.pem",
                "client_key": "k.pem", "stream": "chat", "partitions": 16, "replicas": 3, "max_bytes": null, "counted_for": 1200,
            }),
            json!({"url": "nats://localhost", "token": "t"}),
            json!({"url": "nats://localhost", "user": "u", "password": "p"}),
            json!({"url": "nats://localhost", "nkey": "SU"}),
        ];
        let brokers = logins.into_iter().map(|login| ("nats", login));
        brokers.chain([("courier", json!({"delivery": {"poison_tries": 3}}))]).collect()
    }

    fn refusal<T>(read: Result<T>) -> String {
        let error = read.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
        error.message().to_owned()
    }

    #[test]
    fn a_broker_has_one_login_and_shows_none() {
        let read = |json: Value| nats(&json.to_string(), Names::Camel);
        let url = "nats://localhost:4222";
        for login in [
            json!({"url": url, "token": SECRET}),
            json!({"url": url, "user": "app", "password": SECRET}),
            json!({"url": url, "nkey": SECRET}),
            json!({"url": format!("nats://app:{SECRET}@localhost")}),
        ] {
            let shown = format!("{:?}", read(login).unwrap());
            assert!(shown.contains("localhost") && !shown.contains(SECRET), "{shown}");
        }
        for (json, why) in [
            (json!({}), "url is missing: set that of the broker, such as nats://localhost:4222"),
            (
                json!({"url": url, "user": SECRET}),
                "user and password belong together: give both or none",
            ),
            (
                json!({"url": url, "clientKey": SECRET}),
                "clientCertificate and clientKey belong together: give both or none",
            ),
            (
                json!({"url": url, "token": SECRET, "credentialsFile": SECRET}),
                "credentialsFile, token, user, nkey are logins: give one of them",
            ),
        ] {
            assert_eq!(refusal(read(json)), why);
        }
    }

    #[test]
    fn a_number_that_is_too_large_is_refused_as_it_was_given() {
        for (name, numbers, most) in
            [("partitions", [5000, 70_000], 4096), ("replicas", [6, 300], 5)]
        {
            for number in numbers {
                let json = json!({"url": "nats://localhost", name: number}).to_string();
                let built = nats(&json, Names::Snake).and_then(crate::nats::NatsSink::new);
                let why = format!("`{name}` is {number}: set a number from 1 to {most}");
                assert_eq!(refusal(built), why);
            }
        }
    }

    #[test]
    fn a_courier_takes_the_settings_of_its_broker_and_of_its_deliveries() {
        let broker = json!({
            "url": "nats://localhost", "stream": "chat", "partitions": 16, "replicas": 3, "max_bytes": 1_000_000,
            "counted_for": 1200, "ca_file": "ca.pem",
        });
        let settings = json!({"delivery": {"poison_tries": 7}});
        let built = courier(&broker.to_string(), &settings.to_string(), Names::Snake).unwrap();
        let shown = format!("{built:?}");
        for part in [
            "stream: \"chat\"",
            "partitions: 16",
            "replicas: 3",
            "max_bytes: Some(1000000)",
            "counted_for: 1200s",
            "ca_file: Some(\"ca.pem\")",
            "poison_tries: 7",
        ] {
            assert!(shown.contains(part), "{part} is missing: {shown}");
        }
        let wrong = r#"{"delivery": {"poison": 7}}"#;
        let why = refusal(courier(&broker.to_string(), wrong, Names::Snake));
        assert!(why.starts_with("delivery.poison is no setting"), "{why}");
    }
}
