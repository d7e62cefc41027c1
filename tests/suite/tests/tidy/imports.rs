//! The files that a file imports, in Rust, TypeScript and Python.

use std::collections::{BTreeMap, BTreeSet};

use super::lexed::{lex, test_files};
use super::tree::Source;

/// The import graph of one package: each file with the files that it imports.
pub(crate) type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The sources below a folder, by path.
type Files<'a> = BTreeMap<&'a str, &'a Source>;

fn below<'a>(sources: &'a [Source], folder: &str, ending: &str) -> Files<'a> {
    let inside = |path: &str| path.starts_with(folder) && path.ends_with(ending);
    sources.iter().map(|s| (s.path.as_str(), s)).filter(|(path, _)| inside(path)).collect()
}

/// The graph of a crate whose root is in `folder`, without its tests.
///
/// A name that a module re-exports from a private file counts as that file's. Declaring a module and re-exporting from it
/// import nothing.
pub(crate) fn rust<'a>(sources: &'a [Source], folder: &str) -> Graph<'a> {
    let tests = test_files(sources);
    let mut files = below(sources, folder, ".rs");
    files.retain(|path, _| !tests.contains(path));
    let modules: BTreeMap<String, &str> =
        files.keys().map(|path| (module_path(path, folder), *path)).collect();
    let exports: BTreeMap<&str, Vec<Vec<String>>> =
        files.values().map(|s| (s.path.as_str(), re_exports(&s.text).1)).collect();
    let resolve = |module: &str, names: &[&str]| -> Option<&'a str> {
        let mut module = module.to_owned();
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        // Follows re-exports of re-exports; no chain in one crate is longer.
        for _ in 0..8 {
            while let Some(child) = names.first().map(|name| joined(&module, name))
                && modules.contains_key(&child)
            {
                module = child;
                names.remove(0);
            }
            let file = modules.get(&module)?;
            let export = names.first().and_then(|name| {
                exports.get(file)?.iter().find(|export| export.last() == Some(name))
            });
            match export {
                Some(export) => {
                    let rest = names.split_off(1);
                    names = export.iter().cloned().chain(rest).collect();
                    if let Some(at_root) = names.first().filter(|name| *name == "crate") {
                        module = String::new();
                        names = names.split_off(at_root.len().min(1));
                    }
                }
                None => return Some(file),
            }
        }
        None
    };

    let mut graph = Graph::new();
    for (path, source) in &files {
        let here = module_path(path, folder);
        let plain = Source::new(*path, re_exports(&source.text).0);
        let paths: BTreeSet<String> = lex(&plain)
            .words
            .into_iter()
            .filter(|word| !word.in_test && !word.after_dot)
            .map(|word| word.path)
            .collect();
        let imported = graph.entry(path).or_default();
        for written in &paths {
            let longer = format!("{written}::");
            if paths.range(longer.clone()..).next().is_some_and(|p| p.starts_with(&longer)) {
                continue;
            }
            let mut names: Vec<&str> = written.split("::").collect();
            // A single word is a name of the file itself, or the `super` of a visibility.
            if names.len() == 1 {
                continue;
            }
            let mut module = here.as_str();
            match names.first() {
                Some(&"crate") => module = "",
                Some(&"super" | &"self") => {}
                Some(name) if modules.contains_key(&joined(&here, name)) => {}
                _ => continue,
            }
            while let Some(&("super" | "self" | "crate")) = names.first() {
                if names.remove(0) == "super" {
                    module = module.rsplit_once("::").map_or("", |(parent, _)| parent);
                }
            }
            imported.extend(resolve(module, &names).filter(|target| target != path));
        }
    }
    graph
}

fn joined(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// `a::b` for `a/b.rs` and `a/b/mod.rs`, and nothing for the root.
fn module_path(path: &str, folder: &str) -> String {
    let rest = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
    let stem = rest.strip_suffix(".rs").unwrap_or(rest);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if ["lib", "main"].contains(&stem) { String::new() } else { stem.replace('/', "::") }
}

/// A file's text without its `pub use` items, and the paths that they re-export.
fn re_exports(text: &str) -> (String, Vec<Vec<String>>) {
    let mut rest = String::new();
    let mut exports = Vec::new();
    let mut tree = None::<String>;
    for line in text.lines() {
        let code = line.trim();
        if let Some(open) = tree.as_mut() {
            open.push_str(code);
        } else if let Some((visible, used)) = code.split_once("use ")
            && visible.starts_with("pub")
            && visible.ends_with(' ')
        {
            tree = Some(used.to_owned());
        } else {
            rest.push_str(line);
        }
        rest.push('\n');
        if let Some(done) = tree.take_if(|open| open.ends_with(';')) {
            exports.extend(flat(done.trim_end_matches(';')));
        }
    }
    (rest, exports)
}

/// The paths of a use tree with one level of braces; a renamed path ends with its new name.
fn flat(tree: &str) -> Vec<Vec<String>> {
    let (prefix, names) = match tree.split_once('{') {
        Some((prefix, names)) => (prefix, names.trim_end_matches('}')),
        None => ("", tree),
    };
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let segments = |name: &str| {
        let whole = format!("{prefix}{name}");
        let path = whole.split(" as ").next().unwrap_or_default();
        path.split("::").filter(|part| *part != "self").map(str::to_owned).collect()
    };
    names.map(segments).collect()
}

/// The graph of the TypeScript files below a folder, types included.
pub(crate) fn typescript<'a>(sources: &'a [Source], folder: &str) -> Graph<'a> {
    let files = below(sources, folder, ".ts");
    let import = |source: &Source| -> BTreeSet<&'a str> {
        let here = source.path.rsplit_once('/').map_or("", |(here, _)| here);
        let quoted =
            source.text.split(" from '").skip(1).chain(source.text.split("import('").skip(1));
        let names = quoted.filter_map(|rest| rest.split('\'').next());
        let paths = names.filter_map(|name| {
            let name = name.strip_prefix("./")?.strip_suffix(".js")?;
            files.get_key_value(format!("{here}/{name}.ts").as_str()).map(|(path, _)| *path)
        });
        paths.filter(|path| *path != source.path).collect()
    };
    files.iter().map(|(path, source)| (*path, import(source))).collect()
}

/// The graph of the Python files below a package's folder, imports for type checkers included.
pub(crate) fn python<'a>(sources: &'a [Source], folder: &str) -> Graph<'a> {
    let files = below(sources, folder, ".py");
    let find = |stem: &str| {
        let candidates = [format!("{stem}.py"), format!("{stem}/__init__.py")];
        candidates.iter().find_map(|path| files.get_key_value(path.as_str())).map(|(path, _)| *path)
    };
    let import = |source: &Source| -> BTreeSet<&'a str> {
        let mut imported = BTreeSet::new();
        for line in source.text.replace("(\n", "(").replace(",\n", ",").lines() {
            let Some((module, names)) =
                line.trim().strip_prefix("from .").and_then(|rest| rest.split_once(" import "))
            else {
                continue;
            };
            let ups = module.chars().take_while(|c| *c == '.').count() + 1;
            let mut stem = source.path.rsplit('/').skip(ups).collect::<Vec<_>>();
            stem.reverse();
            let module = module.trim_start_matches('.');
            stem.extend(module.split('.').filter(|part| !part.is_empty()));
            let stem = stem.join("/");
            let names = names.trim_matches(|c: char| "()\\".contains(c) || c.is_whitespace());
            for name in names.split(',').filter_map(|name| name.split_whitespace().next()) {
                let target = find(&format!("{stem}/{name}")).or_else(|| find(&stem));
                imported.extend(target.filter(|target| *target != source.path));
            }
        }
        imported
    };
    files.iter().map(|(path, source)| (*path, import(source))).collect()
}
