//! The call `POST {base}/audio/speech` of an OpenAI-compatible service.

use bytes::Bytes;
use http::Method;

use super::audio::SPEECH;
use crate::chat::OpenAi;
use crate::error::Result;
use crate::http::{Request, Response};

impl OpenAi {
    /// Requests speech with this JSON. The limits of streams apply to a response that is read as it arrives.
    pub(crate) async fn speech(&self, body: Bytes, streamed: bool) -> Result<Response> {
        let (http, options) = self.connection();
        let request = Request {
            // The media type that the `openai` packages accept. The response has the audio's own.
            accept: "application/octet-stream",
            body: Some(body),
            streamed,
            ..Request::new(SPEECH, Method::POST, "audio/speech", &options)
        };
        http.send(request).await
    }

    /// Requests speech and reads it whole, within the limit `reply`.
    #[cfg(feature = "bridge")]
    pub(crate) async fn whole_speech(&self, body: Bytes) -> Result<(crate::http::Head, Bytes)> {
        let Response { status, url, headers, body } = self.speech(body, false).await?;
        let audio = body.collect(self.connection().0.limits().reply).await?;
        Ok((crate::http::Head { status, url: Some(url), headers }, audio))
    }
}
