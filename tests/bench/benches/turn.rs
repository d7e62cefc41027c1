//! One turn of a new conversation in three ways, on the same fakes with the same delays: what its reader waits for.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use tokio::time::{Instant, sleep};
use turnwire::conversation::StoreMessage;
use turnwire::{ChatRequest, ChatStore, OpenAi, TurnEvent, TurnRequest, Turns};
use turnwire_bench::{arguments, median};
use turnwire_fakes::{Fake, FakeStore, Script};

const SENTIMENT: Duration = Duration::from_millis(300);
const NAMING_MS: u64 = 800;
const CREATE_MS: u64 = 50;
const SESSION_MS: u64 = 50;
const FIRST_TOKEN_MS: u64 = 400;
const TOKENS: u64 = 40;
const TOKEN_MS: u64 = 25;
const SAVE_MS: u64 = 100;
const SPEECH: Duration = Duration::from_millis(1500);

const ROUNDS: usize = 5;
const USER: &str = "user";
const MESSAGE: &str = "오늘 기분이 어때요?";

/// Times of one turn, from the user's message, in milliseconds.
struct Times {
    first_content: f64,
    done: f64,
    saved: f64,
}

/// The services.
struct World {
    llm: OpenAi,
    store: ChatStore,
    _fakes: (Fake, FakeStore),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    ensure!(arguments().is_empty(), "this benchmark takes no options");
    let world = World::start()?;
    // One turn of each first: afterwards all of them find their connections open.
    let mut ways = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let times = [world.sequential().await?, world.serial().await?, world.engine().await?];
        if round > 0 {
            ways.iter_mut().zip(times).for_each(|(way, times)| way.push(times));
        }
    }
    table(&ways);
    Ok(())
}

impl World {
    fn start() -> Result<Self> {
        let llm = Fake::spawn_thread()?;
        let name = serde_json::json!({
            "id": "name", "object": "chat.completion", "created": 0, "model": "m",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "오늘의 기분"},
            }],
        });
        llm.script("m whole", Script::body(name).wait_ms_before_headers(NAMING_MS));
        let reply = Script::new().role("assistant").wait_ms(FIRST_TOKEN_MS);
        let reply = reply.repeat(TOKENS, |body| body.text("안녕").wait_ms(TOKEN_MS));
        llm.script("m stream", reply.finish("stop").done());

        let store = FakeStore::spawn_thread()?;
        for (call, ms) in
            [("create-workspace", CREATE_MS), ("start-session", SESSION_MS), ("save", SAVE_MS)]
        {
            store.fake().script(call, Script::pass().wait_ms_before_headers(ms));
        }
        let login = store.login(USER);
        Ok(World {
            llm: OpenAi::builder().base_url(llm.base_url()).no_proxy().build()?,
            store: ChatStore::builder(store.url())
                .tokens(login.access.as_str(), login.refresh.as_str())
                .no_proxy()
                .build()?,
            _fakes: (llm, store),
        })
    }

    fn ask(&self) -> ChatRequest {
        ChatRequest::new("m").user(MESSAGE)
    }

    /// A workspace, step by step.
    async fn workspace(&self) -> Result<String> {
        let name = self.llm.chat(self.ask()).await?;
        let workspace = self.store.create_workspace(USER, name.text()).await?;
        self.store.start_session(&workspace.id, USER).await?;
        Ok(workspace.id)
    }

    async fn save(&self, workspace: &str, reply: &str) -> Result<()> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let asked = StoreMessage::from_user(workspace, USER, MESSAGE, now);
        self.store.save(&asked).await?;
        self.store.save(&StoreMessage::reply_to(&asked, reply, now)).await?;
        Ok(())
    }

    /// Everything before anything is shown.
    async fn sequential(&self) -> Result<Times> {
        let start = Instant::now();
        let workspace = self.workspace().await?;
        sleep(SENTIMENT).await;
        let reply = self.llm.chat_stream(self.ask()).await?.finish().await?;
        sleep(SPEECH).await;
        self.save(&workspace, reply.text()).await?;
        let done = ms(start);
        Ok(Times { first_content: done, done, saved: done })
    }

    /// The reply is streamed, but only once everything before it is over.
    async fn serial(&self) -> Result<Times> {
        let start = Instant::now();
        let workspace = self.workspace().await?;
        sleep(SENTIMENT).await;
        let mut stream = self.llm.chat_stream(self.ask()).await?;
        let mut first_content = None;
        while let Some(chunk) = stream.next().await {
            if !chunk?.text().is_empty() {
                first_content.get_or_insert_with(|| ms(start));
            }
        }
        let done = ms(start);
        self.save(&workspace, stream.into_reply()?.text()).await?;
        let first_content = first_content.context("the reply is empty")?;
        Ok(Times { first_content, done, saved: ms(start) })
    }

    async fn engine(&self) -> Result<Times> {
        let turns = Turns::builder(self.llm.clone())
            .model("m")
            .store(self.store.clone())
            .sentiment(|_| async {
                sleep(SENTIMENT).await;
                Ok("중립".to_owned())
            })
            .build()?;
        let start = Instant::now();
        let mut turn = turns.start(TurnRequest::new(MESSAGE).user_id(USER).new_workspace());
        let mut first_content = None;
        while let Some(event) = turn.next().await {
            if let TurnEvent::Content { .. } = event? {
                first_content.get_or_insert_with(|| ms(start));
            }
        }
        let done = ms(start);
        let report = turns.flush(Duration::from_secs(10)).await;
        ensure!(report.delivered == 2, "the engine did not save both messages: {report:?}");
        let first_content = first_content.context("the reply is empty")?;
        Ok(Times { first_content, done, saved: ms(start) })
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn table(ways: &[Vec<Times>; 3]) {
    println!(
        "one turn of a new conversation, median of {ROUNDS} (sentiment {} ms, name {NAMING_MS}, workspace {CREATE_MS}, \
         session {SESSION_MS}, first token {FIRST_TOKEN_MS}, {TOKENS} tokens at {TOKEN_MS}, speech {}, save {SAVE_MS})",
        SENTIMENT.as_millis(),
        SPEECH.as_millis()
    );
    let names = ["one after another", "streamed, but serial", "turnwire"];
    let of = |way: &[Times], part: fn(&Times) -> f64| median(way.iter().map(part));
    let parts: [fn(&Times) -> f64; 3] = [|t| t.first_content, |t| t.done, |t| t.saved];
    println!("{:<22} {:>17} {:>17} {:>17}", "", "first content ms", "done ms", "saved ms");
    let [.., engine] = ways;
    for (name, way) in names.iter().zip(ways) {
        print!("{name:<22}");
        for part in parts {
            let time = of(way, part);
            print!(" {:>17}", format!("{time:.0} ({:.1}x)", time / of(engine, part)));
        }
        println!();
    }
    println!("Speech is part of the first way alone: the others speak on demand, after the text.");
}
