//! JavaScript functions that core calls: questions go to the environment's thread, and answers return with their ids.

mod audio;

pub(crate) use audio::AudioWriter;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use turnwire::bridge::{self, Context, Failure, HostAnswer, HostFn, HostReply};

/// New questions, and the ids of abandoned ones.
type NewsArgs = FnArgs<(Vec<Question>, Vec<u32>)>;
type OnNews = ThreadsafeFunction<(), (), NewsArgs, Status, false, true>;

/// The host of one environment (the main thread, or a worker). It has one thread-safe function for its lifetime, which
/// does not keep the process alive.
#[napi]
pub struct Host {
    shared: Arc<Shared>,
}

/// A call of a function.
#[napi(object)]
pub struct Question {
    /// The number of the function.
    pub function: u32,
    /// The number of the turn on whose behalf it is asked.
    pub turn: Option<u32>,
    /// The id of the answer.
    pub id: u32,
    /// The question, as JSON.
    pub argument: String,
}

struct Shared {
    news: Arc<News>,
    on_news: OnNews,
    open: Mutex<Open>,
}

/// Questions that JavaScript has not answered yet.
#[derive(Default)]
struct Open {
    last: u32,
    replies: HashMap<u32, HostReply>,
}

/// Questions that JavaScript has not received yet, and the ids of abandoned ones.
#[derive(Default)]
struct News(Mutex<(Vec<Question>, Vec<u32>)>);

#[napi]
impl Host {
    /// Calls `on_news` with new questions, and with the ids of abandoned ones.
    #[napi(constructor)]
    pub fn new(on_news: Function<'_, NewsArgs, ()>) -> napi::Result<Self> {
        let news = Arc::<News>::default();
        let drained = news.clone();
        let on_news = on_news
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| Ok(std::mem::take(&mut *drained.lock()).into()))?;
        Ok(Host { shared: Arc::new(Shared { news, on_news, open: Mutex::default() }) })
    }

    /// Answers a question with JSON.
    #[napi]
    pub fn answer(&self, id: u32, json: String) {
        if let Some(reply) = self.shared.take(id) {
            reply.answer_json(&json);
        }
    }

    /// Answers a question with audio, which is written piece by piece; `null` if the question is not one for audio, or not
    /// open any more.
    #[napi]
    pub fn audio(&self, id: u32, media_type: Option<String>) -> Option<AudioWriter> {
        let reply = self.shared.take(id)?;
        // For the rest of the audio: until its end it can be given up.
        self.shared.watch(id, &reply);
        reply.audio(media_type).map(AudioWriter::new)
    }

    /// Fails a question, with the exception's message and number.
    #[napi]
    pub fn fail(&self, id: u32, message: String, raised: u32) {
        if let Some(reply) = self.shared.take(id) {
            reply.fail(failure(message, raised));
        }
    }
}

impl Drop for Host {
    /// The environment ends, as when a worker is terminated: nobody will answer, and a reply that is dropped is an error.
    fn drop(&mut self) {
        self.shared.open().replies.clear();
    }
}

impl Host {
    /// The function of this number.
    pub(crate) fn function<Q, A>(&self, operation: &'static str, function: u32) -> HostFn<Q, A>
    where
        Q: bridge::Question + Send + 'static,
        A: HostAnswer + Send + 'static,
    {
        let shared = self.shared.clone();
        HostFn::hosted(operation, move |argument, reply| shared.ask(function, argument, reply))
    }
}

/// The failure of a function that raised the exception of this number.
fn failure(message: String, raised: u32) -> Failure {
    Failure { message, cause: Some(Box::new(Raised(raised))) }
}

/// An exception of JavaScript's, by its number: JavaScript finds it again.
#[derive(Debug)]
pub(crate) struct Raised(pub(crate) u32);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exception {}", self.0)
    }
}

impl StdError for Raised {}

impl Shared {
    fn ask(self: &Arc<Self>, function: u32, argument: String, reply: HostReply) {
        let turn = reply.context().and_then(Context::get).copied();
        let id = self.next_id();
        let shared = Arc::downgrade(self);
        reply.on_abandoned(move || {
            if let Some(shared) = shared.upgrade()
                && shared.take(id).is_some()
            {
                shared.abandon(id);
            }
        });
        self.open().replies.insert(id, reply);
        self.tell(|(questions, _)| questions.push(Question { function, turn, id, argument }));
    }

    /// Sends word to JavaScript when the audio that answers a question is given up.
    fn watch(self: &Arc<Self>, id: u32, reply: &HostReply) {
        let shared = Arc::downgrade(self);
        reply.on_abandoned(move || {
            if let Some(shared) = shared.upgrade() {
                shared.abandon(id);
            }
        });
    }

    fn abandon(&self, id: u32) {
        self.tell(|(questions, abandoned)| {
            let before = questions.len();
            questions.retain(|question| question.id != id);
            if questions.len() == before {
                abandoned.push(id);
            }
        });
    }

    /// Wakes JavaScript for news, once for all news until it reads them.
    fn tell(&self, add: impl FnOnce(&mut (Vec<Question>, Vec<u32>))) {
        let mut news = self.news.lock();
        let is_first = news.0.is_empty() && news.1.is_empty();
        add(&mut news);
        drop(news);
        if is_first && self.on_news.call((), ThreadsafeFunctionCallMode::NonBlocking) != Status::Ok
        {
            // The environment is shutting down, so no answer will arrive: dropping a reply fails its question.
            self.open().replies.clear();
        }
    }

    fn next_id(&self) -> u32 {
        let mut open = self.open();
        open.last = open.last.wrapping_add(1);
        open.last
    }

    fn take(&self, id: u32) -> Option<HostReply> {
        self.open().replies.remove(&id)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // No code that can panic runs under the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    fn lock(&self) -> MutexGuard<'_, (Vec<Question>, Vec<u32>)> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
