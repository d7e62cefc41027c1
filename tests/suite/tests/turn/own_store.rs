//! A custom store: turns keep their messages through the public trait alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use turnwire::conversation::{
    Conversations, CreateError, NewConversation, Owner, SessionStart, StoreMessage,
};
use turnwire::outbox::{Delivery, Outcome};
use turnwire::turn::{StageName, StageOutcome};
use turnwire::{Error, ErrorKind, Outbox, Result, TurnEvent, TurnRequest, Turns, async_trait};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, MESSAGE, USER, counts, read};

/// A store in memory, controlled by its test.
#[derive(Clone, Default)]
struct InMemory(Arc<State>);

#[derive(Default)]
struct State {
    /// The fault of each creation, in turn; without one it succeeds.
    faults: Mutex<Vec<Fault>>,
    creations: AtomicUsize,
    /// Calls in order, each with its user.
    calls: Mutex<Vec<String>>,
    messages: Mutex<Vec<StoreMessage>>,
    /// The errors of the first calls of `start_session`, the last one first.
    not_started: Mutex<Vec<ErrorKind>>,
    panics_in: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Fault {
    BeforeTheRequest,
    Refused,
    AnswerLost,
    ForGood,
}

impl InMemory {
    fn failing(faults: &[Fault]) -> Self {
        // Used from the end.
        let faults = Mutex::new(faults.iter().rev().copied().collect());
        InMemory(Arc::new(State { faults, ..State::default() }))
    }

    fn panicking(call: &'static str) -> Self {
        InMemory(Arc::new(State { panics_in: Some(call), ..State::default() }))
    }

    fn called(&self, call: &'static str, owner: Owner<'_>) {
        assert!(self.0.panics_in != Some(call), "{call} panics");
        let user = owner.user_id.unwrap_or("nobody");
        self.0.calls.lock().unwrap().push(format!("{call} for {user}"));
    }

    fn count(&self, call: &str) -> usize {
        let calls = self.0.calls.lock().unwrap();
        calls.iter().filter(|made| made.starts_with(&format!("{call} "))).count()
    }

    fn texts(&self) -> Vec<(String, String)> {
        let messages = self.0.messages.lock().unwrap();
        let text = |m: &StoreMessage| (m.workspace_id.clone(), m.content.clone());
        messages.iter().map(text).collect()
    }
}

#[async_trait]
impl Conversations for InMemory {
    async fn history(&self, owner: Owner<'_>, id: &str, limit: usize) -> Result<Vec<StoreMessage>> {
        self.called("history", owner);
        let messages = self.0.messages.lock().unwrap();
        let mut found: Vec<_> = messages.iter().filter(|m| m.workspace_id == id).cloned().collect();
        found.drain(..found.len().saturating_sub(limit));
        Ok(found)
    }

    async fn create(&self, new: NewConversation<'_>) -> Result<String, CreateError> {
        self.called("create", new.owner());
        let error = || Error::new(ErrorKind::Connect, "test.create", "the database is gone");
        let fault = self.0.faults.lock().unwrap().pop();
        if let Some(Fault::BeforeTheRequest) = fault {
            return Err(error().into());
        }
        let name = new.begin().await?.to_owned();
        match fault {
            Some(Fault::Refused) => Err(CreateError::not_created(error())),
            Some(Fault::AnswerLost) => Err(error().into()),
            Some(Fault::ForGood) => {
                Err(CreateError::not_created(error()).with_outcome(Outcome::dead("no room")))
            }
            Some(Fault::BeforeTheRequest) | None => {
                let number = self.0.creations.fetch_add(1, Ordering::SeqCst) + 1;
                Ok(format!("{name} {number}"))
            }
        }
    }

    async fn start_session(&self, session: SessionStart<'_>) -> Result<()> {
        self.called("start_session", session.owner);
        match self.0.not_started.lock().unwrap().pop() {
            None => Ok(()),
            Some(kind) => Err(Error::new(kind, "test.start_session", "no session")),
        }
    }

    async fn save(&self, owner: Owner<'_>, message: &StoreMessage) -> Outcome {
        self.called("save", owner);
        let mut messages = self.0.messages.lock().unwrap();
        messages.retain(|saved| saved.id != message.id);
        messages.push(message.clone());
        Outcome::Delivered
    }

    async fn saved(&self, owner: Owner<'_>, _: &StoreMessage) {
        self.called("saved", owner);
    }
}

/// Turns that keep their messages in this store, with an outbox with short waits.
async fn turns(store: &InMemory, replies: usize) -> (Bench, Turns) {
    let bench = Bench::start().await;
    for _ in 0..replies {
        bench.llm.script("m stream", Script::chat(["a", "b"]));
    }
    let delivery = Delivery::default()
        .initial_backoff(Duration::from_millis(5))
        .max_backoff(Duration::from_millis(20))
        .breaker_wait(Duration::from_millis(40))
        .max_breaker_wait(Duration::from_millis(80))
        .doubt_wait(Duration::from_millis(50));
    let outbox = Outbox::builder().delivery(delivery).start().unwrap();
    let turns =
        Turns::builder(bench.openai()).model("m").store(Arc::new(store.clone())).outbox(outbox);
    (bench, turns.build().unwrap())
}

fn ask() -> TurnRequest {
    // This store needs no tokens.
    TurnRequest::new(MESSAGE).user_id(USER)
}

#[tokio::test]
async fn a_conversation_is_created_kept_and_continued_in_a_store_of_ones_own() {
    let store = InMemory::default();
    let (bench, turns) = turns(&store, 2).await;
    let mut turn = turns.start(ask().new_workspace());
    let first = read(&mut turn).await;
    assert!(first.error.is_none(), "{first:?}");
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    let workspace = first.events.iter().find_map(|event| match event {
        TurnEvent::Workspace { workspace_id } => Some(workspace_id.clone()),
        _ => None,
    });
    let id = workspace.unwrap();
    let text = |text: &str| (id.clone(), text.to_owned());
    assert_eq!(store.texts(), [text(MESSAGE), text("ab")]);
    let made =
        ["create", "start_session", "save", "saved", "history"].map(|call| store.count(call));
    assert_eq!(made, [1, 1, 2, 2, 0]);
    let line = turn.timeline();
    for stage in [StageName::CreateWorkspace, StageName::StartSession, StageName::SaveAi] {
        assert_eq!(line.stage(stage).unwrap().outcome, StageOutcome::Done, "{line}");
    }

    let second = read(&mut turns.start(ask().workspace(&id))).await;
    assert!(second.error.is_none(), "{second:?}");
    assert_eq!(counts(&turns.flush(DEADLINE).await).1, 0);
    assert_eq!((store.count("history"), store.texts().len()), (1, 4));
    let requests = bench.llm.requests();
    let last = requests.iter().rfind(|request| request.body.contains("\"stream\":true")).unwrap();
    let messages = last.json().unwrap()["messages"].clone();
    let texts: Vec<_> = messages.as_array().unwrap().iter().map(|m| m["content"].clone()).collect();
    assert_eq!(texts, [MESSAGE, "ab", MESSAGE]);
    assert!(store.0.calls.lock().unwrap().iter().all(|call| call.ends_with(USER)));
}

#[tokio::test]
async fn a_reply_is_told_before_the_next_message_of_its_moment_whichever_was_saved_first() {
    let store = InMemory::default();
    let (bench, turns) = turns(&store, 1).await;
    let asked = |text, at| StoreMessage::from_user("w", USER, text, at);
    let (first, next) = (asked("하나", 1), asked("셋", 2));
    let reply = StoreMessage::reply_to(&first, "둘", 2);
    *store.0.messages.lock().unwrap() = vec![first, next, reply];
    read(&mut turns.start(ask().workspace("w"))).await;
    let messages = bench.llm.requests()[0].json().unwrap()["messages"].clone();
    let texts: Vec<_> = messages.as_array().unwrap().iter().map(|m| m["content"].clone()).collect();
    assert_eq!(texts, ["하나", "둘", "셋", MESSAGE]);
}

#[tokio::test]
async fn a_session_waits_for_a_store_that_is_not_reached_and_the_messages_with_it() {
    let away = [ErrorKind::Connect, ErrorKind::ConnectTimeout, ErrorKind::Connect];
    for (faults, starts) in [(&away[..], 4), (&[ErrorKind::Storage], 1)] {
        let store = InMemory::default();
        store.0.not_started.lock().unwrap().extend(faults);
        let (_bench, turns) = turns(&store, 1).await;
        let mut turn = turns.start(ask().new_workspace());
        read(&mut turn).await;
        assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
        let calls = ["create", "start_session", "save"].map(|call| store.count(call));
        assert_eq!(calls, [1, starts, 2]);
        let line = turn.timeline();
        let started = line.stages.iter().filter(|stage| stage.name == StageName::StartSession);
        let outcomes: Vec<_> = started.map(|stage| stage.outcome == StageOutcome::Done).collect();
        let is_started: Vec<_> = (0..starts).map(|n| n == faults.len()).collect();
        assert_eq!(outcomes, is_started, "{line}");
    }
}

#[tokio::test]
async fn a_creation_that_certainly_failed_is_tried_again() {
    let store = InMemory::failing(&[Fault::BeforeTheRequest, Fault::Refused]);
    let (_bench, turns) = turns(&store, 1).await;
    read(&mut turns.start(ask().new_workspace())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    assert_eq!((store.count("create"), store.0.creations.load(Ordering::SeqCst)), (3, 1));
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_never_repeated_and_one_refused_for_good_neither() {
    let faults = [(Fault::AnswerLost, "may have created it"), (Fault::ForGood, "no room")];
    for (fault, why) in faults {
        let store = InMemory::failing(&[fault]);
        let (_bench, turns) = turns(&store, 1).await;
        let mut turn = turns.start(ask().new_workspace());
        assert_eq!(read(&mut turn).await.text(), "ab", "the reply is whole all the same");
        assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 2));
        assert_eq!((store.count("create"), store.texts().len()), (1, 0));
        let letters = turns.outbox().unwrap().dead_letters().unwrap();
        assert!(letters[0].reason.contains(why), "{}", letters[0].reason);
        let outcome = turn.timeline().stage(StageName::SaveAi).unwrap().outcome.clone();
        assert!(matches!(outcome, StageOutcome::Failed(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_store_that_panics_costs_the_reply_nothing_and_is_named() {
    let store = InMemory::panicking("history");
    let (_bench, turns) = turns(&store, 1).await;
    let mut turn = turns.start(ask().workspace("w"));
    assert_eq!(read(&mut turn).await.text(), "ab");
    let outcome = turn.timeline().stage(StageName::History).unwrap().outcome.clone();
    let named = |why: &str| why.contains("InMemory") && why.contains("panicked");
    assert!(matches!(&outcome, StageOutcome::Failed(why) if named(why)), "{outcome:?}");

    let store = InMemory::panicking("save");
    let (_bench, turns) = self::turns(&store, 1).await;
    assert_eq!(read(&mut turns.start(ask().workspace("w"))).await.text(), "ab");
    turns.flush(Duration::from_millis(100)).await;
    let pending = turns.outbox().unwrap().pending().unwrap();
    let reason = pending.iter().find_map(|record| record.reason.clone()).unwrap();
    assert!(named(&reason), "{reason}");
}
