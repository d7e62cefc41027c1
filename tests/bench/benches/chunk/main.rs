//! The cost of a streamed chunk beside the peers, on bodies as services send them: as fast as it can be read, and paced.
//!
//! `cargo xtask bench chunk` measures everything; options after `--` choose a part, see [`options::HELP`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod clients;
mod options;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use turnwire_bench::bars::{slower, verdicts};
use turnwire_bench::bodies::Shape;
use turnwire_bench::callgrind::instructions;
use turnwire_bench::framing::Framing;
use turnwire_bench::line::{Line, Lines};
use turnwire_bench::meter::{Costs, Meter};
use turnwire_bench::process::{Facts, Server};
use turnwire_bench::readme::summary;
use turnwire_bench::server::Plan;
use turnwire_bench::{arguments, pin, raise_descriptors, run_again, table};

use clients::Client;
use options::{Command, Options};

/// Chunks of the stream that connects, and warms up caches and allocator.
const WARM_UP: usize = 500;
/// Chunks of each paced stream, and the milliseconds between them.
const PACED: (usize, u64) = (100, 20);
/// Chunks of two floods: their difference in instructions is without the program's start.
const COUNTED: [usize; 2] = [1_000, 3_000];
/// The same for paced streams, at a pace that a client can keep under callgrind.
const COUNTED_PACED: ([usize; 2], u64, u64) = ([10, 30], 100, 50);

/// Part of the time without a core from which a client of paced streams falls behind.
const BUSY: f64 = 0.1;

fn main() -> Result<()> {
    match options::parse(&arguments())? {
        Command::Client { name, server, path, streams } => client(&name, &server, &path, streams),
        Command::Table { lines, before } => {
            print(&Lines::parse(&std::fs::read_to_string(lines)?)?, before.as_deref())
        }
        Command::Measure(options) => measure(&options),
    }
}

/// One measurement in this process.
fn client(name: &str, server: &str, path: &str, streams: u64) -> Result<()> {
    pin(0)?;
    raise_descriptors()?;
    let (plan, _) = Plan::from_path(path).context("the path is not that of a body")?;
    let warm_up = Plan { pace_ms: 0, count: WARM_UP, ..plan };
    let [warm_up, base] = [warm_up, plan].map(|plan| format!("{server}{}", plan.path()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reader = |base: &str| -> Result<_> {
        Ok((Client::new(name, base, plan.shape.is_events())?, Facts::request(base)?))
    };
    let (client, facts) = reader(&warm_up)?;
    runtime.block_on(client.run(facts, &Meter::of_flood()))?;

    let (client, facts) = reader(&base)?;
    let units = client.units(facts);
    let meter = match plan.pace_ms {
        0 => Meter::of_flood(),
        _ => Meter::of_middle(units * streams as usize),
    };
    let all = (0..streams).map(|_| client.run(facts, &meter));
    for result in runtime.block_on(futures::future::join_all(all)) {
        result.with_context(|| format!("{name} reading {base}"))?;
    }
    meter.finish();
    let costs = meter.costs(units as f64 / facts.chunks as f64).context("nothing was measured")?;
    println!("{}", serde_json::to_string(&costs)?);
    Ok(())
}

/// A body, read by so many streams at once.
#[derive(Clone, Copy)]
struct Cell {
    plan: Plan,
    streams: u64,
}

impl Cell {
    fn clients(&self) -> &'static [&'static str] {
        if self.plan.shape.is_events() { &clients::EVENTS } else { &clients::CHAT }
    }

    fn line(&self, client: &str) -> Line {
        Line {
            language: "rust".into(),
            client: client.into(),
            shape: self.plan.shape.name().into(),
            framing: self.plan.framing.name().into(),
            pace_ms: self.plan.pace_ms,
            streams: self.streams,
            ..Line::default()
        }
    }

    /// The arguments of the process that measures it.
    fn arguments(&self, client: &str, server: &str) -> [String; 5] {
        let streams = self.streams.to_string();
        ["--client".into(), client.into(), server.into(), self.plan.path(), streams]
    }
}

fn measure(options: &Options) -> Result<()> {
    let server = Server::start(Path::new(env!("CARGO_BIN_EXE_turnwire-bench-server")))?;
    let mut lines = Lines::default();
    let mut written = String::new();
    let mut without_core: f64 = 0.0;
    let mut add = |line: Line| -> Result<()> {
        written += &(serde_json::to_string(&line)? + "\n");
        lines.add(&line);
        Ok(())
    };
    for cell in cells(options) {
        eprintln!("{} × {}", cell.plan.path(), cell.streams);
        for _ in 0..options.rounds {
            for client in cell.clients().iter().filter(|client| options.has_client(client)) {
                let output = run_again(&cell.arguments(client, server.url()))?;
                let costs: Costs = serde_json::from_str(&output)?;
                if cell.streams > 1 {
                    without_core = without_core.max(costs.without_core);
                }
                // Of many streams alone: one stream's memory is noise.
                let memory_kib = (cell.streams > 1).then_some(costs.memory_kib);
                add(Line { cpu_us: Some(costs.cpu_us), memory_kib, ..cell.line(client) })?;
            }
        }
    }
    if options.instructions {
        for (cell, counts) in counted(options) {
            eprintln!("{} × {}, instructions", cell.plan.path(), cell.streams);
            for client in cell.clients().iter().filter(|client| options.has_client(client)) {
                let instructions = difference(cell, counts, client, server.url(), options)?;
                add(Line { instructions: Some(instructions), ..cell.line(client) })?;
            }
        }
    }
    if let Some(path) = &options.lines {
        std::fs::write(path, &written).with_context(|| format!("writing {}", path.display()))?;
    }
    if without_core > BUSY {
        println!(
            "**This machine was busy**: a client of paced streams had no core for {:.0} % of the time. Its packets ran \
             together, so that the paced figures are too low and cannot be compared.\n",
            without_core * 100.0
        );
    }
    print(&lines, options.before.as_deref())
}

/// The instructions of a chunk: those of a long body less those of a short one.
fn difference(
    cell: Cell,
    counts: [usize; 2],
    client: &str,
    server: &str,
    options: &Options,
) -> Result<f64> {
    let program = std::env::current_exe()?;
    let profile = options.profile.as_deref().unwrap_or(Path::new("/dev/null"));
    let mut taken = [0.0; 2];
    for (count, taken) in counts.into_iter().zip(&mut taken) {
        let cell = Cell { plan: Plan { count, ..cell.plan }, ..cell };
        let arguments = cell.arguments(client, server);
        *taken = instructions(&program, &arguments.each_ref().map(String::as_str), profile)?;
    }
    let ([short, long], [from, to]) = (counts, taken);
    Ok((to - from) / ((long - short) as f64 * cell.streams as f64))
}

fn cells(options: &Options) -> Vec<Cell> {
    let mut cells = Vec::new();
    for framing in options.framings() {
        for shape in options.shapes(Shape::ALL) {
            let plan = Plan { shape, framing, pace_ms: 0, count: options.count };
            cells.push(Cell { plan, streams: 1 });
        }
    }
    for streams in options.streams() {
        for shape in options.paced_shapes(services()) {
            let (count, pace_ms) = PACED;
            let plan = Plan { shape, framing: Framing::Packet, pace_ms, count };
            cells.push(Cell { plan, streams });
        }
    }
    cells
}

fn counted(options: &Options) -> Vec<(Cell, [usize; 2])> {
    let mut cells = Vec::new();
    // An event a packet is counted paced: in a flood packets run together under callgrind.
    for framing in options.framings().filter(|framing| *framing != Framing::Packet) {
        for shape in options.shapes(Shape::ALL) {
            let plan = Plan { shape, framing, pace_ms: 0, count: 0 };
            cells.push((Cell { plan, streams: 1 }, COUNTED));
        }
    }
    if options.streams().next().is_some() {
        for shape in options.shapes(services()) {
            let (counts, pace_ms, streams) = COUNTED_PACED;
            let plan = Plan { shape, framing: Framing::Packet, pace_ms, count: 0 };
            cells.push((Cell { plan, streams }, counts));
        }
    }
    cells
}

/// The shapes that are also read at a pace: those of services.
fn services() -> impl IntoIterator<Item = Shape> {
    Shape::of_chat().filter(|shape| *shape != Shape::Constant)
}

fn print(lines: &Lines, before: Option<&Path>) -> Result<()> {
    ensure!(!lines.rows().is_empty(), "nothing was measured");
    let mut verdicts = verdicts(lines);
    if let Some(before) = before {
        verdicts.extend(slower(lines, &Lines::parse(&std::fs::read_to_string(before)?)?));
    }
    println!("{}{}{}", table::bars(&verdicts), summary(lines), table::details(lines));
    Ok(())
}
