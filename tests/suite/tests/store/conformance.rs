//! Cases that every store of conversations passes: the client of the chat store, and the embedded store.
//!
//! The client calls the fake store; and a running one too, where `TURNWIRE_CHAT_STORE_URL` names it, as
//! `cargo xtask test store` does. The fake signs the tokens of both: they have the same secret.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use turnwire::conversation::{
    Conversations, MessageType, Owner, SenderRole, StoreMessage, Workspace, WorkspaceStatus,
};
use turnwire::credentials::Tokens;
use turnwire::outbox::Outcome;
use turnwire::{ChatStore, OpenAi, Result, SqliteStore, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Record, Script};

use super::{SENT_AT, USER};

const OTHER: &str = "0b1e55ed-0000-4000-8000-000000000009";
const DEADLINE: Duration = Duration::from_secs(60);

/// A store under test, with its logged-in users.
enum Stage {
    Service { url: String, fake: FakeStore },
    File { store: SqliteStore, _directory: TempDir },
}

impl Stage {
    async fn fake() -> Self {
        let fake = FakeStore::start().await.unwrap();
        Stage::Service { url: fake.url(), fake }
    }

    async fn running() -> Option<Self> {
        let url = std::env::var("TURNWIRE_CHAT_STORE_URL").ok()?;
        Some(Stage::Service { url, fake: FakeStore::start().await.unwrap() })
    }

    fn file() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path().join("chat.db")).unwrap();
        Stage::File { store, _directory: directory }
    }

    fn store(&self) -> Arc<dyn Conversations> {
        match self {
            Stage::Service { .. } => Arc::new(self.client(USER)),
            Stage::File { store, .. } => Arc::new(store.clone()),
        }
    }

    /// A client of the service for one user.
    fn client(&self, user: &str) -> ChatStore {
        let Stage::Service { url, fake } = self else { panic!("a file has no client") };
        let login = fake.login(user);
        let client = ChatStore::builder(url).no_proxy().tokens(login.access, login.refresh);
        client.build().unwrap()
    }

    async fn create(&self, user: &str, name: &str) -> Result<Workspace> {
        match self {
            Stage::Service { .. } => self.client(user).create_workspace(user, name).await,
            Stage::File { store, .. } => store.create_workspace(user, name).await,
        }
    }

    async fn workspaces(&self, user: &str) -> Vec<Workspace> {
        match self {
            Stage::Service { .. } => {
                self.client(user).workspaces(user, WorkspaceStatus::Active).await
            }
            Stage::File { store, .. } => store.workspaces(user).await,
        }
        .unwrap()
    }

    async fn save(&self, message: &StoreMessage) -> Outcome {
        self.store().save(self.owner(USER, &self.tokens()), message).await
    }

    async fn history(&self, workspace: &str, limit: usize) -> Result<Vec<StoreMessage>> {
        self.store().history(self.owner(USER, &self.tokens()), workspace, limit).await
    }

    fn tokens(&self) -> Tokens {
        match self {
            Stage::Service { fake, .. } => {
                let login = fake.login(USER);
                Tokens::new(login.access, login.refresh)
            }
            Stage::File { .. } => Tokens::new("unused", "unused"),
        }
    }

    fn owner<'a>(&self, user: &'a str, tokens: &'a Tokens) -> Owner<'a> {
        let mut owner = Owner::default();
        owner.user_id = Some(user);
        owner.tokens = matches!(self, Stage::Service { .. }).then_some(tokens);
        owner
    }

    /// The user's message, with tokens only where the store needs them.
    fn ask(&self, text: &str) -> TurnRequest {
        let request = TurnRequest::new(text).user_id(USER);
        match self {
            Stage::Service { fake, .. } => {
                let login = fake.login(USER);
                request.tokens(login.access, login.refresh)
            }
            Stage::File { .. } => request,
        }
    }
}

/// Runs a case on each store.
async fn on_each<Running: Future<Output = ()>>(case: impl Fn(Arc<Stage>) -> Running) {
    case(Arc::new(Stage::fake().await)).await;
    if let Some(running) = Stage::running().await {
        case(Arc::new(running)).await;
    }
    case(Arc::new(Stage::file())).await;
}

fn message(workspace: &str, text: &str, sent_at: i64) -> StoreMessage {
    StoreMessage::from_user(workspace, USER, text, sent_at)
}

#[tokio::test]
async fn every_field_of_a_message_comes_back() {
    on_each(async |stage: Arc<Stage>| {
        let id = stage.create(USER, "이름").await.unwrap().id;
        let mut asked = message(&id, "안녕\n\"하세요\" 😀\u{0}\t", SENT_AT);
        asked.kind = MessageType::Voice;
        let reply = StoreMessage::reply_to(&asked, "반갑습니다", SENT_AT);
        for message in [&asked, &reply] {
            assert_eq!(stage.save(message).await, Outcome::Delivered);
        }
        assert_eq!(stage.history(&id, 9).await.unwrap(), [asked, reply.clone()]);
        assert_eq!((reply.role, reply.parent_id.is_some()), (SenderRole::Ai, true));
    })
    .await;
}

#[tokio::test]
async fn a_history_is_the_latest_messages_in_order_of_their_times() {
    on_each(async |stage: Arc<Stage>| {
        let id = stage.create(USER, "a").await.unwrap().id;
        assert_eq!(stage.history(&id, 9).await.unwrap(), []);
        for n in 0..10 {
            let at = n * 7 % 10;
            let saved = message(&id, &at.to_string(), SENT_AT + at);
            assert_eq!(stage.save(&saved).await, Outcome::Delivered);
        }
        let texts = async |limit| {
            let history = stage.history(&id, limit).await.unwrap();
            history.into_iter().map(|message| message.content).collect::<String>()
        };
        assert_eq!(texts(usize::MAX).await, "0123456789");
        assert_eq!(texts(3).await, "789");
        assert_eq!(texts(0).await, "");
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_saved_twice_is_one_and_the_last_save_holds() {
    on_each(async |stage: Arc<Stage>| {
        let id = stage.create(USER, "a").await.unwrap().id;
        let mut saved = message(&id, "first", SENT_AT);
        for text in ["first", "first", "second"] {
            saved.content = text.to_owned();
            assert_eq!(stage.save(&saved).await, Outcome::Delivered);
        }
        assert_eq!(stage.history(&id, 9).await.unwrap(), [saved]);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_cannot_be_kept_is_no_delivery() {
    on_each(async |stage: Arc<Stage>| {
        let id = stage.create(USER, "a").await.unwrap().id;
        let empty = stage.save(&message(&id, "", SENT_AT)).await;
        assert!(matches!(empty, Outcome::Dead { .. }), "{empty:?}");
        let nowhere = stage.save(&message("nowhere", "text", SENT_AT)).await;
        assert!(matches!(nowhere, Outcome::Dead { .. } | Outcome::Retry { .. }), "{nowhere:?}");
        assert_eq!(stage.history(&id, 9).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn each_user_has_workspaces_with_names_of_a_hundred_characters_at_most() {
    on_each(async |stage: Arc<Stage>| {
        let made = stage.create(USER, &"가".repeat(100)).await.unwrap();
        assert_eq!(made.user_id.as_deref(), Some(USER));
        assert_eq!(made.status, Some(WorkspaceStatus::Active));
        assert!(made.created_at.unwrap() > SENT_AT && made.deleted_at.is_none());
        assert!(stage.create(USER, &"가".repeat(101)).await.is_err());
        let theirs = stage.create(OTHER, "theirs").await.unwrap();
        // A running store has those of other cases too.
        let (mine, others) = (stage.workspaces(USER).await, stage.workspaces(OTHER).await);
        assert!(mine.contains(&made) && !mine.contains(&theirs), "{mine:?}");
        assert!(others.contains(&theirs) && !others.contains(&made), "{others:?}");
    })
    .await;
}

#[tokio::test]
async fn turns_create_a_workspace_keep_their_messages_in_it_and_continue() {
    on_each(async |stage: Arc<Stage>| {
        let llm = Fake::start().await.unwrap();
        let choice = json!({
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "좋은 날"},
        });
        let name = json!({
            "id": "n", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice],
        });
        llm.script("m whole", Script::body(name));
        llm.script("m stream", Script::chat(["반갑", "습니다"]));
        let openai = OpenAi::builder().base_url(llm.base_url()).api_key("sk-of-the-test");
        let turns = Turns::builder(openai.no_proxy().build().unwrap()).model("m");
        let turns = turns.store(stage.store()).build().unwrap();

        let answer = turns.start(stage.ask("안녕").new_workspace()).finish().await.unwrap();
        assert_eq!(answer.reply, "반갑습니다");
        let report = turns.flush(DEADLINE).await;
        assert_eq!((report.delivered, report.pending, report.dead), (2, 0, 0));
        let id = answer.workspace_id.unwrap();
        let texts = async || {
            let history = stage.history(&id, 9).await.unwrap();
            history.into_iter().map(|message| message.content).collect::<Vec<_>>()
        };
        assert_eq!(texts().await, ["안녕", "반갑습니다"]);
        let made = stage.workspaces(USER).await.into_iter().find(|w| w.id == id);
        assert_eq!(made.map(|workspace| workspace.name).as_deref(), Some("좋은 날"));

        turns.start(stage.ask("또 왔어요").workspace(&*id)).finish().await.unwrap();
        turns.flush(DEADLINE).await;
        assert_eq!(texts().await, ["안녕", "반갑습니다", "또 왔어요", "반갑습니다"]);
        let asked: Vec<Value> = llm.requests().iter().filter_map(Record::json).collect();
        let last = asked.iter().rfind(|json| json["stream"] == true).unwrap();
        let said: Vec<_> =
            last["messages"].as_array().unwrap().iter().map(|m| &m["content"]).collect();
        assert_eq!(said, ["안녕", "반갑습니다", "또 왔어요"]);
    })
    .await;
}

#[tokio::test]
async fn a_message_for_a_workspace_that_does_not_exist_ends_as_a_dead_letter_that_says_so() {
    let stage = Stage::file();
    let llm = Fake::start().await.unwrap();
    llm.script("m stream", Script::chat(["네"]));
    let openai = OpenAi::builder().base_url(llm.base_url()).api_key("sk-of-the-test");
    let turns = Turns::builder(openai.no_proxy().build().unwrap()).model("m");
    let turns = turns.store(stage.store()).build().unwrap();
    let answer = turns.start(stage.ask("안녕").workspace("nowhere")).finish().await.unwrap();
    assert_eq!(answer.reply, "네", "the reply is whole all the same");
    let report = turns.flush(DEADLINE).await;
    assert_eq!((report.delivered, report.pending, report.dead), (0, 0, 2));
    for letter in turns.outbox().unwrap().dead_letters().unwrap() {
        assert!(
            letter.reason.contains("the user has no workspace \"nowhere\""),
            "{}",
            letter.reason
        );
    }
}
