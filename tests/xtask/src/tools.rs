//! The programs that suites need and that are not installed automatically: checked before the first suite runs.

use crate::debian;
use crate::repo::Repo;
use crate::step::Step;
use crate::suites::Suite;
use crate::venv;

/// The oldest Node that the npm package supports (`engines` in its `package.json`).
const OLDEST_NODE: u32 = 20;

/// A tool that a suite needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tool {
    /// `cargo fmt`.
    Rustfmt,
    /// `cargo clippy`.
    Clippy,
    /// A Python that can make virtual environments.
    Python,
    /// Node and npm.
    Node,
    /// Programs of Debian, each with its package.
    Programs(&'static [(&'static str, &'static str)]),
}

impl Tool {
    /// Describes the missing tool and how to install it; `None` when it is present or can be installed.
    fn missing(self, repo: &Repo) -> Option<String> {
        let component = |command: &str, component: &str| {
            let found = Step::cargo(repo, &format!("{command} --version")).read();
            found.is_err().then(|| format!("`cargo {command}`: `rustup component add {component}`"))
        };
        match self {
            Tool::Rustfmt => component("fmt", "rustfmt"),
            Tool::Clippy => component("clippy", "clippy"),
            Tool::Python => venv::missing_python(repo),
            Tool::Node => missing_node(repo),
            Tool::Programs(programs) => {
                let packages = debian::missing(programs);
                let is_missing = !packages.is_empty() && !debian::may_install(repo);
                is_missing.then(|| {
                    format!("on Debian or Ubuntu, `apt-get install {}`", packages.join(" "))
                })
            }
        }
    }
}

/// Returns one message about all missing tools of these suites; `None` when all are present.
pub(crate) fn missing(repo: &Repo, suites: &[&'static Suite]) -> Option<String> {
    report(suites, |tool| tool.missing(repo))
}

/// As [`missing`], for a command that is no suite.
pub(crate) fn missing_of(repo: &Repo, tools: &[Tool]) -> Option<String> {
    let found: Vec<_> = tools.iter().filter_map(|tool| tool.missing(repo)).collect();
    let is_any = !found.is_empty();
    is_any.then(|| {
        format!("tools are missing, and nothing was started. Install:\n  {}", found.join("\n  "))
    })
}

fn report(suites: &[&'static Suite], missing: impl Fn(Tool) -> Option<String>) -> Option<String> {
    let mut found: Vec<(Tool, Option<String>)> = Vec::new();
    for tool in suites.iter().flat_map(|suite| suite.needs) {
        if found.iter().all(|(known, _)| known != tool) {
            found.push((*tool, missing(*tool)));
        }
    }
    found.retain(|(_, missing)| missing.is_some());
    if found.is_empty() {
        return None;
    }
    let is_blocked = |suite: &Suite| found.iter().any(|(tool, _)| suite.needs.contains(tool));
    let mut text = "tools are missing, and nothing was run. Install:\n".to_owned();
    for (tool, advice) in &found {
        let names = names(suites, |suite| suite.needs.contains(tool));
        let advice = advice.as_deref().unwrap_or_default();
        text.push_str(&format!("  {advice} (for {})\n", names.join(", ")));
    }
    let ready = names(suites, |suite| !is_blocked(suite));
    if !ready.is_empty() {
        text.push_str(&format!("or run the other suites: `cargo xtask test {}`", ready.join(" ")));
    }
    Some(text.trim_end().to_owned())
}

fn names(suites: &[&'static Suite], is_wanted: impl Fn(&Suite) -> bool) -> Vec<&'static str> {
    suites.iter().filter(|suite| is_wanted(suite)).map(|suite| suite.name).collect()
}

fn missing_node(repo: &Repo) -> Option<String> {
    let version = |program| Step::new(repo, program).args(["--version"]).read();
    let wanted = format!("Node {OLDEST_NODE} or newer with npm, from https://nodejs.org");
    match (version("node"), version("npm")) {
        (Ok(node), Ok(_)) if major(&node).is_some_and(|major| major >= OLDEST_NODE) => None,
        (Ok(node), Ok(_)) => Some(format!("{wanted}; `node` is {node}")),
        (Ok(_), Err(_)) => Some(format!("{wanted}; there is no `npm` on the PATH")),
        (Err(_), _) => Some(format!("{wanted}; there is no `node` on the PATH")),
    }
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIT: Suite = Suite { name: "fit", about: "", needs: &[], run: |_| Ok(()) };
    static ODD: Suite = Suite {
        name: "odd",
        about: "",
        needs: &[Tool::Rustfmt, Tool::Programs(&[("no-such-program", "such")])],
        run: |_| Ok(()),
    };

    #[test]
    fn all_that_is_missing_is_named_at_once_and_the_other_suites_are_offered() {
        let text = report(&[&FIT, &ODD], |tool| Some(format!("{tool:?}"))).unwrap();
        for part in ["Rustfmt (for odd)", "no-such-program", "nothing was run"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.ends_with("`cargo xtask test fit`"), "{text}");
    }

    #[test]
    fn nothing_is_said_where_all_tools_are_here() {
        assert_eq!(report(&[&FIT, &ODD], |_| None), None);
    }

    #[test]
    fn node_versions_are_compared_as_numbers() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert!(major("v8.1.0") < Some(OLDEST_NODE));
        assert_eq!(major("20"), None);
    }
}
