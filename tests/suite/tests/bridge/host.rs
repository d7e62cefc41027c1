//! Functions of the host: called on their own threads, in the caller's context, answered now or later, and never fatal
//! to a turn.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use turnwire::bridge::{
    Context, Failure, HostFn, HostSentiment, HostSink, HostSpeaker, HostTokenProvider, Reply, Turn,
    call, start,
};
use turnwire::credentials::Tokens;
use turnwire::outbox::{Outbox, Outcome, Record};
use turnwire::speech::{AudioStream, SpeechMode};
use turnwire::turn::{StageName, StageOutcome, Timeline, TurnsBuilder};
use turnwire::{Bytes, ChatRequest, ChatStore, OpenAi, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Script};

use super::{answer, next};

const LONG: Duration = Duration::from_secs(30);

fn openai(fake: &Fake) -> OpenAi {
    OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap()
}

/// Settings of turns whose model answers with this script, and whose reply waits for the sentiment.
fn settings(fake: &Fake, script: Script) -> TurnsBuilder {
    fake.script("m stream", script);
    let settings = Turns::builder(openai(fake)).model("m").sentiment_budget(LONG);
    settings.sentiment_events(true).failure_events(true)
}

fn begin(turns: &Turns, context: Option<Context>) -> Turn {
    start(turns, TurnRequest::new("hi"), context, None).unwrap()
}

/// Reads a turn to its end: its events, and its timeline.
fn read(turn: &Turn) -> (Vec<Value>, Timeline) {
    let pull = turn.events().unwrap();
    let mut all = Vec::new();
    while let Some(events) = next(&pull).unwrap() {
        all.extend(serde_json::from_str::<Vec<Value>>(&events.into_json()).unwrap());
    }
    (all, turn.timeline().unwrap())
}

fn outcome(timeline: &Timeline) -> StageOutcome {
    timeline.stage(StageName::Sentiment).unwrap().outcome.clone()
}

/// The host's questions, each with its reply.
type Questions<Q, A> = Receiver<(Q, Reply<A>)>;

/// A function of the host that passes each question to the test, which answers it at any time.
fn asked<Q: Send + 'static, A: Send + 'static>() -> (HostFn<Q, A>, Questions<Q, A>) {
    let (sender, questions) = channel();
    let sender = Mutex::new(sender);
    let function = move |question, reply| sender.lock().unwrap().send((question, reply)).unwrap();
    (HostFn::new("turn.sentiment", function), questions)
}

#[test]
fn the_host_labels_a_message_on_a_thread_that_nothing_else_waits_for() {
    let fake = Fake::spawn_thread().unwrap();
    let (go, held) = channel::<()>();
    let (entered, entries) = channel();
    let (held, entered) = (Mutex::new(held), Mutex::new(entered));
    let sentiment = HostSentiment::new("turn.sentiment", move |text: String, reply| {
        entered.lock().unwrap().send(()).unwrap();
        held.lock().unwrap().recv_timeout(LONG).unwrap();
        reply.answer(format!("label of {text}"));
    });
    let turns = settings(&fake, Script::chat(["a"])).sentiment(sentiment).build().unwrap();
    let turn = begin(&turns, None);
    entries.recv_timeout(LONG).unwrap();
    // The function blocks its thread, and a call is made and answered meanwhile.
    let llm = openai(&fake);
    let other = call(async move { llm.chat(ChatRequest::new("other").user("hi")).await }).unwrap();
    answer(&other).unwrap();
    go.send(()).unwrap();
    let (events, timeline) = read(&turn);
    assert_eq!(events[0], json!({"type": "sentiment", "label": "label of hi"}));
    assert_eq!(outcome(&timeline), StageOutcome::Done);
}

#[test]
fn a_question_is_answered_later_from_any_thread() {
    let fake = Fake::spawn_thread().unwrap();
    let (sentiment, questions) = asked();
    let turns = settings(&fake, Script::chat(["a"])).sentiment(sentiment).build().unwrap();
    let turn = begin(&turns, None);
    let host = std::thread::spawn(move || {
        let (text, reply): (String, Reply<String>) = questions.recv_timeout(LONG).unwrap();
        reply.answer(text.to_uppercase());
    });
    assert_eq!(read(&turn).0[0]["label"], "HI");
    host.join().unwrap();
}

#[test]
fn a_question_that_the_host_drops_or_raises_on_is_a_failed_stage_and_the_turn_goes_on() {
    let fake = Fake::spawn_thread().unwrap();
    let functions: [(HostSentiment, &str); 3] = [
        (HostFn::new("turn.sentiment", |_, reply| drop(reply)), "ended without an answer"),
        (HostFn::new("turn.sentiment", |_, _| panic!("in the host")), "ended without an answer"),
        (
            HostFn::new("turn.sentiment", |_, reply: Reply<String>| reply.fail(raised())),
            "KeyError: 'x'",
        ),
    ];
    for (sentiment, why) in functions {
        let turns = settings(&fake, Script::chat(["a"])).sentiment(sentiment).build().unwrap();
        let (events, timeline) = read(&begin(&turns, None));
        let failed = outcome(&timeline);
        assert!(
            matches!(&failed, StageOutcome::Failed(line) if line.contains(why) && line.contains(": callback: ")),
            "{failed:?}"
        );
        let told = events.iter().find(|event| event["type"] == "stage_failed").unwrap();
        assert_eq!(told["code"], "callback");
        assert_eq!(events.last().unwrap()["type"], "done");
    }
}

/// An exception of a host.
#[derive(Debug)]
struct Raised(u32);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "raised {}", self.0)
    }
}

impl std::error::Error for Raised {}

fn raised() -> Failure {
    Failure { message: "KeyError: 'x'".to_owned(), cause: Some(Box::new(Raised(7))) }
}

#[test]
fn an_error_keeps_the_hosts_exception_as_its_cause() {
    let fake = Fake::spawn_thread().unwrap();
    let speaker = HostSpeaker::new("turn.speech", |_, reply| reply.fail(raised()));
    let turns = Turns::builder(openai(&fake)).speaker(speaker).build().unwrap();
    let error = answer(&call(async move { turns.speak("hello").await }).unwrap()).unwrap_err();
    assert_eq!(error.code(), "callback");
    assert_eq!(error.message(), "the function raised KeyError: 'x'");
    let mut causes = std::iter::successors(std::error::Error::source(&error), |e| e.source());
    assert!(causes.any(|cause| cause.downcast_ref::<Raised>().is_some_and(|raised| raised.0 == 7)));
}

#[test]
fn a_question_whose_turn_is_gone_is_abandoned_and_the_host_is_told() {
    let fake = Fake::spawn_thread().unwrap();
    let (sentiment, questions) = asked::<String, String>();
    let turns = settings(&fake, Script::chat(["a"])).sentiment(sentiment).build().unwrap();
    let turn = begin(&turns, None);
    let (_, reply) = questions.recv_timeout(LONG).unwrap();
    assert!(!reply.is_abandoned());
    let (told, tellings) = channel();
    reply
        .on_abandoned(move || told.send(std::thread::current().name().map(str::to_owned)).unwrap());
    drop(turn);
    let thread = tellings.recv_timeout(LONG).unwrap();
    assert_ne!(thread.as_deref(), Some("turnwire"), "the host was told on the library's thread");
    assert!(reply.is_abandoned());
    let (late, tellings) = channel();
    reply.on_abandoned(move || late.send(()).unwrap());
    tellings.try_recv().unwrap();
    reply.answer("too late".to_owned());
}

#[test]
fn a_host_is_not_told_of_a_question_that_it_has_answered() {
    let fake = Fake::spawn_thread().unwrap();
    let (sentiment, questions) = asked::<String, String>();
    let turns = settings(&fake, Script::chat(["a"])).sentiment(sentiment).build().unwrap();
    let turn = begin(&turns, None);
    let (_, reply) = questions.recv_timeout(LONG).unwrap();
    let (told, tellings) = channel::<()>();
    reply.on_abandoned(move || told.send(()).unwrap());
    reply.answer("label".to_owned());
    // The callback is dropped with the answer, and with it the sender.
    assert!(tellings.recv().is_err());
    assert_eq!(read(&turn).0[0]["label"], "label");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_function_runs_a_bounded_number_of_times_at_once_and_an_abandoned_question_is_never_asked()
 {
    // A function that blocks its threads until it is released.
    let (go, held): (Sender<()>, Receiver<()>) = channel();
    let held = Arc::new(Mutex::new(held));
    let (entered, entries) = channel();
    let entered = Mutex::new(entered);
    let busy = HostFn::<u32, u32>::new("turn.sentiment", move |number, reply| {
        entered.lock().unwrap().send(number).unwrap();
        let _ = held.lock().unwrap().recv_timeout(LONG);
        reply.answer(number);
    });
    let ask = |number| {
        let busy = busy.clone();
        tokio::spawn(async move { busy.ask(number).await })
    };
    let running: Vec<_> = (0..64).map(ask).collect();
    let mut numbers: Vec<_> = (0..64).map(|_| entries.recv_timeout(LONG).unwrap()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..64));
    let mut waiting = Box::pin(busy.ask(99));
    assert!(futures::poll!(&mut waiting).is_pending());
    // Another function, with a later question, is not delayed.
    let other =
        HostFn::new("turn.sentiment", |number: u32, reply: Reply<u32>| reply.answer(number + 1));
    assert_eq!(other.ask(7).await.unwrap(), 8);
    assert!(entries.try_recv().is_err(), "more calls run at once");
    drop(waiting);
    drop(go);
    for (number, task) in running.into_iter().enumerate() {
        assert_eq!(task.await.unwrap().unwrap() as usize, number);
    }
    assert_eq!(ask(65).await.unwrap().unwrap(), 65);
    assert_eq!(entries.try_iter().collect::<Vec<_>>(), [65], "an abandoned question was asked");
}

#[tokio::test]
async fn abandoned_calls_that_hang_make_room_for_others_up_to_a_bound() {
    let (go, held): (Sender<()>, Receiver<()>) = channel();
    let held = Arc::new(Mutex::new(held));
    let (entered, entries) = channel();
    let entered = Mutex::new(entered);
    let hangs = HostFn::<u32, u32>::new("outbox.deliver", move |number, reply| {
        entered.lock().unwrap().send(number).unwrap();
        let _ = held.lock().unwrap().recv();
        reply.answer(number);
    });
    for number in 0..192 {
        let mut asked = Box::pin(hangs.ask(number));
        assert!(futures::poll!(&mut asked).is_pending());
        assert_eq!(entries.recv_timeout(LONG).unwrap(), number);
        // A task that never yields has no budget left for the semaphore.
        tokio::task::yield_now().await;
    }
    let refused = hangs.ask(192).await.unwrap_err();
    assert_eq!(refused.code(), "callback");
    assert!(refused.to_string().contains("192 calls of the function hang"), "{refused}");
    drop(go);
    // A thread that ends makes room.
    while hangs.ask(193).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_callers_context_comes_with_each_question_of_its_turn() {
    let fake = Fake::spawn_thread().unwrap();
    let (sender, seen) = channel();
    let sender = Mutex::new(sender);
    let tell = Arc::new(move |part: &'static str, context: Option<&Context>| {
        let value = context.and_then(|context| context.get::<u32>().copied());
        sender.lock().unwrap().send((part, value)).unwrap();
    });
    let heard = tell.clone();
    let sentiment = HostSentiment::new("turn.sentiment", move |_, reply| {
        tell("sentiment", reply.context());
        reply.answer("label".to_owned());
    });
    let speaker = HostSpeaker::new("turn.speech", move |_, reply| {
        heard("speech", reply.context());
        let bytes = futures::stream::iter([Ok(Bytes::from_static(b"sound"))]);
        reply.answer(AudioStream::new("audio/mpeg", bytes));
    });
    let settings = settings(&fake, Script::chat(["Hello there. ", "And good bye."]));
    let settings =
        settings.sentiment(sentiment).speaker(speaker).speech_mode(SpeechMode::Streaming);
    let turns = settings.build().unwrap();
    for context in [Some(7), None] {
        let (events, _) = read(&begin(&turns, context.map(|value: u32| Context::new(value))));
        assert!(events.iter().any(|event| event["type"] == "audio"));
        let asked: Vec<_> = seen.try_iter().collect();
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert!(asked.iter().all(|(_, value)| *value == context), "{asked:?}");
    }
}

#[test]
fn a_call_that_is_begun_in_a_context_takes_it_along() {
    let fake = Fake::spawn_thread().unwrap();
    let speaker = HostSpeaker::new("turn.speech", move |_, reply| {
        let value = reply.context().and_then(|context| context.get::<u32>()).copied();
        let message = format!("{value:?}");
        reply.fail(Failure { message, cause: None });
    });
    let turns = Turns::builder(openai(&fake)).speaker(speaker).build().unwrap();
    let asked = turns.clone();
    let within = Context::new(7u32).scope(|| call(async move { asked.speak("hello").await }));
    assert_eq!(answer(&within.unwrap()).unwrap_err().message(), "the function raised Some(7)");
    let outside = call(async move { turns.speak("hello").await });
    assert_eq!(answer(&outside.unwrap()).unwrap_err().message(), "the function raised None");
}

#[test]
fn the_host_gives_tokens_and_its_exception_is_why_there_are_none() {
    let store = FakeStore::spawn_thread().unwrap();
    let user = "0b1e55ed-0000-4000-8000-000000000001";
    store.add_workspace("w", user);
    let login = store.login(user);
    let builder = || ChatStore::builder(store.url()).no_proxy();
    let provider = HostTokenProvider::new(
        "store.tokens",
        move |asked: turnwire::credentials::TokenRequest, reply| {
            assert_eq!(asked.user.as_deref(), Some(user));
            reply.answer(Some(Tokens::new(login.access.clone(), login.refresh.clone())));
        },
    );
    let client = builder().token_provider(provider).build().unwrap().for_user(user);
    answer(&call(async move { client.history("w").await }).unwrap()).unwrap();
    let failing = HostTokenProvider::new("store.tokens", |_, reply| reply.fail(raised()));
    let client = builder().token_provider(failing).build().unwrap().for_user(user);
    let error = answer(&call(async move { client.history("w").await }).unwrap()).unwrap_err();
    assert_eq!(error.code(), "callback");
}

#[test]
fn the_host_delivers_records_and_one_that_it_raises_on_is_tried_again() {
    let (sender, delivered) = channel();
    let state = Mutex::new((0, sender));
    let sink = HostSink::new("outbox.deliver", move |record: Record, reply| {
        let mut state = state.lock().unwrap();
        state.0 += 1;
        match state.0 {
            1 => reply.fail(raised()),
            _ => {
                state.1.send(record.id().to_owned()).unwrap();
                reply.answer(Outcome::Delivered);
            }
        }
    });
    let delivery = turnwire::outbox::Delivery::new().initial_backoff(Duration::from_millis(5));
    let outbox = Outbox::builder().delivery(delivery).sink(sink).start().unwrap();
    outbox.enqueue(Record::new("c", "m", json!({}))).unwrap();
    assert_eq!(delivered.recv_timeout(LONG).unwrap(), "m");
    let flush = call(async move { Ok(outbox.flush(LONG).await) }).unwrap();
    answer(&flush).unwrap();
}
