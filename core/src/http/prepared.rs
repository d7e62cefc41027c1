//! A request in the form that all its attempts share.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use url::Url;

use super::headers::{FRAMING, change_headers, insert_header};
use super::names::{IDEMPOTENCY_KEY, TRACE_PARENT, TRACE_STATE};
use super::request::Request;
use crate::credentials::Secret;
use crate::error::Result;
use crate::process::new_id;
use crate::propagation;
use crate::redact::Redactor;

/// A request, ready to be sent any number of times.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) streamed: bool,
    pub(super) redactor: Redactor,
}

/// The parts that all requests of a client share.
pub(super) struct Defaults {
    pub(super) base: Url,
    pub(super) headers: HeaderMap,
    /// The names of headers that no request has, unless its call sets them.
    pub(super) removed: Vec<String>,
    pub(super) query: Vec<(String, Secret)>,
    pub(super) redactor: Redactor,
}

impl Defaults {
    /// Builds a request from the client's parts and its own.
    pub(super) fn prepare(&self, request: &Request<'_>) -> Result<Prepared> {
        let mut redactor = self.redactor.clone();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(request.accept));
        // Without this header any coding would be allowed (RFC 9110, section 12.5.3).
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in request.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if request.keyed {
            let key = new_id().to_string();
            insert_header(&mut headers, IDEMPOTENCY_KEY, &key.into(), request.operation)?;
        }
        let injected = if request.traced { propagation::headers() } else { HeaderMap::new() };
        for (name, value) in &injected {
            if !FRAMING.contains(&name.as_str()) {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        }
        // The client's headers, and then the call's, replace the defaults.
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        for name in &self.removed {
            headers.remove(name);
        }
        if let Some(key) = &request.options.idempotency_key {
            insert_header(&mut headers, IDEMPOTENCY_KEY, key, request.operation)?;
        }
        change_headers(&mut headers, &request.options.headers, &mut redactor, request.operation)?;
        let is_own_state = self.headers.contains_key(TRACE_STATE)
            || request
                .options
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(TRACE_STATE));
        // A state belongs to its parent: it does not go out with another one, or none.
        if !is_own_state && headers.get(TRACE_PARENT) != injected.get(TRACE_PARENT) {
            headers.remove(TRACE_STATE);
        }
        for (name, value) in &request.options.query {
            redactor.add_value(name, value.expose());
        }
        request.known.iter().for_each(|tokens| redactor.add_tokens(tokens));
        let mut url = self.base.clone();
        let path = request.path.trim_start_matches('/');
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        add_query(&mut url, &self.query);
        add_query(&mut url, &request.options.query);
        Ok(Prepared {
            method: request.method.clone(),
            url,
            headers,
            body: request.body.clone(),
            streamed: request.streamed,
            redactor,
        })
    }
}

/// Sets query parameters.
fn add_query(url: &mut Url, parameters: &[(String, Secret)]) {
    if parameters.is_empty() {
        return;
    }
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    query.retain(|(name, _)| parameters.iter().all(|(new, _)| new != name));
    query.extend(parameters.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
    url.query_pairs_mut().clear().extend_pairs(query);
}
