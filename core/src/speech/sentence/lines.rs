//! Lines and blocks: removes the Markdown prefix of each line, and drops fenced code.

use super::item::Item;

/// The characters of a line's prefix.
const MARKS: &str = " \t#>-*+`~=_|:";

/// A longer run of marks is text.
const LONGEST_PREFIX: usize = 64;

/// Length of an info string after which a first line certainly opens a fence.
const LONGEST_INFO: usize = 64;

/// The state machine for lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    state: State,
    /// The marks at the line's beginning, or the first line of a fence.
    held: String,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Start,
    Text,
    /// In the first line of what looks like a fence.
    Info(Fence),
    Code(Fence, CodeLine),
}

#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: char,
    length: usize,
}

/// The state of a line inside a fence.
#[derive(Clone, Copy, Debug)]
enum CodeLine {
    /// Only this many marks, and blanks around them.
    Marks {
        count: usize,
        ended: bool,
    },
    Code,
}

const LINE_OF_CODE: CodeLine = CodeLine::Marks { count: 0, ended: false };

impl Lines {
    pub(super) fn push(&mut self, c: char, out: &mut impl FnMut(Item)) {
        if c == '\r' {
            return;
        }
        match self.state {
            State::Start if c == '\n' => self.end_marks(out),
            State::Start if MARKS.contains(c) && self.held.len() < LONGEST_PREFIX => {
                self.held.push(c);
            }
            State::Start => self.begin_text(c, out),
            State::Text if c == '\n' => {
                self.state = State::Start;
                out(Item::Break);
            }
            State::Text => out(Item::Char(c)),
            State::Info(fence) => self.info(fence, c, out),
            State::Code(fence, line) => self.code(fence, line, c),
        }
    }

    pub(super) fn finish(&mut self, out: &mut impl FnMut(Item)) {
        // An unclosed fence is code to the end of the text.
        *self = Lines::default();
        out(Item::Break);
    }

    /// Ends a line of marks alone: a rule, an underline, a table's separator, a fence.
    fn end_marks(&mut self, out: &mut impl FnMut(Item)) {
        let fence = Fence::opened_by(without_blocks(&self.held));
        self.state = fence.map_or(State::Start, |fence| State::Code(fence, LINE_OF_CODE));
        self.held.clear();
        out(Item::Break);
    }

    fn begin_text(&mut self, c: char, out: &mut impl FnMut(Item)) {
        let held = std::mem::take(&mut self.held);
        let rest = without_blocks(&held);
        if let Some(fence) = Fence::opened_by(rest) {
            self.held = rest.to_owned();
            self.state = State::Info(fence);
            return self.info(fence, c, out);
        }
        self.state = State::Text;
        rest.chars().chain([c]).for_each(|c| out(Item::Char(c)));
    }

    fn info(&mut self, fence: Fence, c: char, out: &mut impl FnMut(Item)) {
        let is_sure = c == '\n' || self.held.len() > LONGEST_INFO;
        if is_sure {
            let line = if c == '\n' { LINE_OF_CODE } else { CodeLine::Code };
            self.state = State::Code(fence, line);
            self.held.clear();
            return;
        }
        self.held.push(c);
        if c == '`' && fence.mark == '`' {
            // A code span opened by three or more marks.
            self.state = State::Text;
            std::mem::take(&mut self.held).chars().for_each(|c| out(Item::Char(c)));
        }
    }

    fn code(&mut self, fence: Fence, line: CodeLine, c: char) {
        let line = match (line, c) {
            (CodeLine::Marks { count, .. }, '\n') if count >= fence.length => {
                self.state = State::Start;
                return;
            }
            (_, '\n') => LINE_OF_CODE,
            (CodeLine::Marks { count, ended: false }, c) if c == fence.mark => {
                CodeLine::Marks { count: count + 1, ended: false }
            }
            // The mark of a block quote around the whole fence.
            (CodeLine::Marks { count: 0, .. }, '>') => LINE_OF_CODE,
            (CodeLine::Marks { count, .. }, ' ' | '\t') => {
                CodeLine::Marks { count, ended: count > 0 }
            }
            _ => CodeLine::Code,
        };
        self.state = State::Code(fence, line);
    }
}

impl Fence {
    fn opened_by(marks: &str) -> Option<Self> {
        let mark = marks.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let length = marks.chars().take_while(|c| *c == mark).count();
        (length >= 3).then_some(Fence { mark, length })
    }
}

/// The marks without those of quotes, lists and headings.
fn without_blocks(mut marks: &str) -> &str {
    loop {
        marks = marks.trim_start();
        let after_mark = marks.get(1..).unwrap_or_default();
        let is_spaced = after_mark.starts_with([' ', '\t']);
        let heading = marks.trim_start_matches('#');
        match marks.chars().next() {
            Some('>') => marks = after_mark,
            Some('-' | '*' | '+') if is_spaced => marks = after_mark,
            Some('#') if heading.starts_with([' ', '\t']) => marks = heading,
            _ => return marks,
        }
    }
}
