//! The spans of a turn, its stages, the calls of its store, and its deliveries. Alone in its process, because stages run on
//! several threads, and so the subscriber is the process's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use turnwire::{ChatStore, OpenAi, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Script};

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";

#[derive(Clone, Debug, Default)]
struct Seen {
    name: &'static str,
    parent: Option<u64>,
    fields: BTreeMap<String, String>,
    is_closed: bool,
}

#[derive(Clone, Default)]
struct Spans(Arc<Mutex<BTreeMap<u64, Seen>>>);

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").replace('"', ""));
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.span(id).and_then(|span| Some(span.parent()?.id().into_u64()));
        let name = attributes.metadata().name();
        let mut seen = Seen { name, parent, ..Seen::default() };
        attributes.record(&mut Fields(&mut seen.fields));
        self.0.lock().unwrap().insert(id.into_u64(), seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        if let Some(seen) = self.0.lock().unwrap().get_mut(&id.into_u64()) {
            values.record(&mut Fields(&mut seen.fields));
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        // The registry reuses ids: a closed span moves out of the way.
        let mut all = self.0.lock().unwrap();
        if let Some(mut seen) = all.remove(&id.into_u64()) {
            seen.is_closed = true;
            let free = (0..).find(|n| !all.contains_key(&(u64::MAX - n))).unwrap_or_default();
            all.values_mut().filter(|other| other.parent == Some(id.into_u64())).for_each(
                |other| {
                    other.parent = Some(u64::MAX - free);
                },
            );
            all.insert(u64::MAX - free, seen);
        }
    }
}

impl Seen {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_turn_is_a_span_with_its_stages_and_without_a_word_of_it() {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let is_first = turnwire::propagation::set_propagator(|headers| {
        let span = tracing::Span::current();
        let name = span.metadata().map(|metadata| metadata.name()).unwrap_or_default();
        headers.insert("x-span", name.parse().unwrap());
        headers.insert("accept", "text/html".parse().unwrap());
    });
    assert!(is_first && !turnwire::propagation::set_propagator(|_| panic!("a second one")));

    let (llm, store) = (Fake::start().await.unwrap(), FakeStore::start().await.unwrap());
    let reply = Script::new().role("assistant").text("비밀").finish("stop").usage(3, 2).done();
    llm.script("m stream", Script::new().role("assistant").truncate());
    llm.script("n stream", reply);
    llm.script("m whole", Script::error(400, "no names of 10.0.0.7"));
    let openai = OpenAi::builder().base_url(llm.base_url()).api_key("sk").no_proxy();
    let turns = Turns::builder(openai.build().unwrap())
        .model("m")
        .fallback("n")
        .store(ChatStore::builder(store.url()).no_proxy().build().unwrap())
        .usage_events(true)
        .build()
        .unwrap();
    let login = store.login(USER);
    let request = TurnRequest::new("안녕하세요").user_id(USER).new_workspace();
    let turn = turns.start(request.tokens(login.access, login.refresh));
    let id = turn.id().to_owned();
    turn.finish().await.unwrap();
    assert_eq!(turns.flush(Duration::from_secs(10)).await.delivered, 2);

    // Requests have the context of their own span, beside their own headers.
    let of_span = |requests: Vec<turnwire_fakes::Record>, path: &str| {
        let found = requests.into_iter().find(|request| request.path.ends_with(path)).unwrap();
        assert_ne!(found.header("accept"), Some("text/html"));
        found.header("x-span").map(str::to_owned)
    };
    assert_eq!(of_span(llm.requests(), "/chat/completions").as_deref(), Some("chat"));
    for path in ["/workspace/create", "/session/start", "/chat/save"] {
        assert_eq!(of_span(store.fake().requests(), path).as_deref(), Some("store"), "{path}");
    }

    let all = spans.0.lock().unwrap().clone();
    let of = |name: &'static str| all.iter().filter(move |(_, seen)| seen.name == name);
    let (turn_span, turn) = of("turn").next().unwrap();
    assert_eq!(of("turn").count(), 1);
    assert_eq!(turn.field("otel.name"), "invoke_workflow turn");
    assert_eq!(turn.field("gen_ai.operation.name"), "invoke_workflow");
    assert_eq!(turn.field("turnwire.turn.id"), id);
    assert_eq!(turn.field("gen_ai.request.model"), "n");
    assert_eq!(turn.field("turnwire.turn.fallback"), "true");
    assert_eq!(turn.field("gen_ai.usage.input_tokens"), "3");
    assert_eq!((turn.field("error.type"), turn.is_closed), ("", true), "{turn:?}");

    let stages: BTreeMap<String, Vec<&str>> =
        of("stage").fold(BTreeMap::new(), |mut stages, (_, stage)| {
            assert_eq!(stage.parent, Some(*turn_span), "{stage:?}");
            let name = stage.field("turnwire.stage.name").to_owned();
            stages.entry(name).or_default().push(stage.field("turnwire.stage.outcome"));
            stages
        });
    let names: Vec<_> = stages.keys().map(String::as_str).collect();
    let expected = ["create_workspace", "naming", "reply", "save_ai", "save_user", "start_session"];
    assert_eq!(names, expected);
    let failed: Vec<_> = of("stage").map(|(_, stage)| stage.field("error.type")).collect();
    assert!(failed.contains(&"bad_request") && failed.contains(&"truncated"), "{failed:?}");

    // Calls are children of the stage that makes them.
    let parent = |seen: &Seen| all[&seen.parent.unwrap()].field("turnwire.stage.name").to_owned();
    let chats: Vec<_> = of("chat").map(|(_, chat)| parent(chat)).collect();
    assert_eq!(chats.iter().filter(|stage| *stage == "reply").count(), 2, "{chats:?}");
    assert_eq!(chats.iter().filter(|stage| *stage == "naming").count(), 1, "{chats:?}");
    let saves = of("store").filter(|(_, call)| call.field("otel.name") == "store.save");
    let mut saves: Vec<_> = saves.map(|(_, call)| parent(call)).collect();
    saves.sort_unstable();
    assert_eq!(saves, ["save_ai", "save_user"]);
    let deliveries = of("outbox.delivery").map(|(_, seen)| seen.field("turnwire.record.outcome"));
    assert_eq!(deliveries.collect::<Vec<_>>(), ["delivered", "delivered"]);

    let said = format!("{all:?}");
    assert!(!said.contains("비밀") && !said.contains("안녕") && !said.contains("10.0.0.7"));
}
