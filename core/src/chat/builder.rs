//! The settings of an [`OpenAi`] client.

use std::sync::Arc;

use super::client::OpenAi;
use crate::config::CallOptions;
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{HttpConfig, http_settings};

/// The address of OpenAI's own service.
const OPENAI: &str = "https://api.openai.com/v1";

/// The names of options in another language, for error messages.
#[cfg_attr(
    not(feature = "bridge"),
    allow(unreachable_pub, reason = "none but the bridge speaks for another language")
)]
#[derive(Clone, Copy, Debug)]
pub struct OptionNames {
    /// The name of the option for the key.
    pub api_key: &'static str,
    /// The name of the option for the service's address.
    pub base_url: &'static str,
}

impl Default for OptionNames {
    fn default() -> Self {
        OptionNames { api_key: "api_key", base_url: "base_url" }
    }
}

/// The settings of an [`OpenAi`] client.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct OpenAiBuilder {
    http: HttpConfig,
}

impl OpenAi {
    /// A builder for a client.
    pub fn builder() -> OpenAiBuilder {
        OpenAiBuilder::default()
    }

    /// A client configured from `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_ORG_ID` and `OPENAI_PROJECT_ID`.
    ///
    /// # Errors
    ///
    /// `config` when a setting is not usable, or when there is no key and the service is OpenAI's own.
    pub fn from_env() -> Result<Self> {
        OpenAiBuilder::from_env().build()
    }
}

impl OpenAiBuilder {
    /// Settings read from the environment: `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`,
    /// and `OPENAI_CUSTOM_HEADERS` with one header per line (`Name: value`). An empty or blank variable counts as
    /// unset.
    pub fn from_env() -> Self {
        let variables = |name: &str| std::env::var(name).ok();
        let mut builder = Self::default();
        builder.http.bearer = variable(&variables, "OPENAI_API_KEY").map(Secret::from);
        builder.http.base_url = variable(&variables, "OPENAI_BASE_URL").map(Secret::from);
        if let Some(organization) = variable(&variables, "OPENAI_ORG_ID") {
            builder = builder.organization(organization);
        }
        if let Some(project) = variable(&variables, "OPENAI_PROJECT_ID") {
            builder = builder.project(project);
        }
        custom_headers(&variables)
            .fold(builder, |builder, (name, value)| builder.header(name, value))
    }

    /// The key, sent as `Authorization: Bearer …`. Local services need none.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.http.bearer = Some(key.into());
        self
    }

    /// The service's address, up to but not including `/chat/completions`. The default is OpenAI's own.
    pub fn base_url(mut self, url: impl Into<Secret>) -> Self {
        self.http.base_url = Some(url.into());
        self
    }

    /// The organization that is billed, sent as `OpenAI-Organization`.
    pub fn organization(self, id: impl Into<String>) -> Self {
        self.header("OpenAI-Organization", id.into())
    }

    /// The project that is billed, sent as `OpenAI-Project`.
    pub fn project(self, id: impl Into<String>) -> Self {
        self.header("OpenAI-Project", id.into())
    }

    http_settings!();

    /// Builds the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// `config` when a setting is not usable, or when there is no key and the service is OpenAI's own.
    pub fn build(self) -> Result<OpenAi> {
        self.build_for(OptionNames::default())
    }

    /// Builds the client; errors use these names for the options.
    pub(crate) fn build_for(self, names: OptionNames) -> Result<OpenAi> {
        let mut http = self.http;
        let base_url = http.base_url.get_or_insert_with(|| OPENAI.into());
        let is_openai = base_url.expose().trim_end_matches('/') == OPENAI;
        let has_key = http.bearer.as_ref().is_some_and(|key| !key.expose().trim().is_empty())
            || http
                .headers
                .iter()
                .any(|(name, value)| value.is_some() && name.eq_ignore_ascii_case("authorization"));
        if is_openai && !has_key {
            let OptionNames { api_key, base_url } = names;
            let why = format!(
                "no API key: set OPENAI_API_KEY or {api_key}, or {base_url} for a service without keys"
            );
            return Err(Error::new(ErrorKind::Config, "client.build", why));
        }
        let http = http.build()?;
        Ok(OpenAi { http, options: Arc::new(CallOptions::new()) })
    }
}

/// An environment variable. An empty or blank one counts as unset.
pub(crate) fn variable(variables: &impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    variables(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The headers of the environment variable, one per line.
pub(crate) fn custom_headers(
    variables: &impl Fn(&str) -> Option<String>,
) -> impl Iterator<Item = (String, String)> {
    let lines = variable(variables, "OPENAI_CUSTOM_HEADERS").unwrap_or_default();
    let headers: Vec<_> = lines
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    headers.into_iter()
}
