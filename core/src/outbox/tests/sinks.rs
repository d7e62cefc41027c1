//! Sinks of every kind: a type, a closure, a trait object.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::stage::{Script, record};
use crate::outbox::shared::lock;
use crate::outbox::{Outbox, Outcome, Record, Sink};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_closure_is_a_sink() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let sink = move |record: Record| {
        let notes = notes.clone();
        async move {
            lock(&notes).push(record.id().to_owned());
            Outcome::Delivered
        }
    };
    let outbox = Outbox::builder().sink(sink).start().unwrap();
    outbox.enqueue(record("a", "a1")).unwrap();
    assert_eq!(outbox.flush(10 * SECOND).await.delivered, 1);
    assert_eq!(*lock(&seen), ["a1"]);
}

#[tokio::test]
async fn a_sink_behind_a_pointer_keeps_all_that_it_does_and_its_name() {
    let script = Script::default();
    let (shared, boxed): (Arc<dyn Sink>, Box<dyn Sink>) =
        (Arc::new(script.clone()), Box::new(script.clone()));
    assert!(shared.type_name().ends_with("::Script"), "{}", shared.type_name());
    script.opens(&[]);
    assert!(shared.opener().is_some() && boxed.opener().is_some());
    for (id, outbox) in [
        ("a1", Outbox::builder().sink(shared).start().unwrap()),
        ("b1", Outbox::builder().sink(boxed).start().unwrap()),
        ("c1", Outbox::builder().sink(Arc::new(script.clone())).start().unwrap()),
    ] {
        outbox.enqueue(record(id, id)).unwrap();
        assert_eq!(outbox.flush(10 * SECOND).await.delivered, 1);
    }
    assert_eq!(script.notes(|notes| notes.counted.clone()), ["a1", "b1", "c1"]);
}
