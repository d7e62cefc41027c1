//! Inline Markdown: emphasis, code spans, links, images, tags, entities, tables and escapes.

use super::entity;
use super::item::Item;
use super::run::{Meaning, Run};

/// The longest link destination or tag, in characters; anything longer is text.
const LONGEST_DESTINATION: usize = 2000;
const LONGEST_TAG: usize = 200;

/// The length of a reference such as `[12]` or `[^1]`, in characters.
const LONGEST_REFERENCE: usize = 8;

/// The state machine for inline Markdown.
#[derive(Clone, Debug, Default)]
pub(super) struct Inline {
    state: State,
    /// The tag, the reference or the entity that is being read.
    held: String,
    run: Option<Run>,
    /// Number of marks that opened the code span.
    code: Option<usize>,
    /// Number of open brackets.
    open: usize,
    before: Option<char>,
    table: Option<Row>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escaped,
    /// After `!`, which may begin an image.
    Bang,
    /// After `[`, in what may be a reference.
    Reference,
    /// After `]`, which a destination may follow.
    Closed,
    Destination {
        depth: usize,
        length: usize,
    },
    /// After `<`.
    Tag,
    /// After `&`.
    Entity,
}

/// A row of a table.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    has_text: bool,
    is_between: bool,
    is_blank: bool,
}

impl Inline {
    pub(super) fn push(&mut self, item: Item, out: &mut impl FnMut(Item)) {
        let Item::Char(c) = item else { return self.end_line(out) };
        match self.state {
            State::Text => self.text(c, out),
            State::Escaped => {
                self.state = State::Text;
                if c.is_ascii_punctuation() {
                    self.speak(c, out);
                } else {
                    self.speak('\\', out);
                    self.text(c, out);
                }
            }
            State::Bang => {
                self.state = State::Text;
                if c != '[' {
                    self.speak('!', out);
                }
                self.text(c, out);
            }
            State::Reference => self.reference(c, out),
            State::Closed if c == '(' => self.state = State::Destination { depth: 1, length: 0 },
            State::Closed => {
                self.state = State::Text;
                self.text(c, out);
            }
            State::Destination { depth, length } => {
                let depth = match c {
                    '(' => depth + 1,
                    ')' => depth - 1,
                    _ => depth,
                };
                let ends = depth == 0 || length >= LONGEST_DESTINATION;
                let on = State::Destination { depth, length: length + 1 };
                self.state = if ends { State::Text } else { on };
            }
            State::Tag => self.tag(c, out),
            State::Entity => self.entity(c, out),
        }
    }

    fn text(&mut self, c: char, out: &mut impl FnMut(Item)) {
        if let Some(run) = &mut self.run {
            if run.mark == c {
                run.length += 1;
                return;
            }
            self.end_run(c, out);
        }
        let is_code = self.code.is_some();
        if let Some(run) =
            Run::begun_by(c, self.before.unwrap_or(' ')).filter(|r| !is_code || r.mark == '`')
        {
            self.run = Some(run);
            return;
        }
        match c {
            _ if is_code => self.speak(c, out),
            '\\' => self.state = State::Escaped,
            '!' => self.state = State::Bang,
            '[' => self.state = State::Reference,
            ']' => {
                if self.open > 0 {
                    self.open -= 1;
                    self.state = State::Closed;
                }
            }
            '<' => self.state = State::Tag,
            '&' => self.state = State::Entity,
            '|' if self.before.is_none() => self.table = Some(Row::default()),
            '|' if self.table.is_some() => {
                if let Some(row) = &mut self.table {
                    row.is_between = row.has_text;
                }
            }
            _ => self.speak(c, out),
        }
    }

    fn end_run(&mut self, next: char, out: &mut impl FnMut(Item)) {
        let Some(run) = self.run.take() else { return };
        match (run.meaning(next), self.code) {
            (Meaning::Code, None) => self.code = Some(run.length),
            (Meaning::Code, Some(length)) if length == run.length => self.code = None,
            // A run of another length is part of the code; it is not spoken.
            (Meaning::Code, Some(_)) | (Meaning::Emphasis, _) => {}
            (Meaning::Itself(times), _) => (0..times).for_each(|_| self.speak(run.mark, out)),
        }
    }

    fn speak(&mut self, c: char, out: &mut impl FnMut(Item)) {
        self.before = Some(c);
        if let Some(row) = &mut self.table {
            if c.is_whitespace() {
                row.is_blank = true;
                return;
            }
            // The columns of a row are spoken as a list.
            let is_between = std::mem::take(&mut row.is_between);
            let is_blank = std::mem::take(&mut row.is_blank) && row.has_text;
            row.has_text = true;
            match (is_between, is_blank) {
                (true, _) => ", ".chars().for_each(|c| out(Item::Char(c))),
                (false, true) => out(Item::Char(' ')),
                (false, false) => {}
            }
        }
        out(if self.code.is_some() { Item::Glued(c) } else { Item::Char(c) });
    }

    /// Reads a character in brackets: a number is a reference, a single letter a task's checkbox, anything else text.
    fn reference(&mut self, c: char, out: &mut impl FnMut(Item)) {
        let is_short = self.held.chars().count() < LONGEST_REFERENCE;
        if is_short && (c.is_ascii_digit() || matches!(c, '^' | ',' | ' ' | 'x' | 'X')) {
            self.held.push(c);
            return;
        }
        let held = std::mem::take(&mut self.held);
        if c == ']' {
            let is_box = matches!(held.as_str(), "" | " " | "x" | "X");
            let is_number =
                held.contains(|c: char| c.is_ascii_digit()) && !held.contains(['x', 'X']);
            if !(is_box || is_number) {
                held.chars().for_each(|c| self.speak(c, out));
            }
            self.state = State::Closed;
            return;
        }
        self.open += 1;
        self.state = State::Text;
        held.chars().for_each(|c| self.speak(c, out));
        self.text(c, out);
    }

    fn tag(&mut self, c: char, out: &mut impl FnMut(Item)) {
        let is_begin = c.is_ascii_alphabetic() || matches!(c, '/' | '!');
        if c == '>' {
            let held = std::mem::take(&mut self.held);
            self.state = State::Text;
            return match Tag::read(&held) {
                Tag::Address => held.chars().for_each(|c| self.speak(c, out)),
                Tag::LineBreak => out(Item::Break),
                Tag::Mark => {}
                Tag::None => self.speak_all(["<", &held, ">"], out),
            };
        }
        if self.held.len() < LONGEST_TAG && c != '<' && (is_begin || !self.held.is_empty()) {
            self.held.push(c);
            return;
        }
        self.give_up_tag(out);
        self.text(c, out);
    }

    /// Emits a supposed tag as text.
    fn give_up_tag(&mut self, out: &mut impl FnMut(Item)) {
        let held = std::mem::take(&mut self.held);
        self.state = State::Text;
        self.speak_all(["<", &held, ""], out);
    }

    fn entity(&mut self, c: char, out: &mut impl FnMut(Item)) {
        if entity::is_part(c) && self.held.len() < entity::LONGEST {
            self.held.push(c);
            return;
        }
        if let Some(read) = entity::read(&self.held).filter(|_| c == ';') {
            self.held.clear();
            self.state = State::Text;
            return self.speak(read, out);
        }
        self.give_up_entity(out);
        self.text(c, out);
    }

    /// Emits a supposed entity as text.
    fn give_up_entity(&mut self, out: &mut impl FnMut(Item)) {
        let held = std::mem::take(&mut self.held);
        self.state = State::Text;
        self.speak_all(["&", &held, ""], out);
    }

    fn speak_all(&mut self, texts: [&str; 3], out: &mut impl FnMut(Item)) {
        texts.iter().flat_map(|text| text.chars()).for_each(|c| self.speak(c, out));
    }

    fn end_line(&mut self, out: &mut impl FnMut(Item)) {
        self.end_run(' ', out);
        match self.state {
            State::Bang => self.speak('!', out),
            State::Escaped => self.speak('\\', out),
            State::Tag => self.give_up_tag(out),
            State::Entity => self.give_up_entity(out),
            State::Reference => {
                let held = std::mem::take(&mut self.held);
                held.chars().for_each(|c| self.speak(c, out));
            }
            State::Text | State::Closed | State::Destination { .. } => {}
        }
        *self = Inline::default();
        out(Item::Break);
    }
}

/// The kind of a tag between `<` and `>`.
enum Tag {
    /// An address, which is text.
    Address,
    LineBreak,
    /// Any other tag of HTML.
    Mark,
    /// Not a tag.
    None,
}

impl Tag {
    fn read(text: &str) -> Self {
        let has_blanks = text.contains(char::is_whitespace);
        if !has_blanks && (text.contains("://") || text.contains('@')) {
            return Tag::Address;
        }
        if text.starts_with("!--") {
            return Tag::Mark;
        }
        let text = text.strip_prefix('/').unwrap_or(text);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let (name, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
        let rest = rest.trim_end_matches('/').trim();
        if name.is_empty() || !(rest.is_empty() || rest.contains('=')) {
            return Tag::None;
        }
        match name.to_ascii_lowercase().as_str() {
            "br" | "p" | "li" | "div" | "tr" | "hr" => Tag::LineBreak,
            _ => Tag::Mark,
        }
    }
}
