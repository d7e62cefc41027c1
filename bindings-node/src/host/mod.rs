//! JavaScript functions that core calls: questions go to the environment's thread, and answers return with their ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use turnwire::bridge::{Context, Failure, HostFn, Reply};

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
    /// The argument.
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
    replies: HashMap<u32, Reply<String>>,
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

    /// Answers a question.
    #[napi]
    pub fn answer(&self, id: u32, answer: String) {
        if let Some(reply) = self.shared.take(id) {
            reply.answer(answer);
        }
    }

    /// Fails a question with the exception's message.
    #[napi]
    pub fn fail(&self, id: u32, message: String) {
        if let Some(reply) = self.shared.take(id) {
            reply.fail(Failure { message, cause: None });
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
    pub(crate) fn function(
        &self,
        operation: &'static str,
        function: u32,
    ) -> HostFn<String, String> {
        let shared = self.shared.clone();
        HostFn::new(operation, move |argument, reply| shared.ask(function, argument, reply))
    }
}

impl Shared {
    fn ask(self: &Arc<Self>, function: u32, argument: String, reply: Reply<String>) {
        let turn = reply.context().and_then(Context::get).copied();
        let id = self.next_id();
        let shared = Arc::downgrade(self);
        reply.on_abandoned(move || {
            if let Some(shared) = shared.upgrade() {
                shared.abandon(id);
            }
        });
        self.open().replies.insert(id, reply);
        self.tell(|(questions, _)| questions.push(Question { function, turn, id, argument }));
    }

    fn abandon(&self, id: u32) {
        if self.take(id).is_some() {
            self.tell(|(questions, abandoned)| {
                let before = questions.len();
                questions.retain(|question| question.id != id);
                if questions.len() == before {
                    abandoned.push(id);
                }
            });
        }
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

    fn take(&self, id: u32) -> Option<Reply<String>> {
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
