//! `cargo xtask system`: model, speech, store, chat service and page, on this machine, until Ctrl-C, also with a broker and
//! couriers; and `cargo xtask faults` on it.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{self, PathBuf};

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::args::Command;
use crate::debian;
use crate::languages;
use crate::model_server::ModelServer;
use crate::nats;
use crate::repo::Repo;
use crate::store_server;
use crate::suites::SPEECH;
use crate::tools::{self, Tool};

/// The programs that it needs, with their packages; the last ones for the faults.
pub(crate) const PROGRAMS: [&[(&str, &str)]; 3] = [&SPEECH, &store_server::NEEDS, &debian::FAULTS];

/// The faults that `tests/system/faults.mjs` makes.
pub(crate) const FAULTS: [&str; 10] = [
    "store-killed",
    "worker-killed",
    "gunicorn-reloaded",
    "chat-service-killed",
    "database-full",
    "token-expires",
    "model-fails",
    "browser-gone",
    "store-killed-at-creation",
    "clock-back",
];

/// The faults of `tests/system/nats-faults.mjs`, which a system with a broker can have.
pub(crate) const NATS_FAULTS: [&str; 3] = ["courier-killed", "broker-killed", "couriers-gone"];

/// Options of `system`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct SystemOptions {
    /// An echo in place of the real model.
    pub(crate) fake_llm: bool,
    /// The folder of its files; one below the build folder by default.
    pub(crate) data: Option<PathBuf>,
    /// The port of the page; a free one by default.
    pub(crate) port: Option<u16>,
    /// Two chat services, with a broker and couriers between them and the store.
    pub(crate) nats: bool,
}

/// Options of `faults`.
#[derive(Debug, PartialEq)]
pub(crate) struct FaultOptions {
    /// The numbers of the runs, with commas between.
    pub(crate) seeds: String,
    /// The faults to make; all of them if empty.
    pub(crate) names: Vec<String>,
    /// On the system with a broker, which can have more of them.
    pub(crate) nats: bool,
}

const DEFAULT_SEEDS: &str = "1,2,3";

/// Reads the words after `cargo xtask system`.
///
/// # Errors
/// Names the invalid word.
pub(crate) fn parse(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = SystemOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("fake-llm") => options.fake_llm = true,
            Long("data") => options.data = Some(PathBuf::from(parser.value()?)),
            Long("port") => options.port = Some(parser.value()?.parse()?),
            Long("nats") => options.nats = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::System(options))
}

/// Reads the words after `cargo xtask faults`.
///
/// # Errors
/// Names the invalid word, and the valid ones.
pub(crate) fn parse_faults(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options =
        FaultOptions { seeds: DEFAULT_SEEDS.to_owned(), names: Vec::new(), nats: false };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seeds") => options.seeds = parser.value()?.string()?,
            Long("nats") => options.nats = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(name) => options.names.push(name.string()?),
            other => return Err(other.unexpected()),
        }
    }
    check_faults(&options)?;
    let is_number = |seed: &str| seed.parse::<u32>().is_ok();
    match options.seeds.split(',').all(is_number) {
        true => Ok(Command::Faults(options)),
        false => Err(format!("`{}` is not a list of seeds such as 1,2,3", options.seeds).into()),
    }
}

/// Refuses names of no fault, and of one that needs a broker where there is none.
fn check_faults(options: &FaultOptions) -> Result<(), String> {
    for name in &options.names {
        let needs_broker = NATS_FAULTS.contains(&name.as_str());
        if needs_broker && !options.nats {
            return Err(format!("the fault `{name}` needs a broker: `faults --nats {name}`"));
        }
        if !needs_broker && !FAULTS.contains(&name.as_str()) {
            let names = FAULTS.join(", ");
            let more = NATS_FAULTS.join(", ");
            return Err(format!(
                "there is no fault `{name}`; the faults are: {names}; with --nats also: {more}"
            ));
        }
    }
    Ok(())
}

/// Builds the parts, and becomes the program that starts them and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// Names the missing tools, or the part that could not be built.
pub(crate) fn run(repo: &Repo, options: &SystemOptions) -> Result<Infallible> {
    let store = prepare(repo, &PROGRAMS[..2])?;
    let folder = options.data.clone().unwrap_or_else(|| repo.target("system"));
    let folder = path::absolute(folder)?;
    // A copy, as the next build writes over the store while this one runs.
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let jar = folder.join("chat-store.jar");
    fs::copy(store_server::jar(repo), &jar)
        .with_context(|| format!("writing {}", jar.display()))?;
    drop(store);
    // The locks end as this process becomes another program.
    let (mut serve, _alone) = languages::system(repo, "serve.mjs", options.nats)?;
    serve = serve.env("TURNWIRE_STORE_JAR", &jar.to_string_lossy());
    if options.fake_llm {
        serve = serve.args(["--fake-llm"]);
    } else {
        serve = serve.env("TURNWIRE_MODEL_PYTHON", &ModelServer::python(repo)?.to_string_lossy());
    }
    if options.nats {
        serve = languages::with_variables(serve, &nats::for_system(repo)?).args(["--nats"]);
    }
    if let Some(port) = options.port {
        serve = serve.args(["--port", &port.to_string()]);
    }
    serve.args([folder]).exec()
}

/// Runs the tests on the system.
///
/// # Errors
/// When something cannot be built, or a test fails.
pub(crate) fn test(repo: &Repo) -> Result<()> {
    let _store = prepare(repo, &PROGRAMS)?;
    languages::require_mounts(repo)?;
    debian::require(repo, &debian::CHROMIUM)?;
    let broker = nats::for_system(repo)?;
    languages::test_system(repo, &ModelServer::python(repo)?, &broker)
}

/// Runs the faults of some seeds on the system.
///
/// # Errors
/// Names the missing tools, the part that could not be built, or that a message was lost, doubled or out of order.
pub(crate) fn faults(repo: &Repo, options: &FaultOptions) -> Result<()> {
    let _store = prepare(repo, &PROGRAMS)?;
    languages::require_mounts(repo)?;
    let (mut faults, _alone) = languages::system(repo, "faults.mjs", options.nats)?;
    if options.nats {
        faults = languages::with_variables(faults, &nats::for_system(repo)?).args(["--nats"]);
    }
    faults.args(["--seeds", &options.seeds]).args(&options.names).run()
}

/// Measures a new conversation on the system, beside the same turn one step after another, with these options of the bench.
///
/// # Errors
/// Names the missing tools, the part that could not be built, or the bar that is missed.
pub(crate) fn bench(repo: &Repo, options: &[OsString]) -> Result<()> {
    let _store = prepare(repo, &PROGRAMS[..2])?;
    let (bench, _alone) = languages::system(repo, "bench.mjs", false)?;
    bench.args(options).run()
}

/// Checks the tools and builds the store, whose lock it gives. It is taken before those of the packages, by everyone.
fn prepare(
    repo: &Repo,
    programs: &'static [&'static [(&'static str, &'static str)]],
) -> Result<File> {
    let tools = programs.iter().map(|programs| Tool::Programs(programs));
    let tools: Vec<_> = [Tool::Python, Tool::Node].into_iter().chain(tools).collect();
    if let Some(missing) = tools::missing_of(repo, &tools) {
        bail!("{missing}");
    }
    for programs in programs {
        debian::require(repo, programs)?;
    }
    store_server::build(repo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let mut words = line.split_whitespace().map(OsString::from);
        let command = words.next();
        let mut parser = lexopt::Parser::from_args(words.collect::<Vec<_>>());
        let parsed = match command.is_some_and(|word| word == "system") {
            true => parse(&mut parser),
            false => parse_faults(&mut parser),
        };
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn the_faults_are_those_of_the_script() {
        let names = |script: &'static str| {
            let (_, faults) = script.split_once("FAULTS = {").unwrap();
            let lines = faults.lines().take_while(|line| *line != "};");
            let names = lines.filter_map(|line| line.strip_prefix("  '")?.split_once("': async"));
            names.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(include_str!("../../system/faults.mjs")), FAULTS);
        assert_eq!(names(include_str!("../../system/nats-faults.mjs")), NATS_FAULTS);
    }

    #[test]
    fn system_takes_a_model_a_folder_and_a_port() {
        let options = |line: &str| match parsed(line) {
            Ok(Command::System(options)) => options,
            other => panic!("`{line}` gave {other:?}"),
        };
        assert_eq!(options("system"), SystemOptions::default());
        let told = options("system --fake-llm --nats --data var/chat --port 8000");
        assert!(told.fake_llm && told.nats && told.port == Some(8000));
        assert_eq!(told.data, Some(PathBuf::from("var/chat")));
        assert!(parsed("system --kafka").is_err());
    }

    #[test]
    fn faults_take_seeds_and_names() {
        let options = |line: &str| match parsed(line) {
            Ok(Command::Faults(options)) => options,
            other => panic!("`{line}` gave {other:?}"),
        };
        assert_eq!(options("faults").seeds, DEFAULT_SEEDS);
        let told = options("faults --seeds 7,8 store-killed clock-back");
        assert_eq!((told.seeds.as_str(), told.names.len()), ("7,8", 2));
        assert!(parsed("faults --seeds one").is_err());
        let error = parsed("faults clock-forth").unwrap_err();
        assert!(error.contains("`clock-forth`") && error.contains("clock-back"), "{error}");
        assert!(options("faults broker-killed --nats clock-back").nats);
        let error = parsed("faults broker-killed").unwrap_err();
        assert!(error.contains("`faults --nats broker-killed`"), "{error}");
    }
}
