//! The server: started on the current runtime or on a thread of its own, stopped when dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::Location;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};

use crate::connection;
use crate::control;
use crate::espeak::RealVoice;
use crate::llm::Llm;
use crate::model::Model;
use crate::record::{Log, Record};
use crate::request::Request;
use crate::script::Script;
use crate::service::Service;
use crate::state::{Arrival, Shared};

/// A running fake. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Server,
}

#[derive(Debug)]
enum Server {
    Task(AbortHandle),
    Thread { stop: Option<oneshot::Sender<()>>, thread: Option<thread::JoinHandle<()>> },
}

impl Fake {
    /// Starts a fake on the current Tokio runtime, which needs I/O and time.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts a fake on its own thread, for tests that block and for tests that pause the
    /// clock of their runtime.
    ///
    /// # Errors
    ///
    /// When the thread or the port cannot be opened.
    pub fn spawn_thread() -> io::Result<Self> {
        Self::builder().spawn_thread()
    }

    /// Settings to start with.
    pub fn builder() -> FakeBuilder {
        FakeBuilder::default()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL for a client: [`url`](Self::url) and `/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Appends a script to the queue of a key. A request takes the next script of the queue that
    /// the `model` of its body names, or, without a model, its path; or else of the queue `*`. The queue of a model `m`
    /// is preceded by that of `m stream` or `m whole`, depending on the requested form. Other services than the LLM
    /// have keys of their own. The last script of a queue stays until another is queued.
    ///
    /// Chats that stream, chats that do not, and speech each read the queue `*` from its beginning. A script of a chat reply is sent
    /// as a chat completion to a request that does not stream, and not at all to one for speech.
    pub fn script(&self, key: &str, script: Script) {
        self.shared.push_script(key, script);
    }

    /// Replaces queues with those in the JSON: an object of keys, each with a script or a list of them.
    ///
    /// # Errors
    ///
    /// When a script is invalid; the message names the key and the field.
    pub fn scripts_from_json(&self, json: &str) -> Result<(), String> {
        let queues: serde_json::Map<String, Value> =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        for (key, scripts) in queues {
            let scripts = Script::queue(scripts).map_err(|error| format!("{key:?}: {error}"))?;
            self.shared.set_scripts(&key, scripts);
        }
        Ok(())
    }

    /// Makes a control call as one below `/_fake/` (see the crate's description) without a connection: the JSON of its answer.
    ///
    /// # Errors
    ///
    /// The message of a call that is refused.
    pub fn control(&self, method: &str, call: &str, body: &str) -> Result<String, String> {
        let request = Request::control(method, call, body);
        let (status, answer) = control::answer(&self.shared, &request).into_json();
        match answer.pointer("/error/message").and_then(Value::as_str) {
            Some(message) if status >= 300 => Err(message.to_owned()),
            _ => Ok(answer.to_string()),
        }
    }

    /// Lets the replies go on that are at a [`hold`](Script::hold) of this name, and those that come to one later.
    pub fn release(&self, hold: &str) {
        self.shared.release(hold);
    }

    /// Deletes all scripts, releases and records. Counters continue, as connections stay open.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// A copy of everything recorded.
    pub fn log(&self) -> Log {
        self.shared.log()
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Record> {
        self.log().requests
    }

    /// The requests so far that named this model.
    pub fn requests_for(&self, model: &str) -> Vec<Record> {
        self.shared.read(|log| log.for_model(model).cloned().collect())
    }

    /// The number of accepted connections, except those with only control requests.
    pub fn connections(&self) -> u64 {
        self.shared.read(|log| log.connections)
    }

    /// The number of open ones.
    pub fn open_connections(&self) -> u64 {
        self.shared.read(|log| log.open_connections)
    }

    /// Resolves to the log as soon as it satisfies the predicate, which is called whenever the log
    /// changes. The predicate must not call the fake: the log is locked meanwhile.
    ///
    /// # Panics
    ///
    /// After 10 seconds, with the log.
    #[track_caller]
    pub fn wait_for<P: FnMut(&Log) -> bool>(&self, until: P) -> impl Future<Output = Log> {
        self.shared.wait_async(until, Location::caller())
    }

    /// [`wait_for`](Self::wait_for) for tests that block.
    ///
    /// # Panics
    ///
    /// After 10 seconds, with the log.
    #[track_caller]
    pub fn wait_for_blocking(&self, until: impl FnMut(&Log) -> bool) -> Log {
        self.shared.wait(until, Location::caller())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        match &mut self.server {
            Server::Task(task) => task.abort(),
            Server::Thread { stop, thread } => {
                stop.take();
                if let Some(thread) = thread.take() {
                    let _ = thread.join();
                }
            }
        }
    }
}

/// Settings of a [`Fake`].
#[derive(Debug, Clone)]
pub struct FakeBuilder {
    port: u16,
    send_buffer: Option<u32>,
    is_recorded: bool,
    service: Arc<dyn Service>,
}

impl Default for FakeBuilder {
    fn default() -> Self {
        Self { port: 0, send_buffer: None, is_recorded: true, service: Arc::new(Llm::default()) }
    }
}

impl FakeBuilder {
    /// The port; 0, the default, lets the system choose a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The size of the kernel's send buffer. A small one makes writes block soon when the client
    /// does not read.
    pub fn send_buffer(mut self, bytes: u32) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// Records no requests, for tests with very many.
    pub fn unrecorded(mut self) -> Self {
        self.is_recorded = false;
        self
    }

    /// Sets the model for requests without a script.
    pub fn model(self, model: impl Model + 'static) -> Self {
        self.service(Arc::new(Llm::new(model)))
    }

    /// Speaks with a real voice: espeak-ng and ffmpeg, which must be on the PATH, are behind `POST …/audio/speech`. The
    /// model is the one that was set before.
    pub fn real_voice(self) -> Self {
        let model = Arc::clone(&self.service);
        self.service(Arc::new(RealVoice(model)))
    }

    /// Sets the service for requests without a script, in place of an LLM.
    pub(crate) fn service(mut self, service: Arc<dyn Service>) -> Self {
        self.service = service;
        self
    }

    /// See [`Fake::start`].
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(self) -> io::Result<Fake> {
        let listener = self.listen()?;
        let (address, shared) =
            (listener.local_addr()?, Shared::new(self.service, self.is_recorded));
        let task = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        Ok(Fake { address, shared, server: Server::Task(task) })
    }

    /// See [`Fake::spawn_thread`].
    ///
    /// # Errors
    ///
    /// When the thread or the port cannot be opened.
    pub fn spawn_thread(self) -> io::Result<Fake> {
        let shared = Shared::new(self.service.clone(), self.is_recorded);
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let thread = thread::Builder::new().name("fake".into()).spawn({
            let shared = shared.clone();
            move || run(&self, shared, &ready, stopped)
        })?;
        let address = started.recv().map_err(|_| io::Error::other("the fake did not start"))??;
        Ok(Fake {
            address,
            shared,
            server: Server::Thread { stop: Some(stop), thread: Some(thread) },
        })
    }

    fn listen(&self) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        // On Windows the option lets other processes take over the port.
        socket.set_reuseaddr(cfg!(unix))?;
        // Before listening: accepted connections inherit it.
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        socket.bind((Ipv4Addr::LOCALHOST, self.port).into())?;
        socket.listen(1024)
    }
}

fn run(
    builder: &FakeBuilder,
    shared: Arc<Shared>,
    ready: &mpsc::Sender<io::Result<SocketAddr>>,
    stopped: oneshot::Receiver<()>,
) {
    let started =
        tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            let entered = runtime.enter();
            let listener = builder.listen()?;
            let address = listener.local_addr()?;
            drop(entered);
            Ok((runtime, listener, address))
        });
    let (runtime, listener) = match started {
        Ok((runtime, listener, address)) => {
            let _ = ready.send(Ok(address));
            (runtime, listener)
        }
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        tokio::select! {
            _ = stopped => {}
            () = accept(listener, shared) => {}
        }
    });
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropping it aborts its tasks: no connection outlives the fake.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Each write must be sent at once, without waiting for the next.
                let _ = stream.set_nodelay(true);
                connections.spawn(connection::serve(stream, Arrival::new(shared.clone())));
            }
            // Most likely out of file descriptors: closing connections will free some.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}
