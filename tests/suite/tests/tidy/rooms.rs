//! Dependencies of core's rooms: HTTP, SQLite, I/O and the frameworks of the bindings are each confined to their room.

use super::lexed::lex;
use super::tree::{Finding, Source, assert_none, file, places, tree};

/// A rule: in files under `within`, except those under `except`, no code names one of `names`.
struct Border {
    within: &'static [&'static str],
    except: &'static [&'static str],
    names: &'static [&'static str],
    advice: &'static str,
}

const HYPER: Border = Border {
    within: &["core/src"],
    except: &["core/src/http"],
    names: &["hyper", "hyper_util", "hyper_rustls", "h2", "reqwest"],
    advice: "only `http` names the HTTP client: go through `crate::http`",
};

const RUSQLITE: Border = Border {
    within: &["core/src"],
    except: &["core/src/outbox/storage/sqlite", "core/src/sqlite", "core/src/sqlite_store"],
    names: &["rusqlite"],
    advice: "only `sqlite` and what keeps tables on it name rusqlite: go through the trait of a backend or store",
};

const SANS_IO: Border = Border {
    within: &[
        "core/src/sse",
        "core/src/event",
        "core/src/redact",
        "core/src/speech/sentence",
        "core/src/outbox/state",
    ],
    except: &[],
    names: &[
        "tokio",
        "std::time",
        "std::net",
        "std::io",
        "std::fs",
        "std::process",
        "std::thread",
        "std::env",
        "jiff",
        "Instant",
        "SystemTime",
    ],
    advice: "this room does no I/O and reads no clock: let the caller bring what it needs",
};

const BINDINGS: Border = Border {
    within: &["core"],
    except: &[],
    names: &["pyo3", "napi"],
    advice: "core knows no binding: put it into bindings-python or bindings-node",
};

fn crossings(border: &Border, sources: &[Source]) -> Vec<Finding> {
    let is_in = |path: &str, rooms: &[&str]| {
        let in_room = |room: &&str| {
            let rest = path.strip_prefix(*room);
            rest.is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
        };
        rooms.iter().any(in_room)
    };
    let mut findings = Vec::new();
    let inside = |s: &&Source| is_in(&s.path, border.within) && !is_in(&s.path, border.except);
    for source in sources.iter().filter(|source| source.is_rust()).filter(inside) {
        for word in lex(source).words {
            let named = |name: &&&str| **name == word.text || **name == word.path;
            if let Some(name) = border.names.iter().find(named) {
                let message = format!("`{name}`: {}", border.advice);
                findings.push(Finding::new(source, word.line, message));
            }
        }
    }
    findings
}

/// Dependencies whose name starts with that of a binding's framework.
fn binding_dependencies(manifest: &Source) -> Vec<Finding> {
    let lines = (1..).zip(manifest.text.lines());
    let names_binding = |line: &str| {
        let code = line.split('#').next().unwrap_or_default();
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| BINDINGS.names.contains(&word))
    };
    lines
        .filter(|(_, line)| names_binding(line))
        .map(|(n, _)| Finding::new(manifest, n, BINDINGS.advice))
        .collect()
}

#[test]
fn only_http_names_the_http_client() {
    assert_none(&crossings(&HYPER, tree()));
}

#[test]
fn only_the_rooms_of_sqlite_files_name_rusqlite() {
    assert_none(&crossings(&RUSQLITE, tree()));
}

#[test]
fn sans_io_rooms_name_no_runtime_no_socket_and_no_clock() {
    assert_none(&crossings(&SANS_IO, tree()));
}

#[test]
fn core_names_no_binding() {
    assert_none(&crossings(&BINDINGS, tree()));
    assert_none(&binding_dependencies(&file("core/Cargo.toml")));
}

#[test]
fn a_name_across_a_border_is_found() {
    let sources = [
        Source::new("core/src/http/mod.rs", "use hyper::Client;"),
        Source::new("core/src/http.rs", "use hyper::Client;"),
        Source::new("core/src/store.rs", "// hyper\nlet a = \"hyper\";\nhyper::get(a);"),
        Source::new("core/src/https/mod.rs", "use hyper_util;"),
        Source::new("tests/bench/src/lib.rs", "use hyper_util;"),
    ];
    let findings = crossings(&HYPER, &sources);
    assert_eq!(places(&findings), [("core/src/store.rs", 3), ("core/src/https/mod.rs", 1)]);
}

#[test]
fn io_and_clocks_are_found_however_they_are_named() {
    let text = "use std::{fmt,\n io::Read};\nstd::time::Duration\ntokio::spawn(x);\nNote::io";
    let findings = crossings(&SANS_IO, &[Source::new("core/src/sse/a.rs", text)]);
    assert_eq!(findings.iter().map(|f| f.line).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn a_binding_in_core_is_found() {
    let code = Source::new("core/src/a.rs", "\n#[pyo3::pyclass]\nstruct A;\nnapi::run()");
    assert_eq!(
        places(&crossings(&BINDINGS, &[code])),
        [("core/src/a.rs", 2), ("core/src/a.rs", 4)]
    );
    let manifest =
        "[dependencies]\n# no pyo3 here\nhttp = \"1\"\npyo3 = \"0.29\"\nx = { package = \"napi\" }";
    let findings = binding_dependencies(&Source::new("core/Cargo.toml", manifest));
    assert_eq!(places(&findings), [("core/Cargo.toml", 4), ("core/Cargo.toml", 5)]);
}
