//! Turns through the bridge, as in a binding, with a function of the host that they wait for.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::runtime::Runtime;
use turnwire::bridge::{
    Body, Call, Events, HostSentiment, Pull, Taken, Turn, Waiting, call, start,
};
use turnwire::{Turns, turn::TurnsBuilder};

use super::Place;
use super::clients::{Client, Engine, Reading, tokens, turn, turns};
use super::family::HUNG;

const TICK: Duration = Duration::from_millis(50);
const DEADLINE: Duration = Duration::from_secs(60);
/// Longer than a process may take.
const BUDGET: Duration = Duration::from_secs(600);

pub(super) fn open(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Bridged(Engine(with_host(turns(place)?).build()?, tokens(place)))))
}

/// Makes the reply wait for the host: in a child without threads for host functions it would wait until its limit.
fn with_host(turns: TurnsBuilder) -> TurnsBuilder {
    let sentiment = HostSentiment::new("turn.sentiment", |text: String, reply| {
        let label = text.chars().take(8).collect();
        // Answered from a thread of the host, like an event loop.
        std::thread::spawn(move || reply.answer(label));
    });
    turns.sentiment(sentiment).sentiment_budget(BUDGET)
}

struct Bridged(Engine<Turns>);

/// A turn and its reader.
struct Read(Turn, Pull<Events>);

impl Bridged {
    fn start(&self, name: &str) -> Result<Turn> {
        Ok(start(&self.0.0, turn(name, &self.0.1), None, None)?)
    }
}

impl Client for Bridged {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        let started = self.start(name)?;
        let events = started.events()?;
        let mut read = Read(started, events);
        while read.next(runtime)? {}
        Ok(())
    }

    fn begin(&self, _runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        let started = self.start(name)?;
        let events = started.events()?;
        Ok(Box::new(Read(started, events)))
    }

    fn hang(&self, _runtime: &Runtime) -> Result<()> {
        drop(self.start(HUNG)?);
        Ok(())
    }

    fn hangs_at_the_model(&self) -> bool {
        true
    }

    fn leave(&self, _runtime: &Runtime) -> Result<()> {
        let turns = self.0.0.clone();
        answered(&call(async move { Ok(turns.flush(DEADLINE).await) })?)?;
        let turns = self.0.0.clone();
        answered(&call(async move { Ok(turns.shutdown(DEADLINE).await) })?)
    }
}

impl Reading for Read {
    fn next(&mut self, _runtime: &Runtime) -> turnwire::Result<bool> {
        // In a child every operation on the turn must fail.
        self.0.timeline()?;
        loop {
            match self.1.take() {
                Taken::Items(_) => return Ok(true),
                Taken::End => return Ok(false),
                Taken::Failed(error) => return Err(error),
                Taken::Nothing => {
                    self.1.wait(TICK);
                }
            }
        }
    }
}

/// Waits for the report of a flush, in which nothing is dead.
fn answered(call: &Call) -> Result<()> {
    loop {
        match call.take_answer() {
            Taken::Items(answer) => {
                let Body::Json(report) = answer.body else { continue };
                ensure!(report.contains(r#""dead":0"#), "{report}");
                return Ok(());
            }
            Taken::Failed(error) => return Err(error.into()),
            Taken::End => return Ok(()),
            Taken::Nothing => {
                call.wait(TICK);
            }
        }
    }
}
