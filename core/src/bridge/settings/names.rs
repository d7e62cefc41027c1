//! The names of settings and the unit of times in a host language.

use crate::bridge::wide_integers;
use crate::chat::builder::OptionNames;

/// A kind of limit. Each has a value for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitKind {
    Time,
    /// In bytes.
    Size,
    /// Of a text, in code points.
    Length,
}

/// The naming convention of a language, which also determines the unit of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `base_url`, as in Python.
    Snake,
    /// `baseURL`, as in JavaScript.
    Camel,
}

impl Names {
    /// The reason to refuse JSON with an integer that core would read as a float. In JavaScript every number is a float.
    pub(in crate::bridge) fn check_integers(self, json: &str) -> Result<(), String> {
        match (self, wide_integers::first(json)) {
            (Names::Snake, Some(path)) => Err(format!(
                "{path} is an integer beyond 64 bits, which would become a float: send it as a string"
            )),
            _ => Ok(()),
        }
    }

    /// The name of a setting in this language.
    pub fn shown(self, name: &str) -> String {
        if self == Names::Snake {
            return name.to_owned();
        }
        let mut shown = String::with_capacity(name.len());
        for word in name.split('_') {
            match word {
                _ if shown.is_empty() => shown.push_str(word),
                // As in JavaScript's own `baseURL`, and in the `openai` package.
                "url" => shown.push_str("URL"),
                word => {
                    let (first, rest) = word.split_at(1.min(word.len()));
                    shown.push_str(&first.to_ascii_uppercase());
                    shown.push_str(rest);
                }
            }
        }
        shown
    }

    /// The tokens of a request; only both or none make sense.
    ///
    /// # Errors
    ///
    /// The reason, when one is missing.
    pub(in crate::bridge) fn pair_of_tokens(
        self,
        access: Option<String>,
        refresh: Option<String>,
    ) -> Result<Option<(String, String)>, String> {
        match (access, refresh) {
            (Some(access), Some(refresh)) => Ok(Some((access, refresh))),
            (None, None) => Ok(None),
            _ => {
                let [access, refresh] =
                    ["access_token", "refresh_token"].map(|name| self.shown(name));
                Err(format!("{access} and {refresh} belong together: give both or none"))
            }
        }
    }

    /// The length of the unit of times in this language, in seconds.
    pub(super) fn unit_of_time(self) -> f64 {
        match self {
            Names::Snake => 1.0,
            Names::Camel => 1e-3,
        }
    }

    /// The values of a limit, for errors.
    pub(super) fn values_of(self, limit: LimitKind) -> String {
        let none = match self {
            Names::Snake => "None",
            Names::Camel => "Infinity",
        };
        let (unit, any) = match (limit, self) {
            (LimitKind::Time, Names::Snake) => ("seconds", "no limit"),
            (LimitKind::Time, Names::Camel) => ("milliseconds", "no limit"),
            (LimitKind::Size, _) => ("bytes", "any"),
            (LimitKind::Length, _) => ("code points", "any"),
        };
        format!("a number of {unit} from 0 on, or {none} for {any}")
    }

    /// The argument of a model's client that has the setting at this path: its class has no `http`.
    pub(super) fn argument(self, path: &str) -> String {
        let Some(of_http) = path.strip_prefix("http.") else { return path.to_owned() };
        let argument = match (of_http, self) {
            ("timeouts.connect", _) => "timeout.connect",
            ("retry.max_retries" | "retry.maxRetries", _) => of_http.trim_start_matches("retry."),
            ("limits.event", Names::Snake) => "limits.event_bytes",
            ("limits.reply", Names::Snake) => "limits.reply_bytes",
            ("timeout" | "limits.event" | "limits.reply", _) => of_http,
            _ => path,
        };
        argument.to_owned()
    }

    /// The names for errors of a model's client.
    pub(super) fn of_model(self) -> OptionNames {
        match self {
            Names::Snake => OptionNames::default(),
            Names::Camel => OptionNames { api_key: "apiKey", base_url: "baseURL" },
        }
    }
}
