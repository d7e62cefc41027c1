//! A server that knows accounts by signed tokens (JWT), and a user with a file of credentials, as services of NATS give.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use turnwire::nats::Nats;
use turnwire_nats_tests::{Broker, Program};

use crate::secured::{assert_works, refusal};

crate::with_both_servers! {
    a_file_of_credentials_is_enough,
}

/// A token about `subject`, signed by `issuer`.
fn token(issuer: &KeyPair, subject: &str, kind: &str, claims: Value) -> String {
    let mut nats = json!({"type": kind, "version": 2});
    for (name, value) in claims.as_object().unwrap() {
        nats[name] = value.clone();
    }
    let claims = json!({
        "jti": subject, "iat": 1_764_660_000, "iss": issuer.public_key(), "name": kind, "sub": subject, "nats": nats,
    });
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(json!({"typ": "JWT", "alg": "ed25519-nkey"})), part(claims));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn a_file_of_credentials_is_enough(program: Program) {
    let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
    let user = KeyPair::new_user();
    let unlimited = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
    });
    let of_operator = token(&operator, &operator.public_key(), "operator", json!({}));
    let of_account =
        token(&operator, &account.public_key(), "account", json!({"limits": unlimited}));
    let system = KeyPair::new_account();
    let of_system = token(&operator, &system.public_key(), "account", json!({}));
    let limits = json!({"subs": -1, "data": -1, "payload": -1});
    let of_user = token(&account, &user.public_key(), "user", limits);
    let more = format!(
        "operator: {of_operator}\nsystem_account: {sys}\nresolver: MEMORY\n\
         resolver_preload: {{ {}: {of_account}, {sys}: {of_system} }}",
        account.public_key(),
        sys = system.public_key()
    );
    let broker = Broker::with(&program, "", &more).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, user: &KeyPair| {
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{of_user}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            user.seed().unwrap()
        );
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    assert_works(Nats::new(broker.url()).credentials_file(file("right.creds", &user))).await;
    let wrong = file("wrong.creds", &KeyPair::new_user());
    refusal(Nats::new(broker.url()).credentials_file(wrong)).await;
}
