//! Stages that fail, hang or return garbage, singly and in pairs: the reply streams whenever the model does, and
//! each message ends delivered, pending, or dead with the reason.

use std::future::pending;
use std::time::Duration;

use futures::StreamExt;
use tokio::runtime::Handle;
use turnwire::config::Timeouts;
use turnwire::turn::{HistoryLimits, TurnsBuilder};
use turnwire::{Error, ErrorKind, OpenAi, Turns};
use turnwire_fakes::{FakeStore, Framing, Script};

use super::{Bench, MESSAGE, ai, impatient, read, user};

/// Time limit for a model that never answers.
const SHORT: Duration = Duration::from_millis(400);

/// A fault of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// A transient failure.
    Fails,
    /// A permanent failure.
    Refuses,
    Hangs,
    Garbage,
    Breaks,
}

use Fault::{Breaks, Fails, Garbage, Hangs, Refuses};

/// The failing stages, by the name of their script, or `sentiment`.
type Case = (bool, Vec<(&'static str, Fault)>);

const NEW: [&str; 7] = [
    "sentiment",
    "m whole",
    "create-workspace",
    "start-session",
    "save",
    "update-messages",
    "m stream",
];
const KNOWN: [&str; 5] = ["sentiment", "history", "save", "update-messages", "m stream"];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (is_new, stages) in [(true, &NEW[..]), (false, &KNOWN[..])] {
        for (at, &one) in stages.iter().enumerate() {
            for fault in [Fails, Refuses, Hangs, Garbage, Breaks] {
                cases.push((is_new, vec![(one, fault)]));
            }
            for &other in &stages[at + 1..] {
                for fault in [Fails, Hangs, Garbage] {
                    for with in [Refuses, Hangs, Garbage] {
                        cases.push((is_new, vec![(one, fault), (other, with)]));
                    }
                }
            }
        }
    }
    cases
}

/// The service's answer with that fault.
fn script(fault: Fault, refusal: fn(u16, &str) -> Script) -> Script {
    let raw = || Script::new().framing(Framing::Raw);
    match fault {
        Fails => refusal(500, "broken"),
        Refuses => refusal(400, "never"),
        Hangs => raw().stall(),
        Garbage => Script::new().send("<html>Sign in</html>"),
        Breaks => raw().reset(),
    }
}

fn apply(bench: &Bench, settings: TurnsBuilder, stage: &str, fault: Fault) -> TurnsBuilder {
    match stage {
        "sentiment" => settings.sentiment(move |_: String| async move {
            match fault {
                Fails | Refuses => Err(Error::new(ErrorKind::Api, "bert", "no such file")),
                Hangs => pending().await,
                Garbage => Ok("\0".repeat(10_000)),
                Breaks => panic!("a bug in the callback"),
            }
        }),
        "m whole" | "m stream" => {
            bench.llm.script(stage, script(fault, Script::error));
            settings
        }
        _ => {
            bench.store.fake().script(stage, script(fault, FakeStore::refusal));
            settings
        }
    }
}

/// Settings with short waits for faults. The model's limits are parameters: where its reply is expected, it may take as
/// long as a busy machine needs.
fn settings(bench: &Bench, limit: Duration) -> TurnsBuilder {
    let limit = Some(limit);
    let timeouts = Timeouts::new().headers(limit).idle(limit);
    let llm = OpenAi::builder().base_url(bench.llm.base_url()).api_key("sk-of-the-test");
    let llm = llm.no_proxy().retry(impatient()).timeouts(timeouts).build().unwrap();
    let wait = Duration::from_millis(200);
    let mut settings = bench.settings_within(llm, Duration::from_millis(800));
    settings = settings.history(HistoryLimits::default().wait(wait));
    settings = settings.naming_limit(wait).workspace_wait(wait);
    settings.sentiment_budget(Duration::from_millis(50))
}

async fn run((is_new, faults): Case) {
    let about = format!("new: {is_new}, {faults:?}");
    let bench = Bench::start().await;
    let has = |stage: &str| faults.iter().any(|(name, _)| *name == stage);
    let replies = !has("m stream");
    let mut settings = settings(&bench, if replies { super::DEADLINE } else { SHORT });
    for (stage, fault) in &faults {
        settings = apply(&bench, settings, stage, *fault);
    }
    if replies {
        bench.llm.script("m stream", Script::chat(["a", "b"]));
    }
    let turns = settings.build().unwrap();
    let mut turn = turns.start(if is_new { bench.ask_anew() } else { bench.ask_on() });
    let read = read(&mut turn).await;
    if replies {
        assert!(read.error.is_none(), "{about}: {read:?}");
        assert_eq!((read.text().as_str(), read.kinds().last()), ("ab", Some(&"done")), "{about}");
    } else {
        assert!(read.error.is_some(), "{about}: {read:?}");
    }

    check_books(&bench, &turns, &about, replies, has("save")).await;
    assert!(turn.timeline().total.is_some(), "{about}");
    turns.shutdown(Duration::ZERO).await;
    drop((turn, turns));
    for fake in [&bench.llm, bench.store.fake()] {
        fake.wait_for(|log| log.open_connections == 0).await;
    }
}

/// Asserts that each message is delivered, pending, or dead with the reason.
async fn check_books(bench: &Bench, turns: &Turns, about: &str, replies: bool, saves_fail: bool) {
    turns.flush(Duration::from_secs(2)).await;
    let outbox = turns.outbox().unwrap();
    // On a busy machine an answer may still be in transit, or a workspace without its name, which holds its messages.
    let settled = async {
        loop {
            let (stats, saved) = (outbox.stats(), bench.saved());
            if saved.len() as u64 == stats.delivered && stats.held == 0 {
                return (stats, saved);
            }
            turns.flush(Duration::from_millis(50)).await;
        }
    };
    let settled = tokio::time::timeout(super::DEADLINE, settled).await;
    let (stats, saved) = settled.unwrap_or_else(|_| panic!("{about}: {:?}", outbox.stats()));
    let messages = 1 + u64::from(replies);
    assert_eq!(stats.accepted, messages, "{about}: {stats:?}");
    assert_eq!(stats.delivered + stats.pending + stats.dead, messages, "{about}: {stats:?}");
    let dead = outbox.dead_letters().unwrap();
    // On a busy machine the body of a refusal may not arrive within the limit: then the reason is the status.
    let refused = ["broken", "never", "HTTP 400: Bad Request"];
    for letter in &dead {
        let reason = &letter.reason;
        let is_known = reason.contains("its workspace could not be created: ")
            || saves_fail && refused.iter().any(|why| reason.contains(why));
        assert!(is_known, "{about}: {reason}");
    }
    let all = [user(MESSAGE), ai("ab")];
    assert!(all.starts_with(&saved), "{about}: {saved:?}");
}

#[tokio::test]
async fn no_fault_beside_the_reply_breaks_it_and_no_message_is_lost() {
    let cases = cases();
    assert!(cases.len() > 300, "{}", cases.len());
    futures::stream::iter(cases).map(run).buffer_unordered(48).collect::<Vec<_>>().await;
    // No task is left either.
    let metrics = Handle::current().metrics();
    let all_ended = async {
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(super::DEADLINE, all_ended).await;
    assert!(ended.is_ok(), "{} tasks are left", metrics.num_alive_tasks());
}

#[tokio::test]
async fn a_reply_that_breaks_midway_is_kept_as_far_as_it_came() {
    let start = || Script::new().role("assistant").text("a").text("b");
    let error = serde_json::json!({"error": {"message": "the model is overloaded"}});
    for script in [
        start().reset(),
        start().truncate(),
        start().stall(),
        start().sse(error),
        start().send("data: {\n\n"),
    ] {
        let bench = Bench::replying(script.clone()).await;
        let turns = settings(&bench, SHORT).build().unwrap();
        let read = read(&mut turns.start(bench.ask_anew())).await;
        let error = read.error.as_ref().unwrap();
        assert_eq!((read.text().as_str(), error.partial()), ("ab", Some("ab")), "{script:?}");
        turns.flush(super::DEADLINE).await;
        assert_eq!(bench.saved(), [user(MESSAGE), ai("ab")], "{script:?}");
    }
}

#[tokio::test]
async fn a_reply_without_text_is_an_error_and_nothing_of_it_is_kept() {
    for script in [Script::chat::<&str>([]), Script::chat([" ", "\n"])] {
        let bench = Bench::replying(script).await;
        let turns = bench.turns();
        let read = read(&mut turns.start(bench.ask_on())).await;
        let error = read.error.unwrap();
        assert_eq!(error.code(), "unexpected_reply");
        turns.flush(super::DEADLINE).await;
        assert_eq!(bench.saved(), [user(MESSAGE)]);
    }
}
