//! A turn's events on their way to a host language: as JSON text, a batch at a time.

use super::items::{Collect, Items};
use crate::event::TurnEvent;

/// Events that were pulled, in their order, as JSON.
#[derive(Debug, Default)]
pub struct Events {
    /// The objects with commas between them.
    json: String,
    count: usize,
}

impl Events {
    /// The number of events.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The events as one JSON list. Each is the object of the wire, such as `{"type": "content", "content": "안녕"}`.
    pub fn into_json(self) -> String {
        let mut json = self.json;
        json.insert(0, '[');
        json.push(']');
        json
    }
}

impl Items for Events {
    fn count(&self) -> usize {
        self.count
    }

    fn bytes(&self) -> usize {
        self.json.len()
    }

    fn append(&mut self, later: Self) {
        if self.count > 0 && later.count > 0 {
            self.json.push(',');
        }
        self.json.push_str(&later.json);
        self.count += later.count;
    }
}

impl Collect<TurnEvent> for Events {
    fn push(&mut self, event: TurnEvent) {
        if self.count > 0 {
            self.json.push(',');
        }
        self.json.push_str(&event.to_json());
        self.count += 1;
    }
}
