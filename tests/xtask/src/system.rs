//! `cargo xtask system`: model, speech, store, chat service and page, on this machine, until Ctrl-C.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use anyhow::{Context, Result, bail};

use crate::args::SystemOptions;
use crate::debian;
use crate::languages::{Node, Purpose, Python};
use crate::model_server::ModelServer;
use crate::repo::Repo;
use crate::service::{self, Service};
use crate::step::Step;
use crate::store_server::{self, StoreServer};
use crate::suites::SPEECH;
use crate::tools::{self, Tool};

/// The account to try: nobody reaches it from outside, as everything listens on 127.0.0.1.
const ACCOUNT: Account =
    Account { name: "kim", password: "kim", id: "0b1e55ed-0000-4000-8000-000000000001" };

struct Account {
    name: &'static str,
    password: &'static str,
    id: &'static str,
}

const TOOLS: [Tool; 4] =
    [Tool::Python, Tool::Node, Tool::Programs(&SPEECH), Tool::Programs(&store_server::NEEDS)];

/// Builds the parts, starts them, prints their addresses, and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// Names the missing tools, or the part that could not be built or started.
pub(crate) fn run(repo: &Repo, options: &SystemOptions) -> Result<()> {
    if let Some(missing) = tools::missing_of(repo, &TOOLS) {
        bail!("{missing}");
    }
    debian::require(repo, &SPEECH)?;
    debian::require(repo, &store_server::NEEDS)?;
    let ended = signals()?;
    let data = Data::open(options.data.clone().unwrap_or_else(|| repo.target("system")))?;
    store_server::build(repo)?;
    let python = Python::prepare(repo, Purpose::Turns)?;
    Node::prepare(repo, Purpose::Turns)?;

    // In the order in which each needs the one before; they end in the opposite one.
    let page_port = options.port.map_or_else(service::free_port, Ok)?;
    let page_url = format!("http://127.0.0.1:{page_port}");
    let model = Model::start(repo, options.fake_llm, &data)?;
    let store = store(repo, &data, &page_url)?;
    let (chat_url, chat) = chat(repo, &python, &data, &model, store.url(), &page_url)?;
    let page = page(repo, &data, page_port, &chat_url, store.url())?;
    println!(
        "
  page            {page_url}
  login           {} / {}
  chat service    {chat_url}
  chat store      {}
  model           {}
  files and logs  {}

Stop it with Ctrl-C. A line for each call of the chat service:",
        ACCOUNT.name,
        ACCOUNT.password,
        store.url(),
        model.url,
        data.folder.display()
    );
    // The sender lives as long as the handler of signals: there is a value, or never one.
    let _ = ended.recv();
    eprintln!("stopping: page, chat service, store, model");
    drop(page);
    drop(chat);
    drop(store);
    drop(model);
    eprintln!("stopped");
    Ok(())
}

/// A value for each Ctrl-C or SIGTERM.
fn signals() -> Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    let tell = move || {
        // The receiver is gone only at the end of the process.
        let _ = sender.send(());
    };
    ctrlc::set_handler(tell).context("handling Ctrl-C")?;
    Ok(receiver)
}

/// The folder of the system's files.
struct Data {
    folder: PathBuf,
    /// Signs the tokens: Base64 of 32 random bytes.
    secret: String,
}

impl Data {
    fn open(folder: PathBuf) -> Result<Self> {
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(folder.join("logs"))
            .with_context(|| format!("making {}", folder.display()))?;
        let file = folder.join("secret");
        if !file.exists() {
            let random = Command::new("openssl").args(["rand", "-base64", "32"]).output();
            let secret = random.context("running openssl")?.stdout;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(&file)?.write_all(&secret)?;
        }
        let secret = fs::read_to_string(&file)?.trim().to_owned();
        Ok(Self { folder, secret })
    }

    fn log(&self, name: &str) -> Result<File> {
        let path = self.folder.join("logs").join(format!("{name}.log"));
        File::create(&path).with_context(|| format!("writing {}", path.display()))
    }
}

/// The model, and the voice that speaks its replies.
struct Model {
    url: String,
    voice_url: String,
    _real: Option<ModelServer>,
    _voice: ModelServer,
}

impl Model {
    fn start(repo: &Repo, is_fake: bool, data: &Data) -> Result<Self> {
        Step::cargo(repo, "build --quiet -p turnwire-fakes --bin fake-llm").run()?;
        let mut voice = Command::new(repo.target("debug/fake-llm"));
        voice.args(["--real-voice", "--until-stdin-closes"]).stderr(data.log("voice")?);
        let voice = ModelServer::announced(voice).context("starting the voice")?;
        let real = if is_fake { None } else { Some(ModelServer::start(repo, None)?) };
        let voice_url = format!("{}/v1", voice.base_url());
        let url = real.as_ref().map_or(voice_url.as_str(), ModelServer::base_url).to_owned();
        Ok(Self { url, voice_url, _real: real, _voice: voice })
    }
}

fn store(repo: &Repo, data: &Data, page_url: &str) -> Result<StoreServer> {
    let mut command = store_server::command(repo);
    let database = format!("jdbc:h2:file:{}", data.folder.join("chat-store").display());
    command
        .env("SPRING_DATASOURCE_URL", database)
        .env("CHAT_SECRET", &data.secret)
        .env("CHAT_ORIGINS", page_url)
        .env("CHAT_ACCOUNTS_0_NAME", ACCOUNT.name)
        .env("CHAT_ACCOUNTS_0_PASSWORD", ACCOUNT.password)
        .env("CHAT_ACCOUNTS_0_ID", ACCOUNT.id)
        .stdout(data.log("store")?)
        .stderr(data.log("store-errors")?);
    StoreServer::start(&data.folder, command).context("its log is in logs/store.log")
}

fn chat(
    repo: &Repo,
    python: &Python,
    data: &Data,
    model: &Model,
    store_url: &str,
    page_url: &str,
) -> Result<(String, Service)> {
    let port = service::free_port()?;
    let mut command = Command::new(python.program());
    command
        .args(["-m", "gunicorn", "--config", "gunicorn.conf.py", "--access-logfile", "-"])
        .args(["--access-logformat", "%(t)s %(m)s %(U)s %(s)s %(M)s ms", "app:app"])
        .current_dir(repo.root().join("examples/flask"))
        .env("BIND", format!("127.0.0.1:{port}"))
        .env("OPENAI_BASE_URL", &model.url)
        .env("OPENAI_API_KEY", "none")
        .env("OPENAI_SPEECH_URL", &model.voice_url)
        .env("TURNWIRE_STORE_URL", store_url)
        .env("JWT_SECRET", &data.secret)
        .env("CHAT_FOLDER", &data.folder)
        .env("ORIGINS", page_url)
        .stderr(data.log("chat")?);
    let mut service = Service::spawn("chat service", &command)?;
    service
        .wait_for(|| service::answers(port, "/chat").then_some(()))
        .context("its log is in logs/chat.log")?;
    Ok((format!("http://127.0.0.1:{port}"), service))
}

fn page(repo: &Repo, data: &Data, port: u16, chat_url: &str, store_url: &str) -> Result<Service> {
    let folder = repo.root().join("examples/react");
    let npm = |arguments: &[&str]| {
        Step::new(repo, "npm").args(["--prefix", "examples/react"]).args(arguments)
    };
    npm(&["ci", "--no-audit", "--no-fund"]).output_to_stderr().run()?;
    let built = built_page(&data.folder);
    npm(&["run", "build", "--", "--outDir", &built.to_string_lossy(), "--emptyOutDir"])
        .env("VITE_CHAT_URL", chat_url)
        .env("VITE_STORE_URL", store_url)
        .env("VITE_LOGIN_URL", &format!("{store_url}/login"))
        .output_to_stderr()
        .run()?;
    let mut command = Command::new("node");
    command
        .args([
            "node_modules/vite/bin/vite.js",
            "preview",
            "--strictPort",
            "--port",
            &port.to_string(),
        ])
        .arg("--outDir")
        .arg(&built)
        .current_dir(folder)
        .env("VITE_CHAT_URL", chat_url)
        .stdout(data.log("page")?)
        .stderr(data.log("page-errors")?);
    let mut service = Service::spawn("page", &command)?;
    service
        .wait_for(|| service::answers(port, "/").then_some(()))
        .context("its log is in logs/page.log")?;
    Ok(service)
}

fn built_page(folder: &Path) -> PathBuf {
    folder.join("page")
}
