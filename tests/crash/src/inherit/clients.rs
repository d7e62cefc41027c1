//! The clients, and a call of each.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use futures::{Stream, StreamExt};
use tokio::runtime::Runtime;
use turnwire::conversation::StoreMessage;
use turnwire::outbox::{FlushReport, Record};
use turnwire::speech::{OpenAiSpeaker, ServiceSpeaker, Speaker, SpeechRequest};
use turnwire::turn::{LlmSentiment, OnDisconnect, Sentiment};
use turnwire::{
    ChatRequest, ChatService, ChatStore, GoogleTranslateSpeaker, OpenAi, Outbox, Speech, TurnEvent,
    TurnRequest, Turns,
};

use super::family::{HUNG, Moment};
use super::{Place, USER};

/// The deadline of `flush` and `shutdown`, longer than a child may need for them.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

const MODEL: &str = "m";

/// A kind of client: a row of the table.
pub(super) struct Kind {
    pub(super) name: &'static str,
    open: fn(&Place) -> Result<Box<dyn Client>>,
    streams: bool,
    hangs: bool,
}

/// A client used by both processes. A request of a call contains `name`, the name of the process.
pub(super) trait Client: Sync {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()>;

    /// Starts a stream.
    fn begin(&self, _runtime: &Runtime, _name: &str) -> Result<Box<dyn Reading>> {
        bail!("it has no streams")
    }

    /// Starts background work that does not end.
    fn hang(&self, _runtime: &Runtime) -> Result<()> {
        bail!("it has no work in the background")
    }

    /// Returns true if that work waits for the model.
    fn hangs_at_the_model(&self) -> bool {
        false
    }

    /// Flushes and shuts down, if the client supports it.
    fn leave(&self, _runtime: &Runtime) -> Result<()> {
        Ok(())
    }
}

/// A stream being read; `false` is its good end.
pub(super) trait Reading {
    fn next(&mut self, runtime: &Runtime) -> turnwire::Result<bool>;
}

/// Every client of the library.
pub(super) static CLIENTS: &[Kind] = &[
    Kind { name: "OpenAi", open: |p| Ok(Box::new(llm(p)?)), streams: true, hangs: false },
    Kind { name: "Turns", open: async_turns, streams: true, hangs: true },
    Kind { name: "ChatService", open: |p| Ok(Box::new(service(p)?)), streams: true, hangs: false },
    Kind { name: "ChatStore", open: |p| Ok(Box::new(store(p)?)), streams: false, hangs: false },
    Kind { name: "SqliteStore", open: super::embedded::open, streams: false, hangs: false },
    Kind { name: "GoogleTranslateSpeaker", open: google, streams: true, hangs: false },
    Kind { name: "OpenAiSpeaker", open: openai_speaker, streams: true, hangs: false },
    Kind { name: "ServiceSpeaker", open: service_speaker, streams: false, hangs: false },
    Kind { name: "Speech", open: speech, streams: true, hangs: false },
    Kind { name: "LlmSentiment", open: sentiment, streams: false, hangs: false },
    Kind { name: "Outbox in a file", open: outbox_in_file, streams: false, hangs: true },
    Kind { name: "Outbox in memory", open: outbox_in_memory, streams: false, hangs: true },
    Kind { name: "blocking::OpenAi", open: super::blocking::llm, streams: true, hangs: false },
    Kind { name: "blocking::Turns", open: super::blocking::turns, streams: true, hangs: true },
    Kind {
        name: "blocking::ChatService",
        open: super::blocking::service,
        streams: true,
        hangs: false,
    },
    Kind { name: "bridge::Turn", open: super::bridge::open, streams: true, hangs: true },
];

impl Kind {
    pub(super) fn open(&self, place: &Place) -> Result<Box<dyn Client>> {
        (self.open)(place)
    }

    pub(super) fn has(&self, moment: Moment) -> bool {
        match moment {
            Moment::Idle | Moment::Busy => true,
            Moment::Stream => self.streams,
            Moment::Unfinished => self.hangs,
        }
    }
}

pub(super) fn find(name: &str) -> Result<&'static Kind> {
    let found = CLIENTS.iter().find(|kind| kind.name == name);
    found.with_context(|| format!("there is no client {name:?}"))
}

/// A stream of any items.
struct Items<S>(S);

impl<T, S: Stream<Item = turnwire::Result<T>> + Unpin> Reading for Items<S> {
    fn next(&mut self, runtime: &Runtime) -> turnwire::Result<bool> {
        runtime.block_on(self.0.next()).transpose().map(|item| item.is_some())
    }
}

pub(super) fn asked(name: &str) -> ChatRequest {
    ChatRequest::new(MODEL).user(format!("{name} one two three four five six seven eight nine"))
}

pub(super) fn turn(place: &str, tokens: &(String, String)) -> TurnRequest {
    let message = format!("{place} one two three four five six seven eight nine");
    TurnRequest::new(message).user_id(USER).workspace(place).tokens(&*tokens.0, &*tokens.1)
}

pub(super) fn llm(place: &Place) -> Result<OpenAi> {
    Ok(OpenAi::builder().base_url(&*place.llm).api_key("sk-of-the-test").no_proxy().build()?)
}

fn service(place: &Place) -> Result<ChatService> {
    let service = ChatService::builder(&*place.chat).no_proxy();
    Ok(service.tokens(&*place.access, &*place.refresh).build()?)
}

fn store(place: &Place) -> Result<ChatStore> {
    let store = ChatStore::builder(&*place.store).no_proxy();
    Ok(store.tokens(&*place.access, &*place.refresh).build()?)
}

impl Client for OpenAi {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        runtime.block_on(self.chat(asked(name)))?;
        runtime.block_on(async { self.chat_stream(asked(name)).await?.finish().await })?;
        Ok(())
    }

    fn begin(&self, runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        Ok(Box::new(Items(runtime.block_on(self.chat_stream(asked(name)))?)))
    }
}

impl Client for ChatService {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        let request = || TurnRequest::new(format!("{name} one two")).workspace(name);
        runtime.block_on(self.send(request()))?;
        runtime.block_on(async { self.stream(request()).await?.finish().await })?;
        Ok(())
    }

    fn begin(&self, runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        let request = TurnRequest::new(format!("{name} one two three four five")).workspace(name);
        Ok(Box::new(Items(runtime.block_on(self.stream(request))?)))
    }
}

impl Client for ChatStore {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        runtime.block_on(self.save(&message(name)?))?;
        let kept = runtime.block_on(self.history(name))?;
        ensure!(!kept.is_empty(), "the message was not saved");
        Ok(())
    }
}

fn message(name: &str) -> Result<StoreMessage> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(StoreMessage::from_user(name, USER, format!("{name} says so"), now.as_millis().try_into()?))
}

/// A speaker of any kind.
struct Spoken<S>(S);

/// A text that needs several parts at Google Translate.
fn text(name: &str) -> String {
    format!("{name} {}", "one two three four five six seven eight nine ten ".repeat(8))
}

impl<S: Speaker> Client for Spoken<S> {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        let audio = async { self.0.speak(SpeechRequest::new(name)).await?.collect().await };
        let audio = runtime.block_on(audio)?;
        ensure!(!audio.is_empty(), "there is no audio");
        Ok(())
    }

    fn begin(&self, runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        let audio = runtime.block_on(self.0.speak(SpeechRequest::new(text(name))))?;
        Ok(Box::new(Items(audio)))
    }
}

fn google_speaker(place: &Place) -> GoogleTranslateSpeaker {
    let url = place.llm.trim_end_matches("/v1");
    GoogleTranslateSpeaker::new("en").base_url(url).no_proxy()
}

fn google(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Spoken(google_speaker(place))))
}

fn openai_speaker(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Spoken(OpenAiSpeaker::new(llm(place)?))))
}

fn service_speaker(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Spoken(ServiceSpeaker::new(service(place)?))))
}

impl Client for Speech {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        let audio = runtime.block_on(self.say(format!("{name}. And more.")).joined().whole())?;
        ensure!(!audio.is_empty(), "there is no audio");
        Ok(())
    }

    fn begin(&self, _runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        let sentences = (0..20).map(|n| format!("{name} speaks of thing number {n} today. "));
        Ok(Box::new(Items(self.say(sentences.collect::<String>()))))
    }
}

fn speech(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Speech::new(google_speaker(place))))
}

struct Labels(LlmSentiment);

impl Client for Labels {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        runtime.block_on(self.0.label(name.to_owned()))?;
        Ok(())
    }
}

fn sentiment(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Labels(LlmSentiment::new(llm(place)?))))
}

impl Client for Outbox {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        let message = message(name)?;
        let id = message.id.clone();
        self.enqueue(Record::new(name, id, serde_json::to_value(message)?))?;
        let report = runtime.block_on(self.flush(Duration::from_millis(500)));
        ensure!(report.dead == 0, "{:?}", self.dead_letters()?);
        Ok(())
    }

    fn hang(&self, _runtime: &Runtime) -> Result<()> {
        let message = message(HUNG)?;
        let id = message.id.clone();
        self.enqueue(Record::new(HUNG, id, serde_json::to_value(message)?))?;
        Ok(())
    }

    fn leave(&self, runtime: &Runtime) -> Result<()> {
        delivered(runtime.block_on(self.flush(DEADLINE)))?;
        delivered(runtime.block_on(self.shutdown(DEADLINE)))
    }
}

pub(super) fn delivered(report: FlushReport) -> Result<()> {
    ensure!(report.dead == 0, "{report:?}");
    Ok(())
}

fn outbox_in_file(place: &Place) -> Result<Box<dyn Client>> {
    let path = crate::outbox_in(std::path::Path::new(&place.directory));
    Ok(Box::new(Outbox::builder().path(path).sink(store(place)?).start()?))
}

fn outbox_in_memory(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Outbox::builder().sink(store(place)?).start()?))
}

/// The engine, with the tokens of its user.
pub(super) struct Engine<T>(pub(super) T, pub(super) (String, String));

pub(super) fn turns(place: &Place) -> Result<turnwire::turn::TurnsBuilder> {
    let turns =
        Turns::builder(llm(place)?).store(ChatStore::builder(&*place.store).no_proxy().build()?);
    Ok(turns.on_disconnect(OnDisconnect::Finish))
}

pub(super) fn tokens(place: &Place) -> (String, String) {
    (place.access.clone(), place.refresh.clone())
}

fn async_turns(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Engine(turns(place)?.build()?, tokens(place))))
}

impl Client for Engine<Turns> {
    fn call(&self, runtime: &Runtime, name: &str) -> Result<()> {
        let events: turnwire::Result<Vec<TurnEvent>> = runtime.block_on(async {
            let turn = self.0.start(turn(name, &self.1));
            turn.collect::<Vec<_>>().await.into_iter().collect()
        });
        ensure!(!events?.is_empty(), "the turn has no events");
        Ok(())
    }

    fn begin(&self, runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        let _context = runtime.enter();
        Ok(Box::new(Items(self.0.start(turn(name, &self.1)))))
    }

    fn hang(&self, runtime: &Runtime) -> Result<()> {
        let _context = runtime.enter();
        drop(self.0.start(turn(HUNG, &self.1)));
        Ok(())
    }

    fn hangs_at_the_model(&self) -> bool {
        true
    }

    fn leave(&self, runtime: &Runtime) -> Result<()> {
        delivered(runtime.block_on(self.0.flush(DEADLINE)))?;
        delivered(runtime.block_on(self.0.shutdown(DEADLINE)))
    }
}
