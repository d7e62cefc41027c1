//! A run: processes publish records, others deliver them to a store that fails, and some of them are killed.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use turnwire_fakes::{Fake, FakeStore, Faults};

use crate::broker::Broker;
use crate::ledger::{Journal, Verdict};
use crate::process::Process;
use crate::records;
use crate::store::Store;

/// The time without a newly saved message after which a run ends, and what is missing is lost. A record whose courier was
/// killed comes again after half a minute, and can meet the same once more.
const STALLED: Duration = Duration::from_secs(240);
/// The longest wait for the counts of what is saved.
const COUNTED: Duration = Duration::from_secs(60);
/// The time between two looks at a run.
const LOOK: Duration = Duration::from_millis(20);

/// The programs of a run.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `publisher`.
    pub publisher: PathBuf,
    /// `courier`.
    pub courier: PathBuf,
}

/// The size of a run, and its faults.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The number of records of all publishers together.
    pub records: usize,
    /// Processes that publish, each from an outbox of its own.
    pub publishers: usize,
    /// Processes that deliver.
    pub couriers: usize,
    /// Conversations of each publisher.
    pub conversations: usize,
    /// Partitions of the stream.
    pub partitions: u16,
    /// Copies of the stream.
    pub replicas: u8,
    /// The number from which faults are drawn.
    pub seed: u64,
    /// Saves of a thousand that fail.
    pub per_mille: u64,
    /// The number of times that a courier is killed with SIGKILL, in the first quarter of the run.
    pub courier_kills: usize,
    /// The number of times that a publisher is killed, in the first quarter of the run.
    pub publisher_kills: usize,
}

impl Plan {
    /// Three publishers and three couriers, 30 % of saves fail, and nobody is killed.
    #[must_use]
    pub fn new(records: usize, seed: u64) -> Self {
        Self {
            records,
            publishers: 3,
            couriers: 3,
            conversations: 50,
            partitions: 64,
            replicas: 1,
            seed,
            per_mille: 300,
            courier_kills: 0,
            publisher_kills: 0,
        }
    }

    fn names(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.publishers).map(|number| format!("p{number}"))
    }

    fn each(&self) -> usize {
        self.records.div_ceil(self.publishers)
    }

    /// The number of all records: each publisher has as many.
    fn all(&self) -> usize {
        self.each() * self.publishers
    }

    /// The ids of all records.
    fn accepted(&self) -> HashSet<String> {
        let ids = |name: String| {
            (0..self.each())
                .map(move |n| records::numbered(&name, n, self.conversations).id().to_owned())
        };
        self.names().flat_map(ids).collect()
    }

    fn workspaces(&self) -> impl Iterator<Item = String> {
        let of =
            |name: String| (0..self.conversations).map(move |c| records::conversation(&name, c));
        self.names().flat_map(of)
    }
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The comparison of what was accepted with what the store has.
    pub verdict: Verdict,
    /// The time from the first record to the last.
    pub took: Duration,
    /// The couriers that were killed.
    pub courier_kills: usize,
    /// The publishers that were killed while they published.
    pub publisher_kills: usize,
    /// The calls of the caller's step.
    pub disturbances: usize,
}

impl Ran {
    /// True if each fault of the plan was there at least once: a run without them proves nothing about them.
    #[must_use]
    pub fn has_faults_of(&self, plan: &Plan) -> bool {
        let (couriers, publishers) = (self.courier_kills, self.publisher_kills);
        self.disturbances > 0
            && (couriers > 0 || plan.courier_kills == 0)
            && (publishers > 0 || plan.publisher_kills == 0)
    }
}

/// A step of a run that its caller makes when a part of the records is saved, such as the restart of a server.
pub type Disturbance<'a> = &'a mut dyn FnMut() -> Result<()>;

/// Runs the plan on the servers with this address. `disturb` is called when one third of the records is saved, and when
/// two thirds are.
///
/// # Errors
/// When a process cannot be started or ends with an error; lost records are no error, but part of the result.
pub fn run(programs: &Programs, url: &str, plan: &Plan, disturb: Disturbance<'_>) -> Result<Ran> {
    let folder = tempfile::tempdir()?;
    let settings = FakeStore::builder()
        .on(Fake::builder().unrecorded())
        .faults(Faults::new(plan.seed, plan.per_mille));
    let store = Store::start(settings, plan.workspaces())?;
    let mut rng = fastrand::Rng::with_seed(plan.seed);
    let began = Instant::now();

    let courier = |number: usize| courier(programs, url, plan, folder.path(), &store, number);
    let publisher = |name: &str| publisher(programs, url, plan, folder.path(), name);
    let mut couriers: Vec<Process> = (0..plan.couriers).map(courier).collect::<Result<_>>()?;
    let names: Vec<String> = plan.names().collect();
    let mut publishers: Vec<Option<Process>> =
        names.iter().map(|name| publisher(name).map(Some)).collect::<Result<_>>()?;

    // Early: the partitions that a killed courier served pause for half a minute, and the pauses overlap.
    let mut kills = moments(plan.all() / 4, plan.courier_kills);
    let mut publisher_kills = moments(plan.all() / 4, plan.publisher_kills);
    let released = released(folder.path());
    let mut disturbances = moments(plan.all(), 2);
    let (mut courier_kills, mut killed_publishers, mut disturbed) = (0, 0, 0);
    let (mut saved, mut last_save) = (0, Instant::now());
    while saved < plan.all() && last_save.elapsed() < STALLED {
        std::thread::sleep(LOOK);
        let now = store.saved();
        if now > saved {
            (saved, last_save) = (now, Instant::now());
        }
        if take_passed(&mut kills, saved) {
            let number = rng.usize(..couriers.len());
            if let Some(killed) = couriers.get_mut(number) {
                killed.kill()?;
                courier_kills += 1;
                *killed = courier(number)?;
            }
        }
        if take_passed(&mut publisher_kills, saved) {
            let running =
                (0..publishers.len()).filter(|n| publishers.get(*n).is_some_and(Option::is_some));
            let running: Vec<usize> = running.collect();
            if let Some(number) = rng.choice(running)
                && let (Some(slot), Some(name)) = (publishers.get_mut(number), names.get(number))
                && let Some(mut killed) = slot.take()
            {
                killed.kill()?;
                killed_publishers += 1;
                *slot = Some(publisher(name)?);
            }
        }
        if publisher_kills.is_empty() && !released.exists() {
            fs::write(&released, "")?;
        }
        if take_passed(&mut disturbances, saved) {
            disturb()?;
            disturbed += 1;
            last_save = Instant::now();
        }
        for (slot, name) in publishers.iter_mut().zip(&names) {
            let ended = slot.as_mut().map(Process::ended).transpose()?.flatten();
            if let Some(status) = ended {
                ensure!(status.success(), "publisher {name} ended with {status}");
                *slot = None;
            }
        }
        for courier in &mut couriers {
            if let Some(status) = courier.ended()? {
                bail!("a courier ended with {status}");
            }
        }
    }
    let took = began.elapsed();
    // Counts follow deliveries. An orderly end waits for both, but a few seconds at most for a broker that does not answer. A
    // killed courier may have lost some counts.
    let by = Instant::now() + COUNTED;
    while courier_kills == 0
        && Instant::now() < by
        && Journal::read(&journal(folder.path()))?.len() < saved
    {
        std::thread::sleep(LOOK);
    }
    for mut courier in couriers {
        let status = courier.terminate()?;
        ensure!(status.success(), "a courier ended with {status} after SIGTERM");
    }
    let counted = Journal::read(&journal(folder.path()))?;
    let verdict = store.fake.read(|stored| Verdict::of(&plan.accepted(), stored, &counted));
    Ok(Ran {
        verdict,
        took,
        courier_kills,
        publisher_kills: killed_publishers,
        disturbances: disturbed,
    })
}

/// Restarts a server after a crash.
///
/// # Errors
/// When it cannot be killed or started.
pub fn crash(broker: &mut Broker) -> Result<()> {
    broker.kill()?;
    broker.restart()
}

fn publisher(
    programs: &Programs,
    url: &str,
    plan: &Plan,
    folder: &Path,
    name: &str,
) -> Result<Process> {
    let mut command = Command::new(&programs.publisher);
    command.args(["--url", url, "--name", name]);
    command.arg("--file").arg(folder.join(name).with_extension("db"));
    command.arg("--released").arg(released(folder));
    command.args(["--records", &plan.each().to_string()]);
    command.args(["--conversations", &plan.conversations.to_string()]);
    command.args(["--partitions", &plan.partitions.to_string()]);
    command.args(["--replicas", &plan.replicas.to_string()]);
    Process::spawn(format!("publisher {name}"), &command)
}

fn courier(
    programs: &Programs,
    url: &str,
    plan: &Plan,
    folder: &Path,
    store: &Store,
    number: usize,
) -> Result<Process> {
    let login = store.login();
    let mut command = Command::new(&programs.courier);
    command.args(["--url", url, "--store", &store.fake.url()]);
    command.args(["--access", &login.access, "--refresh", &login.refresh]);
    command.arg("--journal").arg(journal(folder));
    command.args(["--partitions", &plan.partitions.to_string()]);
    command.args(["--replicas", &plan.replicas.to_string()]);
    Journal::open(&journal(folder)).context("making the journal")?;
    Process::spawn(format!("courier {number}"), &command)
}

/// The file that tells publishers that no more of them are killed.
fn released(folder: &Path) -> PathBuf {
    folder.join("released")
}

fn journal(folder: &Path) -> PathBuf {
    folder.join("counted")
}

/// Numbers of saved records that part the run evenly, the last one first.
fn moments(records: usize, count: usize) -> Vec<usize> {
    (1..=count).rev().map(|part| records * part / (count + 1)).collect()
}

/// Takes the next moment, if it has passed.
fn take_passed(moments: &mut Vec<usize>, saved: usize) -> bool {
    moments.pop_if(|moment| *moment <= saved).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_comes_once() {
        let mut left = moments(90, 2);
        let passed = [0, 29, 30, 31, 59, 90, 90].map(|saved| take_passed(&mut left, saved));
        assert_eq!(passed, [false, false, true, false, false, true, false]);
    }

    #[test]
    fn the_publishers_of_a_plan_have_all_of_its_records() {
        let plan = Plan { conversations: 4, ..Plan::new(30, 1) };
        assert_eq!((plan.accepted().len(), plan.workspaces().count()), (30, 12));
        assert_eq!(Plan::new(100, 1).accepted().len(), Plan::new(100, 1).all());
        let conversations: HashSet<String> = plan.workspaces().collect();
        let ids = plan.accepted();
        assert!(ids.iter().all(|id| conversations.contains(records::parsed(id).unwrap().0)));
    }
}
