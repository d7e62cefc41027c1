//! Many processes at once, a store that fails, and processes and servers that are killed.

use turnwire_nats_tests::run::{Plan, Ran, crash, run};
use turnwire_nats_tests::{Broker, Program};

use crate::programs;

crate::with_both_servers! {
    faults_of_the_store_lose_double_and_swap_nothing,
    killed_couriers_and_publishers_lose_double_and_swap_nothing,
    a_server_that_restarts_loses_doubles_and_swaps_nothing,
}

/// The short form of `cargo xtask proof nats`.
async fn faults_of_the_store_lose_double_and_swap_nothing(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let plan = Plan { conversations: 20, partitions: 16, ..Plan::new(600, 1) };
    let ran = ran(&broker, &plan);
    assert!(ran.verdict.is_good() && ran.verdict.uncounted == 0, "{}", ran.verdict);
    assert!(ran.verdict.repeated > 0, "faults repeat saves: {}", ran.verdict);
}

async fn killed_couriers_and_publishers_lose_double_and_swap_nothing(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let kills = Plan { courier_kills: 2, publisher_kills: 2, ..Plan::new(600, 2) };
    let plan = Plan { conversations: 20, partitions: 16, ..kills };
    let ran = ran(&broker, &plan);
    assert!(ran.verdict.is_good(), "{}", ran.verdict);
    assert!(ran.has_faults_of(&plan), "{ran:?}");
}

async fn a_server_that_restarts_loses_doubles_and_swaps_nothing(program: Program) {
    let mut broker = Broker::start(&program).unwrap();
    let plan = Plan { conversations: 20, partitions: 16, ..Plan::new(600, 3) };
    let url = broker.url();
    let mut restart = || {
        broker.stop()?;
        broker.restart()
    };
    let ran = blocking(|| run(&programs(), &url, &plan, &mut restart)).unwrap();
    assert!(ran.verdict.is_good(), "{}", ran.verdict);
    assert!(ran.has_faults_of(&plan), "{ran:?}");
}

fn ran(broker: &Broker, plan: &Plan) -> Ran {
    let ran = blocking(|| run(&programs(), &broker.url(), plan, &mut || Ok(())));
    let ran = ran.unwrap();
    println!("{} in {:.1} s", ran.verdict, ran.took.as_secs_f64());
    ran
}

/// Calls it on this thread, whose end ends the processes that it starts.
fn blocking<T>(call: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_and_writes_each_message_to_the_disk_loses_nothing() {
    let program = Program::recent().unwrap();
    let mut broker = Broker::with(&program, "sync_interval: always", "").unwrap();
    let plan = Plan { conversations: 20, partitions: 16, ..Plan::new(600, 4) };
    let url = broker.url();
    let ran = blocking(|| run(&programs(), &url, &plan, &mut || crash(&mut broker))).unwrap();
    assert!(ran.verdict.is_good(), "{}", ran.verdict);
    assert!(ran.has_faults_of(&plan), "{ran:?}");
}
