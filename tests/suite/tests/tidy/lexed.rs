//! Rust sources as words, without comments and strings, and with test code marked.

use std::collections::HashSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tree::Source;

/// An identifier of the code.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Including the path before it, also through a `use` tree: `std::io` for the `io` of `use std::{fmt, io}`.
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) after_dot: bool,
    pub(crate) in_attribute: bool,
    /// Under `#[cfg(test)]`.
    pub(crate) in_test: bool,
}

/// The words of a file, and the modules that it declares for tests only.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    pub(crate) words: Vec<Word>,
    test_modules: Vec<String>,
}

/// Lexes a Rust file; one that does not lex has no words, and the compiler reports it.
pub(crate) fn lex(source: &Source) -> Lexed {
    let mut lexed = Lexed::default();
    if let Ok(tokens) = source.text.parse::<TokenStream>() {
        lexed.walk(tokens, &Place::default());
    }
    lexed
}

/// The Rust files in `sources` that are compiled for tests only, as declared by their parent.
pub(crate) fn test_files(sources: &[Source]) -> HashSet<&str> {
    let mut files = HashSet::new();
    for parent in sources.iter().filter(|source| source.is_rust()) {
        let directory = module_directory(&parent.path);
        for module in lex(parent).test_modules {
            let stem = format!("{directory}/{module}");
            let is_below = |path: &str| {
                path.strip_prefix(&stem).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            };
            files.extend(sources.iter().map(|s| s.path.as_str()).filter(|path| is_below(path)));
        }
    }
    files
}

fn module_directory(path: &str) -> &str {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    match stem.rsplit_once('/') {
        Some((directory, "mod" | "lib" | "main")) => directory,
        _ => stem,
    }
}

#[derive(Clone, Default)]
struct Place {
    prefix: String,
    in_attribute: bool,
    in_test: bool,
}

impl Lexed {
    fn walk(&mut self, tokens: TokenStream, place: &Place) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut in_test = place.in_test;
        // End of the tokens of a test-only item.
        let mut test_item_end = 0;
        let mut path = String::new();
        for (i, token) in tokens.iter().enumerate() {
            let before = |n: usize| i.checked_sub(n).and_then(|j| tokens.get(j));
            let joined = is_punct(before(1), ':')
                && is_punct(before(2), ':')
                && matches!(before(3), Some(TokenTree::Ident(word)) if word != "use");
            let place = Place { in_test: in_test || i < test_item_end, ..place.clone() };
            match token {
                TokenTree::Ident(ident) => {
                    let text = ident.to_string();
                    path = match (joined, is_punct(before(1), ',') || i == 0) {
                        (true, _) => format!("{path}::{text}"),
                        (false, true) if !place.prefix.is_empty() => {
                            format!("{}::{text}", place.prefix)
                        }
                        _ => text.clone(),
                    };
                    self.words.push(Word {
                        text,
                        path: path.clone(),
                        line: ident.span().start().line,
                        after_dot: is_punct(before(1), '.'),
                        in_attribute: place.in_attribute,
                        in_test: place.in_test,
                    });
                }
                TokenTree::Group(group) => {
                    let inner = is_punct(before(1), '!') && is_punct(before(2), '#');
                    let attribute = group.delimiter() == Delimiter::Bracket
                        && (inner || is_punct(before(1), '#'));
                    if attribute && is_doc(group.stream()) {
                        continue;
                    }
                    if attribute && is_cfg_test(group.stream()) {
                        if inner {
                            in_test = true;
                        } else {
                            test_item_end = item_end(&tokens, i + 1);
                            let item = tokens.get(i + 1..test_item_end);
                            self.test_modules.extend(item.and_then(module_name));
                        }
                    }
                    let is_tree = joined && group.delimiter() == Delimiter::Brace;
                    let prefix = if is_tree { path.clone() } else { String::new() };
                    let in_attribute = place.in_attribute || attribute;
                    self.walk(group.stream(), &Place { prefix, in_attribute, ..place });
                }
                _ => {}
            }
        }
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Returns true for `#[doc]`, the compiler's form of a doc comment.
fn is_doc(attribute: TokenStream) -> bool {
    matches!(attribute.into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

/// `cfg(test)` or `cfg(all(test, …))`.
fn is_cfg_test(attribute: TokenStream) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// The position after the item that starts at `start`: it ends with its braces or with a semicolon.
fn item_end(tokens: &[TokenTree], start: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_punct(Some(other), ';'),
    };
    tokens.iter().skip(start).position(ends).map_or(tokens.len(), |n| start + n + 1)
}

/// The name of `mod name;`, with any visibility and attributes.
fn module_name(item: &[TokenTree]) -> Option<String> {
    match item {
        [.., TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(_)]
            if word == "mod" =>
        {
            Some(name.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, lex, test_files};

    fn paths(text: &str) -> Vec<String> {
        lex(&Source::new("a.rs", text)).words.into_iter().map(|word| word.path).collect()
    }

    #[test]
    fn comments_and_strings_are_no_words() {
        assert_eq!(paths("//! a\n/// b\nfn c() { \"d\"; 'e'; r#\"f\"#; } /* g */"), ["fn", "c"]);
    }

    #[test]
    fn paths_are_read_through_use_trees() {
        let found = paths("use ::std::{fmt, io::{self, Read}, net::TcpStream};");
        for path in ["std::fmt", "std::io", "std::io::Read", "std::net::TcpStream"] {
            assert!(found.iter().any(|p| p == path), "{path} in {found:?}");
        }
        assert_eq!(paths("a(b::c, d)"), ["a", "b", "b::c", "d"]);
    }

    #[test]
    fn words_under_cfg_test_are_told_from_the_rest() {
        let text = "fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests { fn b() {} }\nfn c() {}";
        let lexed = lex(&Source::new("a.rs", text));
        let of = |text: &str| lexed.words.iter().find(|word| word.text == text).unwrap();
        assert!(of("b").in_test && !of("a").in_test && !of("c").in_test);
        assert_eq!((of("b").line, of("c").line), (4, 5));
        assert!(lex(&Source::new("a.rs", "#![cfg(test)]\nfn a() {}")).words.pop().unwrap().in_test);
    }

    #[test]
    fn files_that_a_parent_declares_for_tests_are_known() {
        let sources = [
            Source::new("core/src/a/mod.rs", "#[cfg(test)]\npub(crate) mod tests;\nmod b;"),
            Source::new("core/src/a/tests.rs", ""),
            Source::new("core/src/a/tests/deep.rs", ""),
            Source::new("core/src/a/b.rs", "#[cfg(test)] mod c;"),
            Source::new("core/src/a/b/c.rs", ""),
            Source::new("core/src/a/c.rs", ""),
        ];
        let mut found: Vec<&str> = test_files(&sources).into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, ["core/src/a/b/c.rs", "core/src/a/tests.rs", "core/src/a/tests/deep.rs"]);
    }
}
