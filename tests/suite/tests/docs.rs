//! Consistency of documents and code.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use turnwire::ErrorKind;

/// The cells of each row of the table in a document whose first cell is a code.
fn rows(document: &str) -> Vec<Vec<String>> {
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

#[test]
fn the_table_of_error_codes_is_the_enum() {
    let written = rows(include_str!("../../../core/ERRORS.md"));
    let written: Vec<_> = written
        .iter()
        .map(|cells| (cells[0].trim_matches('`'), cells[2] == "yes", cells.len()))
        .collect();
    let real: Vec<_> =
        ErrorKind::ALL.iter().map(|kind| (kind.code(), kind.is_retryable(), 4)).collect();
    assert_eq!(written, real, "core/ERRORS.md and ErrorKind differ");
}
