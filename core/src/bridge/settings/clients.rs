//! The settings of the clients: of a model, of a store, of a chat service.

use serde::Deserialize;

use super::http::Http;
use super::names::Names;
use super::value::{Subject, read};
use super::values::{BUILD, set};
use crate::bridge::client::Client;
use crate::chat::OpenAiBuilder;
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::service::{ChatService, ChatServiceBuilder, ServicePaths, Wire};
use crate::store::{ChatStore, ChatStoreBuilder, StorePaths};

/// A client of a model.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OpenAiSettings {
    api_key: Option<String>,
    /// A blank one counts as not set.
    base_url: Option<String>,
    organization: Option<String>,
    project: Option<String>,
    http: Option<Http>,
}

/// A client of a chat store.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StoreSettings {
    base_url: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    extend_login: Option<bool>,
    older_store: Option<bool>,
    paths: Option<StorePathSettings>,
    http: Option<Http>,
}

/// A client of a chat service.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ServiceSettings {
    base_url: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    wire: Option<WireName>,
    fallback: Option<bool>,
    paths: Option<ServicePathSettings>,
    http: Option<Http>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireName {
    Events,
    Text,
}

/// Defines the settings of paths, each a text, and their application.
macro_rules! paths {
    ($(#[doc = $doc:literal])+ $settings:ident of $paths:ident: $($path:ident),+) => {
        $(#[doc = $doc])+
        #[derive(Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct $settings {
            $($path: Option<String>,)+
        }

        impl $settings {
            fn paths(self) -> $paths {
                let mut paths = $paths::new();
                $(paths = set(paths, self.$path, $paths::$path);)+
                paths
            }
        }
    };
}

paths! {
    /// The paths of a store's calls.
    StorePathSettings of StorePaths: save, update_messages, create_workspace, start_session, history, workspaces,
        session, update_status, reissue, workspace, refresh_token
}

paths! {
    /// The paths of a chat service's calls.
    ServicePathSettings of ServicePaths: chat, stream, speech, stop
}

impl OpenAiSettings {
    pub(super) fn builder(self) -> OpenAiBuilder {
        let mut builder = OpenAiBuilder::default();
        builder = set(builder, self.api_key, OpenAiBuilder::api_key);
        let base_url = self.base_url.filter(|url| !url.trim().is_empty());
        builder = set(builder, base_url, OpenAiBuilder::base_url);
        builder = set(builder, self.organization, OpenAiBuilder::organization);
        builder = set(builder, self.project, OpenAiBuilder::project);
        if let Some(http) = self.http {
            http.apply(builder.http_mut());
        }
        builder
    }
}

impl StoreSettings {
    pub(super) fn builder(self) -> Result<ChatStoreBuilder> {
        let mut builder = ChatStore::builder(address(self.base_url, "a chat store")?);
        if let Some((access, refresh)) = tokens(self.access_token, self.refresh_token)? {
            builder = builder.tokens(access, refresh);
        }
        builder = set(builder, self.extend_login, ChatStoreBuilder::extend_login);
        builder = set(builder, self.older_store, ChatStoreBuilder::older_store);
        builder = set(builder, self.paths.map(StorePathSettings::paths), ChatStoreBuilder::paths);
        if let Some(http) = self.http {
            http.apply(builder.http_mut());
        }
        Ok(builder)
    }
}

impl ServiceSettings {
    pub(super) fn builder(self) -> Result<ChatServiceBuilder> {
        let mut builder = ChatService::builder(address(self.base_url, "a chat service")?);
        if let Some((access, refresh)) = tokens(self.access_token, self.refresh_token)? {
            builder = builder.tokens(access, refresh);
        }
        let wire = self.wire.map(|wire| match wire {
            WireName::Events => Wire::Events,
            WireName::Text => Wire::Text,
        });
        builder = set(builder, wire, ChatServiceBuilder::wire);
        builder = set(builder, self.fallback, ChatServiceBuilder::fallback);
        builder =
            set(builder, self.paths.map(ServicePathSettings::paths), ChatServiceBuilder::paths);
        if let Some(http) = self.http {
            http.apply(builder.http_mut());
        }
        Ok(builder)
    }
}

/// The settings of a model's client, from JSON.
///
/// The environment is not read: [`with_environment`](super::with_environment) adds its settings.
///
/// # Errors
///
/// `config` when a setting is unknown or has a wrong type.
pub fn open_ai(json: &str, names: Names) -> Result<OpenAiBuilder> {
    read::<OpenAiSettings>(json, names, Subject::settings(BUILD)).map(OpenAiSettings::builder)
}

/// A model's client for a host, from JSON as [`open_ai`] reads it.
///
/// # Errors
///
/// As [`open_ai`] and [`OpenAiBuilder::build`], with the names of the language: those of `http` are arguments of their own, as
/// they are for a call.
pub fn client(json: &str, names: Names) -> Result<Client> {
    let arguments = Subject { is_flat: true, ..Subject::settings(BUILD) };
    let settings = read::<OpenAiSettings>(json, names, arguments)?;
    Client::named(settings.builder(), names.of_model())
}

/// The settings of a store's client, from JSON.
///
/// # Errors
///
/// `config` when a setting is missing, unknown or has a wrong type.
pub fn chat_store(json: &str, names: Names) -> Result<ChatStoreBuilder> {
    read::<StoreSettings>(json, names, Subject::settings(BUILD))?.builder()
}

/// The settings of a chat service's client, from JSON.
///
/// # Errors
///
/// `config` when a setting is missing, unknown or has a wrong type.
pub fn chat_service(json: &str, names: Names) -> Result<ChatServiceBuilder> {
    read::<ServiceSettings>(json, names, Subject::settings(BUILD))?.builder()
}

fn address(given: Option<String>, of: &str) -> Result<Secret> {
    let given = given.filter(|url| !url.trim().is_empty()).map(Secret::from);
    given.ok_or_else(|| Error::new(ErrorKind::Config, BUILD, format!("{of} needs its base URL")))
}

fn tokens(access: Option<String>, refresh: Option<String>) -> Result<Option<(String, String)>> {
    match (access, refresh) {
        (None, None) => Ok(None),
        (Some(access), Some(refresh)) => Ok(Some((access, refresh))),
        _ => {
            let why = "an access token and a refresh token belong together: give both or none";
            Err(Error::new(ErrorKind::Config, BUILD, why))
        }
    }
}
