//! Compares the crate's public API, from rustdoc, with the checked-in list: a change of the API shows in a diff, and
//! cannot happen by accident. `cargo xtask test semver` generates the JSON and runs this.
//!
//! `TURNWIRE_UPDATE=1 cargo xtask test semver` updates the list.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code; clippy only knows the functions marked as tests"
)]

mod face;
mod words;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use face::Face;

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/public-api.txt");

/// Types with one reader, which uses them through `&mut`: `Send` but not `Sync`.
const OF_ONE_READER: &[&str] = &[
    "turnwire::blocking::ChatStream",
    "turnwire::blocking::Turn",
    "turnwire::blocking::TurnBytes",
    "turnwire::blocking::TurnStream",
    "turnwire::chat::ChatStream",
    "turnwire::service::TurnStream",
    "turnwire::speech::AudioStream",
    "turnwire::speech::JoinedSpeech",
    "turnwire::speech::SpeechStream",
    "turnwire::turn::Turn",
    "turnwire::turn::TurnBytes",
    "turnwire::web::Admitted",
    "turnwire::web::Reply",
    "turnwire::web::ReplyBody",
];

fn face() -> Face {
    let file = std::env::var("TURNWIRE_RUSTDOC_JSON").expect("`cargo xtask test semver` sets it");
    let json: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    Face::read(&json)
}

#[test]
fn the_public_face_is_the_one_that_is_listed() {
    let face: BTreeSet<String> = face().lines;
    if std::env::var_os("TURNWIRE_UPDATE").is_some() {
        return fs::write(LIST, listing(&face)).unwrap();
    }
    let listed = fs::read_to_string(LIST).unwrap();
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    let diff: Vec<String> = (listed.difference(&face).map(|line| format!("- {line}")))
        .chain(face.difference(&listed).map(|line| format!("+ {line}")))
        .collect();
    assert!(
        diff.is_empty(),
        "the public face has changed; if that is meant, `TURNWIRE_UPDATE=1 cargo xtask test semver` writes \
         core/public-api.txt anew, and a line that went or changed breaks users:\n{}",
        diff.join("\n")
    );
}

/// The lines, grouped by item.
fn listing(face: &BTreeSet<String>) -> String {
    let item = |line: &&String| {
        let path = line.split_once(" // turnwire").or_else(|| line.split_once("turnwire"));
        let path = path.map(|(_, path)| path.split([' ', '(', '<', ':']).collect::<Vec<_>>());
        (path.map(|words| words.join("::")), (*line).clone())
    };
    let mut lines: Vec<&String> = face.iter().collect();
    lines.sort_by_key(item);
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_public_type_goes_to_other_threads_and_all_but_streams_are_shared() {
    let face = face();
    assert!(face.types.len() > 60, "{}", face.types.len());
    let without = |auto: &str| -> Vec<&str> {
        let is = |name: &&String| face.auto.contains(&(auto.to_owned(), (*name).clone()));
        face.types.iter().filter(|name| !is(name)).map(String::as_str).collect()
    };
    assert!(without("Send").is_empty(), "{:?}", without("Send"));
    assert_eq!(without("Sync"), OF_ONE_READER);
}
