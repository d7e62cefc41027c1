//! One call: adds tokens, repeats it once with fresh ones if they are stale, and unwraps its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};

use tracing::Instrument;
use tracing::field::Empty;

use super::client::{ChatStore, Identity};
use super::renewal::Stale;
use super::wrapped::{self, Answer};
use crate::config::CallOptions;
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Repeat, Request, Response};
use crate::outbox::Requests;

/// A call, before it has tokens.
pub(super) struct Call<'a> {
    operation: &'static str,
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    json: Option<Bytes>,
    repeat: Repeat,
    /// Storage that records each attempt.
    requests: Option<&'a dyn Requests>,
}

impl<'a> Call<'a> {
    pub(super) fn new(operation: &'static str, method: Method, path: &'a str) -> Self {
        let repeat = Repeat::ByPolicy;
        Call { operation, method, path, query: &[], json: None, repeat, requests: None }
    }

    pub(super) fn query(mut self, query: &'a [(&'a str, &'a str)]) -> Self {
        self.query = query;
        self
    }

    pub(super) fn json(mut self, json: Bytes) -> Self {
        self.json = Some(json);
        self
    }

    /// Records each attempt before it is sent.
    pub(super) fn noted_by(mut self, requests: &'a dyn Requests) -> Self {
        self.requests = Some(requests);
        self
    }

    /// Marks the call as not idempotent.
    pub(super) fn once(mut self) -> Self {
        self.repeat = Repeat::WhileUntaken;
        self
    }
}

impl ChatStore {
    /// Makes a call and reads its answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        identity: &Identity,
    ) -> Result<Answer<T>> {
        let response = self.send(&call, identity).await?;
        wrapped::read(&self.shared.http, response).await
    }

    /// Makes a call whose answer must have data.
    pub(super) async fn wanted<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        identity: &Identity,
    ) -> Result<T> {
        let operation = call.operation;
        let why = "the store's answer has no data";
        let data = self.call(call, identity).await?.data;
        data.ok_or_else(|| Error::new(ErrorKind::Decode, operation, why))
    }

    /// Makes a call for which a status of 201 suffices. Any other success must have the store's own form, as a captive
    /// portal answers 200 to everything.
    pub(super) async fn accepted(&self, call: Call<'_>, identity: &Identity) -> Result<()> {
        let response = self.send(&call, identity).await?;
        if response.status == StatusCode::CREATED {
            response.body.release().await;
            return Ok(());
        }
        wrapped::read::<IgnoredAny>(&self.shared.http, response).await.map(drop)
    }

    /// Sends a call until a good response begins, within a span of its own.
    async fn send(&self, call: &Call<'_>, identity: &Identity) -> Result<Response> {
        let span = tracing::info_span!(
            "store",
            otel.name = call.operation,
            otel.kind = "client",
            otel.status_code = Empty,
            error.r#type = Empty,
        );
        let sent = self.send_with_tokens(call, identity).instrument(span.clone()).await;
        if let Err(error) = &sent {
            span.record("error.type", error.code());
            span.record("otel.status_code", "ERROR");
        }
        sent
    }

    async fn send_with_tokens(&self, call: &Call<'_>, identity: &Identity) -> Result<Response> {
        let tokens = self.tokens_for(call.operation, identity).await?;
        let given: Vec<_> = identity.tokens.iter().collect();
        let refused = match self.attempt(call, &tokens, &given).await {
            Err(error) if error.kind() == ErrorKind::Authentication => error,
            settled => return settled,
        };
        match self.fresh(call.operation, &tokens, &refused, identity).await? {
            Some(fresh) => {
                let known = [given, vec![&tokens]].concat();
                self.attempt(call, &fresh, &known).await.map_err(Stale::explain)
            }
            None => Err(Stale::explain(refused)),
        }
    }

    async fn attempt(
        &self,
        call: &Call<'_>,
        tokens: &Tokens,
        known: &[&Tokens],
    ) -> Result<Response> {
        let mut options = CallOptions::new();
        for (name, value) in tokens.headers() {
            options = options.header(name, value);
        }
        let options = self.options.merged(options);
        let request = Request {
            query: call.query,
            body: call.json.clone(),
            repeat: call.repeat,
            known,
            ..Request::new(call.operation, call.method.clone(), call.path, &options)
        };
        let told = |error: Error| match error.kind() {
            ErrorKind::NotFound => {
                error.with_hint("check the store's URL, its paths (`StorePaths`) and the ids")
            }
            _ => error,
        };
        let Some(requests) = call.requests else {
            return self.shared.http.send(request).await.map_err(told);
        };
        requests.begins().await?;
        let sent = self.shared.http.send(request).await;
        if sent.as_ref().is_err_and(|error| error.kind() == ErrorKind::Authentication) {
            requests.was_refused();
        }
        sent.map_err(told)
    }

    /// The newest tokens for a call.
    async fn tokens_for(&self, operation: &'static str, identity: &Identity) -> Result<Tokens> {
        let known = identity.tokens.clone();
        let known = match (known, &self.shared.provider) {
            (None, Some(provider)) => {
                provider.tokens(operation, identity.user.as_deref(), None).await?
            }
            (known, _) => known,
        };
        let why = "this call has no tokens: pass them, or set a token provider that has them";
        let known = known.ok_or_else(|| Error::new(ErrorKind::Authentication, operation, why))?;
        Ok(self.shared.renewals.newest(known))
    }

    /// Fresh tokens to replace the refused ones, if there are any.
    async fn fresh(
        &self,
        operation: &'static str,
        tokens: &Tokens,
        refused: &Error,
        identity: &Identity,
    ) -> Result<Option<Tokens>> {
        let renewable = match Stale::of(refused) {
            Some(Stale::Access) => true,
            Some(Stale::Refresh) => self.shared.extend_login,
            _ => false,
        };
        if renewable {
            let renew = || {
                // Other calls may wait for this renewal: cancelling one call must not cancel it.
                let options = CallOptions { cancel: None, ..(*self.options).clone() };
                let store = ChatStore { options: Arc::new(options), ..self.clone() };
                let tokens = tokens.clone();
                async move { store.reissue(&tokens).await }
            };
            let renewed = self.shared.renewals.renew(tokens, renew);
            let renewed = match &self.options.cancel {
                None => renewed.await,
                Some(token) => token.run_until_cancelled(renewed).await.unwrap_or_else(|| {
                    let why = "while its tokens were renewed";
                    Err(Error::new(ErrorKind::Cancelled, operation, why))
                }),
            };
            match renewed {
                Err(error) if error.is_cancelled() => return Err(error),
                Ok(fresh) => return Ok(Some(fresh)),
                // The store may renew them later, so the error is retryable.
                Err(error) if error.is_retryable() => return Err(error),
                Err(_) => {}
            }
        }
        let Some(provider) = &self.shared.provider else { return Ok(None) };
        let given = provider.tokens(operation, identity.user.as_deref(), Some(tokens)).await?;
        if let Some(given) = &given {
            self.shared.renewals.replace(tokens, given);
        }
        Ok(given)
    }
}
