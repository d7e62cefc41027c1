//! A server that knows accounts by signed tokens (JWT), and a user with a file of credentials, as services of NATS give.

use std::path::PathBuf;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use turnwire::nats::Nats;
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::secured::{assert_works, refusal};
use crate::{Running, outbox, store};

crate::with_both_servers! {
    a_file_of_credentials_is_enough,
    a_file_that_is_replaced_is_used_after_a_broken_connection,
}

/// A token about `subject`, signed by `issuer`.
fn token(issuer: &KeyPair, subject: &str, kind: &str, claims: Value) -> String {
    expiring(issuer, subject, kind, claims, None)
}

/// A token that ends at this time, in seconds since 1970.
fn expiring(
    issuer: &KeyPair,
    subject: &str,
    kind: &str,
    claims: Value,
    expires: Option<u64>,
) -> String {
    let mut nats = json!({"type": kind, "version": 2});
    for (name, value) in claims.as_object().unwrap() {
        nats[name] = value.clone();
    }
    let mut claims = json!({
        "jti": subject, "iat": 1_764_660_000, "iss": issuer.public_key(), "name": kind, "sub": subject, "nats": nats,
    });
    if let Some(expires) = expires {
        claims["exp"] = expires.into();
    }
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(json!({"typ": "JWT", "alg": "ed25519-nkey"})), part(claims));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// An operator with one account, and the server that knows them.
struct Operator {
    account: KeyPair,
    broker: Broker,
    folder: tempfile::TempDir,
}

impl Operator {
    fn start(program: &Program) -> Self {
        let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
        let unlimited = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        });
        let of_operator = token(&operator, &operator.public_key(), "operator", json!({}));
        let of_account =
            token(&operator, &account.public_key(), "account", json!({"limits": unlimited}));
        let system = KeyPair::new_account();
        let of_system = token(&operator, &system.public_key(), "account", json!({}));
        let more = format!(
            "operator: {of_operator}\nsystem_account: {sys}\nresolver: MEMORY\n\
             resolver_preload: {{ {}: {of_account}, {sys}: {of_system} }}",
            account.public_key(),
            sys = system.public_key()
        );
        let broker = Broker::with(program, "", &more).unwrap();
        Self { account, broker, folder: tempfile::tempdir().unwrap() }
    }

    /// Writes a file with the token of one user, and the seed of another or the same; `expires` is in seconds since 1970.
    fn file(&self, name: &str, user: &KeyPair, seed_of: &KeyPair, expires: Option<u64>) -> PathBuf {
        let limits = json!({"subs": -1, "data": -1, "payload": -1});
        let of_user = expiring(&self.account, &user.public_key(), "user", limits, expires);
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{of_user}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            seed_of.seed().unwrap()
        );
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

async fn a_file_of_credentials_is_enough(program: Program) {
    let operator = Operator::start(&program);
    let (user, other) = (KeyPair::new_user(), KeyPair::new_user());
    let right = operator.file("right.creds", &user, &user, None);
    assert_works(Nats::new(operator.broker.url()).credentials_file(right)).await;
    let wrong = operator.file("wrong.creds", &user, &other, None);
    refusal(Nats::new(operator.broker.url()).credentials_file(wrong)).await;
}

/// The server ends the connection when its token expires, and then demands the new one.
async fn a_file_that_is_replaced_is_used_after_a_broken_connection(program: Program) {
    let operator = Operator::start(&program);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (old, new) = (KeyPair::new_user(), KeyPair::new_user());
    let path = operator.file("user.creds", &old, &old, Some(now + 10));
    let nats = Nats::new(operator.broker.url()).credentials_file(&path).partitions(1);
    let store = store(["a", "b"]);
    let courier = Running::start(nats.clone(), &store);
    let outbox = outbox(nats);
    outbox.enqueue(records::record("a", 0)).unwrap();
    store.has(1).await.unwrap();
    wait::until("a connection that is refused", || !courier.courier.is_ready()).await.unwrap();
    operator.file("user.creds", &new, &new, None);
    outbox.enqueue(records::record("b", 0)).unwrap();
    store.has(2).await.unwrap();
    courier.end().await;
}
