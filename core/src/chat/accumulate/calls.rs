//! The tool calls of one message: assigns each piece to its call, and appends it.

use super::change::{At, Changes};
use super::merge::{Mode, merge_fields, missing_fields};
use super::nesting::Nesting;
use super::tally::Tally;
use crate::chat::assistant::{CUSTOM, CustomCall, FunctionCall, ToolCall};
use crate::chat::budget::MOST;
use crate::chat::delta::ToolCallDelta;

/// The tool calls of a message that is being received.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// In the order of the message's calls, sorted by their numbers.
    states: Vec<State>,
    /// The position of the call that was written last.
    last: Option<usize>,
}

#[derive(Debug)]
struct State {
    /// The call's number: the service's index if no other call had it.
    number: u32,
    /// The service's index.
    index: Option<u32>,
    arguments: Nesting,
}

/// The call that a piece belongs to.
enum Place {
    At(usize),
    New,
}

impl From<Option<usize>> for Place {
    fn from(place: Option<usize>) -> Self {
        place.map_or(Place::New, Place::At)
    }
}

impl Calls {
    /// The position of the call with this number, and true if its arguments are complete.
    #[cfg(feature = "bridge")]
    pub(super) fn find(&self, number: u32) -> Option<(usize, bool)> {
        let place = self.states.binary_search_by_key(&number, |state| state.number).ok()?;
        Some((place, self.is_whole(place)))
    }

    /// Adds the pieces of a chunk.
    pub(super) fn add<C: Changes>(
        &mut self,
        calls: &mut Vec<ToolCall>,
        pieces: &[ToolCallDelta],
        message: &At<'_>,
        tally: &mut Tally<'_, C>,
    ) {
        // Pieces without an index, id or name continue the calls in their order.
        let by_order = pieces.len() > 1 && pieces.iter().all(is_bare);
        let mut written = None;
        for (order, piece) in pieces.iter().enumerate() {
            let place = match by_order && order < calls.len() {
                true => Place::At(order),
                false => self.place_of(calls, piece, written.is_some() && written == self.last),
            };
            let Some((place, is_new)) = self.make_room(calls, place, piece.index) else { continue };
            self.last = Some(place);
            written = self.last;
            let (Some(call), Some(state)) = (calls.get_mut(place), self.states.get_mut(place))
            else {
                continue;
            };
            let at = message.name("tool_calls");
            let at = at.place(place);
            let added = if is_new {
                *tally.bytes += size_of::<ToolCall>() + size_of::<State>();
                let mut quiet = Tally { bytes: &mut *tally.bytes, changes: &mut () };
                let added = state.add(call, piece, &at, &mut quiet);
                tally.changes.insert(&at, call);
                added
            } else if changes_form(call, piece) {
                let mut quiet = Tally { bytes: &mut *tally.bytes, changes: &mut () };
                let added = state.add(call, piece, &at, &mut quiet);
                tally.changes.set(&at, call);
                added
            } else {
                state.add(call, piece, &at, tally)
            };
            tally.changes.called(state.number, added);
        }
    }

    /// Adds to the arguments of the call with this index of the service's, one piece of which was added before.
    pub(super) fn add_arguments(
        &mut self,
        calls: &mut [ToolCall],
        index: u32,
        arguments: &str,
        bytes: &mut usize,
    ) {
        let Some(place) = self.latest(index) else { return };
        self.last = Some(place);
        if let (Some(call), Some(state)) = (calls.get_mut(place), self.states.get_mut(place)) {
            let mut tally = Tally { bytes, changes: &mut () };
            state.add_arguments(call, arguments, &At::REPLY, &mut tally);
        }
    }

    /// The position of the latest call with this index of the service's.
    fn latest(&self, index: u32) -> Option<usize> {
        self.states.iter().rposition(|state| state.index == Some(index))
    }

    /// Finds the call of a piece. `is_beside` is true if the last call was written by the same chunk.
    fn place_of(&self, calls: &[ToolCall], piece: &ToolCallDelta, is_beside: bool) -> Place {
        let (id, name) = (id_of(piece), name_of(piece));
        let with_id = |id: &str| calls.iter().rposition(|call| call.id == id);
        let begins_anew = |place: usize| {
            calls.get(place).is_some_and(|call| self.begins_anew(place, call, piece))
        };
        if let Some(index) = piece.index {
            let has_index = |place: &usize| {
                self.states.get(*place).is_some_and(|state| state.index == Some(index))
            };
            let latest = self.latest(index);
            if latest.is_some() {
                let place = id.and_then(with_id).filter(has_index).or(latest);
                return place.filter(|place| !begins_anew(*place)).into();
            }
            // A call that began without an index may continue with one.
            let had_none =
                |place: &usize| self.states.get(*place).is_some_and(|state| state.index.is_none());
            return match (id, name) {
                (None, None) => self.last.filter(had_none).into(),
                (id, _) => id.and_then(with_id).filter(had_none).into(),
            };
        }
        let Some((last, call)) = self.last.and_then(|last| Some((last, calls.get(last)?))) else {
            return Place::New;
        };
        match (id.map(with_id), name) {
            (Some(None), None) if call.id.is_empty() => Place::At(last),
            (Some(place), _) => place.filter(|place| !begins_anew(*place)).into(),
            (None, None) => Place::At(last),
            (None, Some(_)) if is_beside => Place::New,
            (None, Some(name)) => {
                let known = name_in(call);
                let is_other = !known.is_empty() && known != name;
                let is_repeated = known == name && self.is_whole(last) && has_arguments(piece);
                if is_other || is_repeated { Place::New } else { Place::At(last) }
            }
        }
    }

    /// Returns true if a piece with the index or the id of this call belongs to another call: it has another id, or it
    /// begins after this call's arguments are complete.
    fn begins_anew(&self, place: usize, call: &ToolCall, piece: &ToolCallDelta) -> bool {
        let (id, name) = (id_of(piece), name_of(piece));
        let is_other = name.is_some_and(|name| !name_in(call).is_empty() && name != name_in(call));
        if id.is_some_and(|id| !call.id.is_empty() && call.id != id) {
            // Some services invent an id for each piece, so an id alone means nothing while the arguments are
            // incomplete.
            let has_begun = !call.function.arguments.is_empty();
            return self.is_whole(place) || is_other || (name.is_some() && !has_begun);
        }
        let is_second = id.is_none()
            && has_arguments(piece)
            && piece.arguments.as_ref() != Some(&call.function.arguments);
        self.is_whole(place) && name.is_some() && (is_other || is_second)
    }

    fn is_whole(&self, place: usize) -> bool {
        self.states.get(place).is_some_and(|state| state.arguments.is_whole())
    }

    /// Inserts a call if `place` asks for a new one. Returns its position and true if it is new; `None` when there are
    /// too many.
    fn make_room(
        &mut self,
        calls: &mut Vec<ToolCall>,
        place: Place,
        index: Option<u32>,
    ) -> Option<(usize, bool)> {
        if let Place::At(place) = place {
            if let (Some(state), Some(index)) = (self.states.get_mut(place), index) {
                state.index.get_or_insert(index);
            }
            return Some((place, false));
        }
        if calls.len() >= MOST {
            return None;
        }
        let free = self.states.last().map_or(0, |state| state.number.saturating_add(1));
        let wanted = index.filter(|index| self.states.iter().all(|state| state.number != *index));
        let number = wanted.unwrap_or(free);
        let place = self.states.partition_point(|state| state.number < number);
        self.states.insert(place, State { number, index, arguments: Nesting::default() });
        calls.insert(place, ToolCall::default());
        Some((place, true))
    }

    /// Adds the missing parts of a call that arrived complete after its pieces.
    pub(super) fn fill<C: Changes>(
        &mut self,
        calls: &mut Vec<ToolCall>,
        whole: &[ToolCallDelta],
        message: &At<'_>,
        tally: &mut Tally<'_, C>,
    ) {
        for (order, piece) in whole.iter().enumerate() {
            let is_same = |call: &ToolCall| match id_of(piece) {
                Some(id) => {
                    call.id == id || call.id.is_empty() && Some(name_in(call)) == name_of(piece)
                }
                None => name_of(piece).is_none_or(|name| name == name_in(call)),
            };
            let with_id = id_of(piece).and_then(|id| calls.iter().position(|call| call.id == id));
            let place = with_id.or(Some(order).filter(|at| calls.get(*at).is_some_and(is_same)));
            let missing = match place.and_then(|place| calls.get(place)) {
                Some(call) => missing_of(call, piece),
                None => piece.clone(),
            };
            // It belongs to the call at that position, or to a new one, whatever index it has elsewhere.
            let Some((place, is_new)) = self.make_room(calls, place.into(), None) else { continue };
            let (Some(call), Some(state)) = (calls.get_mut(place), self.states.get_mut(place))
            else {
                continue;
            };
            let at = message.name("tool_calls");
            let at = at.place(place);
            let before = (!is_new).then(|| call.clone());
            let mut quiet = Tally { bytes: &mut *tally.bytes, changes: &mut () };
            let added = state.add(call, &missing, &at, &mut quiet);
            match before {
                None => {
                    self.last = Some(place);
                    tally.changes.insert(&at, call);
                    tally.changes.called(state.number, added);
                }
                Some(before) if before != *call => {
                    tally.changes.set(&at, call);
                    if !added.is_empty() {
                        tally.changes.called(state.number, added);
                    }
                }
                Some(_) => {}
            }
        }
    }
}

impl State {
    /// Adds a piece, and returns its addition to the arguments.
    fn add<'p, C: Changes>(
        &mut self,
        call: &mut ToolCall,
        piece: &'p ToolCallDelta,
        at: &At<'_>,
        tally: &mut Tally<'_, C>,
    ) -> &'p str {
        // Ids, kinds and names arrive complete; some services repeat them in every chunk, or invent ids for each.
        if call.id.is_empty() {
            set(&mut call.id, piece.id.as_deref(), &at.name("id"), tally);
        }
        let kind = piece.kind.as_deref().filter(|kind| !kind.is_empty());
        let kind = kind.or(piece.custom.is_some().then_some(CUSTOM));
        set(&mut call.kind, kind, &at.name("type"), tally);
        let function = at.name("function");
        set(&mut call.function.name, piece.name.as_deref(), &function.name("name"), tally);
        let arguments = piece.arguments.as_deref().unwrap_or_default();
        let arguments = self.add_arguments(call, arguments, &function, tally);
        let extra = &mut call.function.extra;
        merge_fields(extra, &piece.function_extra, Mode::Pieces, &function, tally);
        if let Some(custom) = &piece.custom {
            let kept = call.custom.get_or_insert_default();
            let at = at.name("custom");
            set(&mut kept.name, Some(&custom.name), &at.name("name"), tally);
            *tally.bytes += custom.input.len();
            tally.append_to(&mut kept.input, &custom.input, &at.name("input"));
            merge_fields(&mut kept.extra, &custom.extra, Mode::Pieces, &at, tally);
        }
        merge_fields(&mut call.extra, &piece.extra, Mode::Pieces, at, tally);
        arguments
    }

    /// Adds to the arguments, and returns the addition.
    fn add_arguments<'p, C: Changes>(
        &mut self,
        call: &mut ToolCall,
        mut arguments: &'p str,
        function: &At<'_>,
        tally: &mut Tally<'_, C>,
    ) -> &'p str {
        // A repetition of the complete JSON adds nothing.
        if self.arguments.is_whole() && call.function.arguments == arguments {
            arguments = "";
        }
        self.arguments.add(arguments);
        *tally.bytes += arguments.len();
        tally.append_to(&mut call.function.arguments, arguments, &function.name("arguments"));
        arguments
    }
}

fn set<C: Changes>(kept: &mut String, text: Option<&str>, at: &At<'_>, tally: &mut Tally<'_, C>) {
    let Some(text) = text.filter(|text| !text.is_empty() && *text != kept) else { return };
    *tally.bytes += text.len();
    tally.changes.set(at, text);
    text.clone_into(kept);
}

/// Returns true if a piece changes the kind of a call, so that its JSON has other fields.
fn changes_form(call: &ToolCall, piece: &ToolCallDelta) -> bool {
    let is_of_function = piece.name.as_ref().is_some_and(|name| !name.is_empty())
        || piece.arguments.as_ref().is_some_and(|arguments| !arguments.is_empty())
        || !piece.function_extra.is_empty();
    match &call.custom {
        None => piece.custom.is_some(),
        Some(_) => is_of_function && call.function == FunctionCall::default(),
    }
}

/// The part of a complete call that the accumulated call lacks.
fn missing_of(call: &ToolCall, whole: &ToolCallDelta) -> ToolCallDelta {
    let rest = |kept: &str, whole: &str| whole.strip_prefix(kept).unwrap_or_default().to_owned();
    let custom = whole.custom.as_ref().map(|custom| {
        let kept = call.custom.as_ref();
        CustomCall {
            name: kept.map_or(custom.name.clone(), |_| String::new()),
            input: rest(kept.map_or("", |kept| &kept.input), &custom.input),
            extra: missing_fields(
                kept.map_or(&Default::default(), |kept| &kept.extra),
                &custom.extra,
            ),
        }
    });
    ToolCallDelta {
        index: None,
        id: whole.id.clone(),
        kind: None,
        name: whole.name.clone().filter(|_| call.function.name.is_empty()),
        arguments: whole.arguments.as_ref().map(|all| rest(&call.function.arguments, all)),
        custom,
        function_extra: missing_fields(&call.function.extra, &whole.function_extra),
        extra: missing_fields(&call.extra, &whole.extra),
    }
}

fn id_of(piece: &ToolCallDelta) -> Option<&str> {
    piece.id.as_deref().filter(|id| !id.is_empty())
}

fn name_of(piece: &ToolCallDelta) -> Option<&str> {
    let custom = piece.custom.as_ref().map(|custom| custom.name.as_str());
    [piece.name.as_deref(), custom].into_iter().flatten().find(|name| !name.is_empty())
}

fn name_in(call: &ToolCall) -> &str {
    match &call.custom {
        Some(custom) if call.function.name.is_empty() => &custom.name,
        _ => &call.function.name,
    }
}

fn has_arguments(piece: &ToolCallDelta) -> bool {
    piece.arguments.as_ref().is_some_and(|arguments| !arguments.trim().is_empty())
}

/// Returns true if a piece has nothing that identifies its call.
fn is_bare(piece: &ToolCallDelta) -> bool {
    piece.index.is_none() && id_of(piece).is_none() && name_of(piece).is_none()
}
