//! The options of the bench.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use turnwire_bench::bodies::Shape;
use turnwire_bench::framing::Framing;

pub(crate) const HELP: &str = "\
cargo xtask bench chunk -- [options]                          all languages
cargo bench -p turnwire-bench --bench chunk -- [options]      Rust alone

  --shapes A,B       these bodies: openai, escaped, moving, tools, llamacpp, ollama, constant, events-plain, events-escaped
  --framings A,B     floods in these framings: large, chunked, packet; `none` for no flood
  --streams N,N      so many paced streams at once; `none` for no paced streams
  --clients A,B      these clients: turnwire, turnwire-choices, body, eventsource, async-openai
  --rounds N         so many measurements of each, 3 unless given
  --count N          chunks of a flood
  --instructions     count the instructions of a chunk as well, which needs valgrind
  --profile FILE     where callgrind leaves its last profile, for callgrind_annotate
  --lines FILE       write the measurements to this file as lines of JSON
  --before FILE      compare with the lines of an earlier run
  --table FILE       print the table of the lines in this file, and measure nothing

Without options it measures what the README tells, in some 14 minutes: floods of all bodies, large and chunked, and 200 and
1,000 paced streams (in Python and Node 200) of two bodies. An hour for all there is: --framings large,chunked,packet
--streams 10,200,1000 --rounds 5 --shapes openai,escaped,moving,tools,llamacpp,ollama,constant
";

#[derive(Debug)]
pub(crate) enum Command {
    /// One measurement in a process of its own: for the bench itself, and for profilers.
    Client {
        name: String,
        server: String,
        path: String,
        streams: u64,
    },
    /// The table of earlier measurements.
    Table {
        lines: PathBuf,
        before: Option<PathBuf>,
    },
    Measure(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    shapes: Option<Vec<Shape>>,
    framings: Vec<Framing>,
    clients: Vec<String>,
    streams: Vec<u64>,
    pub(crate) rounds: usize,
    pub(crate) count: usize,
    pub(crate) instructions: bool,
    pub(crate) profile: Option<PathBuf>,
    pub(crate) lines: Option<PathBuf>,
    pub(crate) before: Option<PathBuf>,
}

impl Options {
    /// The shapes of those given that are chosen.
    pub(crate) fn shapes(
        &self,
        of: impl IntoIterator<Item = Shape>,
    ) -> impl Iterator<Item = Shape> {
        let is_chosen =
            |shape: &Shape| self.shapes.as_ref().is_none_or(|chosen| chosen.contains(shape));
        of.into_iter().filter(is_chosen)
    }

    /// The same for paced streams, of which only two shapes are measured unless others are chosen: each takes seconds.
    pub(crate) fn paced_shapes(
        &self,
        of: impl IntoIterator<Item = Shape>,
    ) -> impl Iterator<Item = Shape> {
        let is_default = |shape: &Shape| matches!(shape, Shape::OpenAi | Shape::Moving);
        self.shapes(of).filter(move |shape| self.shapes.is_some() || is_default(shape))
    }

    pub(crate) fn framings(&self) -> impl Iterator<Item = Framing> {
        self.framings.iter().copied()
    }

    pub(crate) fn streams(&self) -> impl Iterator<Item = u64> {
        self.streams.iter().copied()
    }

    pub(crate) fn has_client(&self, name: &str) -> bool {
        self.clients.is_empty() || self.clients.iter().any(|client| client == name)
    }
}

pub(crate) fn parse(words: &[String]) -> Result<Command> {
    if let [first, name, server, path, streams] = words
        && first == "--client"
    {
        let [name, server, path] = [name, server, path].map(Clone::clone);
        return Ok(Command::Client { name, server, path, streams: streams.parse()? });
    }
    let mut options = Options {
        shapes: None,
        framings: vec![Framing::Large, Framing::Chunked],
        clients: Vec::new(),
        streams: vec![200, 1000],
        rounds: 3,
        count: 40_000,
        instructions: false,
        profile: None,
        lines: None,
        before: None,
    };
    let mut table = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value\n\n{HELP}"));
        match word.as_str() {
            "--shapes" => options.shapes = Some(list(value()?, Shape::from_name)?),
            "--framings" => options.framings = list(value()?, Framing::from_name)?,
            "--streams" => options.streams = list(value()?, |word| word.parse().ok())?,
            "--clients" => options.clients = list(value()?, client)?,
            "--rounds" => options.rounds = number(value()?)?,
            "--count" => options.count = number(value()?)?,
            "--instructions" => options.instructions = true,
            "--profile" => options.profile = Some(value()?.into()),
            "--lines" => options.lines = Some(value()?.into()),
            "--before" => options.before = Some(value()?.into()),
            "--table" => table = Some(value()?.into()),
            other => bail!("there is no option {other}\n\n{HELP}"),
        }
    }
    if let Some(lines) = table {
        return Ok(Command::Table { lines, before: options.before });
    }
    ensure!(options.count >= 10, "a flood of fewer than 10 chunks cannot be measured");
    Ok(Command::Measure(options))
}

fn client(name: &str) -> Option<String> {
    crate::clients::CHAT.contains(&name).then(|| name.to_owned())
}

fn number<T: FromStr>(word: &str) -> Result<T> {
    word.parse().ok().with_context(|| format!("{word} is not a number that fits here"))
}

/// The items between commas; none for `none`.
fn list<T>(words: &str, item: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    if words == "none" {
        return Ok(Vec::new());
    }
    let found = |word| item(word).with_context(|| format!("there is no {word}\n\n{HELP}"));
    words.split(',').map(found).collect()
}
