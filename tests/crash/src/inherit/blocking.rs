//! The clients of code that is not async.

use anyhow::{Result, ensure};
use tokio::runtime::Runtime;
use turnwire::{TurnEvent, TurnRequest, blocking};

use super::Place;
use super::clients::{self, Client, DEADLINE, Engine, Reading, asked, delivered, tokens, turn};
use super::family::HUNG;

/// An iterator over any items.
struct Iterated<I>(I);

impl<T, I: Iterator<Item = turnwire::Result<T>>> Reading for Iterated<I> {
    fn next(&mut self, _runtime: &Runtime) -> turnwire::Result<bool> {
        self.0.next().transpose().map(|item| item.is_some())
    }
}

impl Client for blocking::OpenAi {
    fn call(&self, _runtime: &Runtime, name: &str) -> Result<()> {
        self.chat(asked(name))?;
        self.chat_stream(asked(name))?.finish()?;
        Ok(())
    }

    fn begin(&self, _runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        Ok(Box::new(Iterated(self.chat_stream(asked(name))?)))
    }
}

pub(super) fn llm(place: &Place) -> Result<Box<dyn Client>> {
    let llm = blocking::OpenAi::builder().base_url(&*place.llm).api_key("sk-of-the-test");
    Ok(Box::new(llm.no_proxy().build_blocking()?))
}

impl Client for blocking::ChatService {
    fn call(&self, _runtime: &Runtime, name: &str) -> Result<()> {
        let request = || TurnRequest::new(format!("{name} one two")).workspace(name);
        self.send(request())?;
        self.stream(request())?.finish()?;
        Ok(())
    }

    fn begin(&self, _runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        let request = TurnRequest::new(format!("{name} one two three four five")).workspace(name);
        Ok(Box::new(Iterated(self.stream(request)?)))
    }
}

pub(super) fn service(place: &Place) -> Result<Box<dyn Client>> {
    let service = blocking::ChatService::builder(&*place.chat).no_proxy();
    Ok(Box::new(service.tokens(&*place.access, &*place.refresh).build_blocking()?))
}

impl Client for Engine<blocking::Turns> {
    fn call(&self, _runtime: &Runtime, name: &str) -> Result<()> {
        let events: Vec<TurnEvent> =
            self.0.start(turn(name, &self.1)).collect::<turnwire::Result<_>>()?;
        ensure!(!events.is_empty(), "the turn has no events");
        Ok(())
    }

    fn begin(&self, _runtime: &Runtime, name: &str) -> Result<Box<dyn Reading>> {
        Ok(Box::new(Iterated(self.0.start(turn(name, &self.1)))))
    }

    fn hang(&self, _runtime: &Runtime) -> Result<()> {
        drop(self.0.start(turn(HUNG, &self.1)));
        Ok(())
    }

    fn hangs_at_the_model(&self) -> bool {
        true
    }

    fn leave(&self, _runtime: &Runtime) -> Result<()> {
        delivered(self.0.flush(DEADLINE))?;
        delivered(self.0.shutdown(DEADLINE))
    }
}

pub(super) fn turns(place: &Place) -> Result<Box<dyn Client>> {
    Ok(Box::new(Engine(clients::turns(place)?.build_blocking()?, tokens(place))))
}
