//! Backends against a simple model: they agree after any operations in any order.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::backends::{Scratch, assert_balanced, delivery, disk, memory, new_record, words};
use super::reference::{Ended, Reference};
use crate::outbox::state::{AttemptState, FULL, Millis};
use crate::outbox::storage::{Backend, ClaimedRecord, NewRecord, Transition, is_due, longest_wait};

/// The number of processes that share a file.
const PROCESSES: usize = 2;
const YEAR: i64 = 365 * 24 * 3_600_000;

/// One operation of one of the processes.
#[derive(Clone, Debug)]
enum Step {
    Enqueue {
        id: u8,
        conversation: u8,
        brings_tokens: bool,
    },
    Hold {
        id: u8,
        conversation: u8,
    },
    Release {
        id: u8,
        conversation: u8,
    },
    Claim {
        limit: usize,
    },
    /// The end of one of the running deliveries.
    End {
        which: Index,
        ended: Ended,
    },
    Unclaim {
        which: Index,
    },
    Requeue {
        id: u8,
    },
    Discard {
        id: u8,
    },
    /// The process is killed, and another one replaces it.
    Crash,
    Wait {
        ms: u16,
    },
    /// The clock is set to another time.
    Jump {
        by: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let (id, conversation) = (0..10_u8, 0..3_u8);
    let ended = prop_oneof![
        4 => Just(Ended::Delivered),
        1 => Just(Ended::Dead),
        2 => (0..3000_u64).prop_map(|wait| Ended::Later { wait }),
        1 => Just(Ended::NeedsToken),
        1 => Just(Ended::Skipped),
    ];
    let which = any::<Index>();
    let step = prop_oneof![
        6 => (id.clone(), conversation.clone(), any::<bool>()).prop_map(
            |(id, conversation, brings_tokens)| Step::Enqueue { id, conversation, brings_tokens }
        ),
        1 => (id.clone(), conversation.clone())
            .prop_map(|(id, conversation)| Step::Hold { id, conversation }),
        1 => (id.clone(), conversation).prop_map(|(id, conversation)| Step::Release { id, conversation }),
        4 => (1..5_usize).prop_map(|limit| Step::Claim { limit }),
        6 => (which.clone(), ended).prop_map(|(which, ended)| Step::End { which, ended }),
        1 => which.prop_map(|which| Step::Unclaim { which }),
        1 => id.clone().prop_map(|id| Step::Requeue { id }),
        1 => id.prop_map(|id| Step::Discard { id }),
        1 => Just(Step::Crash),
        2 => (0..2000_u16).prop_map(|ms| Step::Wait { ms }),
        1 => (-2 * YEAR..2 * YEAR).prop_map(|by| Step::Jump { by }),
    ];
    vec((0..PROCESSES, step), 1..60)
}

/// The processes, as backends, and the running deliveries of each.
trait World {
    fn backend(&mut self, process: usize) -> &mut dyn Backend;
    /// Kills the process and starts another one in its place; `false` if there is only one.
    fn crash(&mut self, process: usize) -> bool;
}

struct OneMemory(crate::outbox::storage::Memory);

impl World for OneMemory {
    fn backend(&mut self, _process: usize) -> &mut dyn Backend {
        &mut self.0
    }

    fn crash(&mut self, _process: usize) -> bool {
        false
    }
}

struct SharedFile<'a> {
    path: &'a Path,
    processes: Vec<Option<crate::outbox::storage::Disk>>,
}

impl World for SharedFile<'_> {
    fn backend(&mut self, process: usize) -> &mut dyn Backend {
        self.processes[process].as_mut().unwrap()
    }

    fn crash(&mut self, process: usize) -> bool {
        self.processes[process] = None;
        self.processes[process] = Some(disk(self.path));
        true
    }
}

fn id(n: u8) -> String {
    format!("id-{n}")
}

fn conversation(n: u8) -> String {
    format!("c-{n}")
}

fn record(n: u8, of: u8, accepted_at: Millis) -> NewRecord {
    let attempt = AttemptState { accepted_at, ..AttemptState::default() };
    // Two users, and records without one.
    let user = match n % 3 {
        0 => None,
        number => Some(format!("u-{number}")),
    };
    NewRecord { attempt, user, ..new_record(&conversation(of), &id(n)) }
}

/// The transition that the worker would store.
fn transition(
    ended: Ended,
    claimed: &ClaimedRecord,
    suspects: &mut Vec<(String, String)>,
    now: Millis,
) -> Transition {
    let attempt = AttemptState {
        failures: claimed.attempt.failures + 1,
        strikes: claimed.attempt.strikes + FULL,
        ..claimed.attempt
    };
    let reason = "HTTP 500".to_owned();
    match ended {
        Ended::Delivered => Transition::Delivered {
            poisoned: std::mem::take(suspects),
            continue_conversation: true,
        },
        Ended::Dead => Transition::Dead { attempt, reason, continue_conversation: true },
        Ended::Later { wait } => Transition::Later {
            attempt,
            due_at: now + wait,
            needs_token: false,
            reason,
            skip: false,
        },
        Ended::NeedsToken => {
            Transition::Later { attempt, due_at: now + 500, needs_token: true, reason, skip: true }
        }
        Ended::Skipped => {
            suspects.push((claimed.id.clone(), "poison".to_owned()));
            Transition::Later {
                attempt,
                due_at: now + 9000,
                needs_token: false,
                reason,
                skip: true,
            }
        }
    }
}

/// A running delivery: its process, its record, and the records that it skipped.
struct Flight {
    process: usize,
    claimed: ClaimedRecord,
    suspects: Vec<(String, String)>,
}

fn run(world: &mut dyn World, model: &mut Reference, steps: &[(usize, Step)], many: bool) {
    let longest_wait = longest_wait(&delivery());
    // A time well after the epoch, so that clocks can be wrong in both directions.
    let mut now: Millis = 10 * YEAR as u64;
    let mut flights: Vec<Flight> = Vec::new();
    for (process, step) in steps {
        let process = if many { *process } else { 0 };
        let backend = world.backend(process);
        match step {
            Step::Enqueue { id: n, conversation: of, brings_tokens } => {
                let record = NewRecord { has_tokens: *brings_tokens, ..record(*n, *of, now) };
                let answers = backend.insert(std::slice::from_ref(&record), now).unwrap();
                assert_eq!(words(&answers), [model.insert(&record, process, now)]);
            }
            Step::Hold { id: n, conversation: of } => {
                let record = NewRecord { is_held: true, ..record(*n, *of, now) };
                let answers = backend.insert(std::slice::from_ref(&record), now).unwrap();
                assert_eq!(words(&answers), [model.insert(&record, process, now)]);
            }
            Step::Release { id: n, conversation: of } => {
                let record = record(*n, *of, now);
                let was_held = backend.release(&record, now).unwrap();
                assert_eq!(was_held.is_some(), model.release(&record, process, now));
            }
            Step::Claim { limit } => {
                let due = model.due(process, |at| is_due(at, now, longest_wait));
                let next = backend.next_due(now).unwrap();
                assert_eq!(!due.is_empty(), next.is_some_and(|at| is_due(at, now, longest_wait)));
                let claimed = backend.claim(*limit, now).unwrap();
                assert_eq!(claimed.len(), due.len().min(*limit));
                for claimed in claimed {
                    assert!(due.contains(&claimed.id), "{} is not due: {due:?}", claimed.id);
                    model.claim(&claimed.conversation, process);
                    flights.push(Flight { process, claimed, suspects: Vec::new() });
                }
            }
            Step::End { which, ended } if !flights.is_empty() => {
                let at = which.index(flights.len());
                let mut flight = flights.swap_remove(at);
                let transition = transition(*ended, &flight.claimed, &mut flight.suspects, now);
                let backend = world.backend(flight.process);
                let settled = backend.settle(&flight.claimed, &transition, now).unwrap();
                assert!(settled.is_applied);
                let is_due = |at| is_due(at, now, longest_wait);
                let next = model.settle(&flight.claimed, &transition, flight.process, is_due);
                assert_eq!(settled.next.as_ref().map(|claimed| &claimed.id), next.as_ref());
                if let Some(claimed) = settled.next {
                    flights.push(Flight { claimed, ..flight });
                }
            }
            Step::Unclaim { which } if !flights.is_empty() => {
                let flight = flights.swap_remove(which.index(flights.len()));
                world.backend(flight.process).unclaim(&flight.claimed, now).unwrap();
                model.unclaim(&flight.claimed.conversation);
            }
            Step::End { .. } | Step::Unclaim { .. } => {}
            Step::Requeue { id: n } => {
                let is_found = backend.requeue(&id(*n), now).unwrap();
                assert_eq!(is_found, model.requeue(&id(*n), now));
            }
            Step::Discard { id: n } => {
                let is_found = backend.discard(&id(*n), now).unwrap();
                assert_eq!(is_found, model.discard(&id(*n)));
            }
            Step::Crash => {
                if world.crash(process) {
                    flights.retain(|flight| flight.process != process);
                    model.crash(process);
                }
            }
            Step::Wait { ms } => now += Millis::from(*ms),
            // The clock of a live process does not jump.
            Step::Jump { by } if many => now = now.saturating_add_signed(*by),
            Step::Jump { by } => now += by.unsigned_abs(),
        }
        let backend = world.backend(process);
        assert_eq!(backend.counts().unwrap(), model.counts());
        let pending = backend.pending(99).unwrap().into_iter();
        let pending: Vec<_> = pending
            .map(|row| (row.id, row.conversation, row.attempt.failures, row.state))
            .collect();
        assert_eq!(pending, model.pending());
        let dead = backend.dead(99).unwrap().into_iter();
        let dead: Vec<_> =
            dead.map(|row| (row.id, row.conversation, row.attempt.failures)).collect();
        assert_eq!(dead, model.dead());
        assert_balanced(backend);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn memory_does_as_the_model(steps in steps()) {
        run(&mut OneMemory(memory()), &mut Reference::default(), &steps, false);
    }
}

proptest! {
    // Few cases, because each opens files.
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn two_processes_on_one_file_that_may_be_killed_do_as_the_model(steps in steps()) {
        let scratch = Scratch::new();
        let path = scratch.file();
        let processes = (0..PROCESSES).map(|_| Some(disk(&path))).collect();
        let mut world = SharedFile { path: &path, processes };
        run(&mut world, &mut Reference::default(), &steps, true);
    }
}
