//! A table for a terminal.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use super::terminal::visible;

/// Rows of cells, with a line below the first one.
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn new(heads: &[&str]) -> Self {
        Table(vec![heads.iter().map(|head| visible(head)).collect()])
    }

    pub(super) fn add(&mut self, cells: Vec<String>) {
        self.0.push(cells.iter().map(|cell| visible(cell)).collect());
    }

    /// The width of each column, in the columns of the terminal.
    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.0 {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (at, row) in self.0.iter().enumerate() {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
            }
            writeln!(f, "{}", line.trim_end())?;
            if at == 0 {
                let width = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
                writeln!(f, "{}", "─".repeat(width))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_the_width_that_a_terminal_gives_them() {
        let mut table = Table::new(&["id", "conversation", "reason"]);
        table.add(vec!["d1".into(), "대화".into(), "HTTP 400: 빈 메시지".into()]);
        table.add(vec!["a-longer-id".into(), "ws-1".into(), String::new()]);
        let expected = "\
id           conversation  reason
──────────────────────────────────────────────
d1           대화          HTTP 400: 빈 메시지
a-longer-id  ws-1
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn a_cell_is_one_line_and_cannot_steer_the_terminal() {
        let mut table = Table::new(&["reason"]);
        table.add(vec!["two\nlines\x1b[2J".into()]);
        assert_eq!(table.to_string().lines().last(), Some("two\\nlines\\u{1b}[2J"));
    }
}
