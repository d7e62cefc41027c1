//! The settings of a chat service's routes.

use serde::Deserialize;

use super::names::Names;
use super::value::{Subject, read};
use super::values::{Length, Size, set};
use crate::error::Result;
use crate::turn::Turns;
use crate::web::{ChatRoutes, ChatRoutesBuilder, Route};

/// The routes of a chat service.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RoutesSettings {
    origins: Option<Vec<String>>,
    paths: Option<PathSettings>,
    max_body: Size,
    max_text: Length,
}

/// The paths of the routes.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PathSettings {
    chat: Option<String>,
    stream: Option<String>,
    tts: Option<String>,
    stop: Option<String>,
    ui: Option<String>,
    text: Option<String>,
}

impl RoutesSettings {
    fn builder(self, turns: Turns) -> ChatRoutesBuilder {
        let mut builder = ChatRoutes::builder(turns);
        for origin in self.origins.into_iter().flatten() {
            builder = builder.origin(origin);
        }
        for (route, path) in self.paths.map(PathSettings::paths).into_iter().flatten() {
            builder = set(builder, path, |builder, path| builder.path(route, path));
        }
        builder = set(builder, self.max_body.in_memory(), ChatRoutesBuilder::max_body);
        set(builder, self.max_text.given(), ChatRoutesBuilder::max_text)
    }
}

impl PathSettings {
    fn paths(self) -> [(Route, Option<String>); 6] {
        [
            (Route::Chat, self.chat),
            (Route::Stream, self.stream),
            (Route::Tts, self.tts),
            (Route::Stop, self.stop),
            (Route::Ui, self.ui),
            (Route::Text, self.text),
        ]
    }
}

/// The settings of the routes over these turns, from JSON.
///
/// # Errors
///
/// `config` when a setting is unknown or has a wrong type.
pub fn routes(turns: Turns, json: &str, names: Names) -> Result<ChatRoutesBuilder> {
    Ok(read::<RoutesSettings>(json, names, Subject::settings("routes.build"))?.builder(turns))
}
