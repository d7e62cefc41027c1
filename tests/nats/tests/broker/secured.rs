//! Servers that demand to know who comes, and encrypted connections. No secret appears in a reason or an error.

use std::fs;

use nkeys::KeyPair;
use turnwire::nats::Nats;
use turnwire_nats_tests::certificates::Certificates;
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, outbox, publish, store};

const SECRET: &str = "correct-horse-battery-staple";

crate::with_both_servers! {
    a_user_with_a_password_is_let_in_and_another_is_told_so_without_it,
    a_password_in_the_address_works_and_is_not_shown,
    a_secret_alone_is_enough_where_the_server_says_so,
    a_key_of_nats_is_enough,
    tls_needs_the_servers_authority,
    tls_can_demand_a_certificate_of_the_client,
}

/// Publishes and delivers one record.
pub(crate) async fn assert_works(nats: Nats) {
    let store = store(["a"]);
    publish(nats.clone().partitions(1), "a", 1).await;
    let courier = Running::start(nats.partitions(1), &store);
    store.has(1).await.unwrap();
    courier.end().await;
}

/// The reason for which a record waits with these settings.
pub(crate) async fn refusal(nats: Nats) -> String {
    assert!(!format!("{nats:?}").contains(SECRET), "{nats:?}");
    let outbox = outbox(nats.partitions(1));
    outbox.enqueue(records::record("a", 0)).unwrap();
    let reason = || outbox.pending().unwrap().first().and_then(|record| record.reason.clone());
    wait::until("a reason", || reason().is_some()).await.unwrap();
    let reason = reason().unwrap();
    assert!(!reason.contains(SECRET), "{reason}");
    reason
}

async fn a_user_with_a_password_is_let_in_and_another_is_told_so_without_it(program: Program) {
    let more = format!("authorization {{ user: turnwire, password: \"{SECRET}\" }}");
    let broker = Broker::with(&program, "", &more).unwrap();
    let nats = || Nats::new(broker.url());
    assert_works(nats().user("turnwire", SECRET)).await;
    let wrong = refusal(nats().user("turnwire", format!("not-{SECRET}"))).await;
    assert!(wrong.to_lowercase().contains("authorization"), "{wrong}");
    refusal(nats()).await;
}

async fn a_password_in_the_address_works_and_is_not_shown(program: Program) {
    let more = format!("authorization {{ user: turnwire, password: \"{SECRET}\" }}");
    let broker = Broker::with(&program, "", &more).unwrap();
    let at = format!("127.0.0.1:{}", broker.port());
    assert_works(Nats::new(format!("nats://turnwire:{SECRET}@{at}"))).await;
    refusal(Nats::new(format!("nats://other:{SECRET}@{at}"))).await;
}

async fn a_secret_alone_is_enough_where_the_server_says_so(program: Program) {
    let more = format!("authorization {{ token: \"{SECRET}\" }}");
    let broker = Broker::with(&program, "", &more).unwrap();
    assert_works(Nats::new(broker.url()).token(SECRET)).await;
    refusal(Nats::new(broker.url()).token(format!("not-{SECRET}"))).await;
}

async fn a_key_of_nats_is_enough(program: Program) {
    let key = KeyPair::new_user();
    let more = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", key.public_key());
    let broker = Broker::with(&program, "", &more).unwrap();
    let seed = key.seed().unwrap();
    let nats = Nats::new(broker.url()).nkey(seed.clone());
    assert!(!format!("{nats:?}").contains(&seed), "{nats:?}");
    assert_works(nats).await;
    refusal(Nats::new(broker.url()).nkey(KeyPair::new_user().seed().unwrap())).await;
}

async fn tls_needs_the_servers_authority(program: Program) {
    let certificates = Certificates::create().unwrap();
    let broker = Broker::with(&program, "", &certificates.server_block(false)).unwrap();
    let url = format!("tls://127.0.0.1:{}", broker.port());
    assert_works(Nats::new(&url).ca_file(certificates.authority())).await;
    let untrusted = refusal(Nats::new(&url)).await;
    assert!(untrusted.to_lowercase().contains("certificate"), "{untrusted}");
}

async fn tls_can_demand_a_certificate_of_the_client(program: Program) {
    let certificates = Certificates::create().unwrap();
    let broker = Broker::with(&program, "", &certificates.server_block(true)).unwrap();
    let nats = || {
        let url = format!("tls://127.0.0.1:{}", broker.port());
        Nats::new(url).ca_file(certificates.authority())
    };
    let (certificate, key) = certificates.client();
    assert!(fs::exists(&key).unwrap());
    assert_works(nats().client_certificate(certificate, key)).await;
    refusal(nats()).await;
}
