//! The settings shared by the builders of all clients.

/// Defines these settings on a builder whose field `http` is an [`HttpConfig`](super::HttpConfig).
macro_rules! http_settings {
    () => {
        /// Sends a header with every call, replacing the client's own.
        pub fn header(
            mut self,
            name: impl Into<String>,
            value: impl Into<$crate::credentials::Secret>,
        ) -> Self {
            self.http.headers.push((name.into(), Some(value.into())));
            self
        }

        /// Sends these headers with every call, replacing the client's own of their names. A header without a value is
        /// not sent at all.
        pub fn headers<N: Into<String>, V: Into<$crate::credentials::Secret>>(
            mut self,
            headers: impl IntoIterator<Item = (N, Option<V>)>,
        ) -> Self {
            self.http.headers.extend($crate::config::header_changes(headers));
            self
        }

        /// Adds a query parameter to every call, such as Azure's `api-version`, even if one of that name exists.
        pub fn query(
            mut self,
            name: impl Into<String>,
            value: impl Into<$crate::credentials::Secret>,
        ) -> Self {
            self.http.query.push((name.into(), value.into()));
            self
        }

        /// Adds these query parameters to every call, as [`query`](Self::query) does.
        pub fn queries<N: Into<String>, V: Into<$crate::credentials::Secret>>(
            mut self,
            query: impl IntoIterator<Item = (N, V)>,
        ) -> Self {
            self.http
                .query
                .extend(query.into_iter().map(|(name, value)| (name.into(), value.into())));
            self
        }

        /// The settings of its connections.
        #[cfg(feature = "bridge")]
        pub(crate) fn http_mut(&mut self) -> &mut $crate::http::HttpConfig {
            &mut self.http
        }

        /// The time limits.
        pub fn timeouts(mut self, timeouts: $crate::config::Timeouts) -> Self {
            self.http.timeouts = timeouts;
            self
        }

        /// The retry policy for transient failures.
        pub fn retry(mut self, retry: $crate::config::RetryPolicy) -> Self {
            self.http.retry = retry;
            self
        }

        /// The limits on the size of responses.
        pub fn limits(mut self, limits: $crate::config::Limits) -> Self {
            self.http.limits = limits;
            self
        }

        /// Sends all requests through this proxy (`http:`, `https:` or `socks5:`), regardless of the environment.
        pub fn proxy(mut self, url: impl Into<$crate::credentials::Secret>) -> Self {
            self.http.proxy = $crate::http::ProxyChoice::Url(url.into());
            self
        }

        /// Uses no proxy, regardless of the environment.
        pub fn no_proxy(mut self) -> Self {
            self.http.proxy = $crate::http::ProxyChoice::None;
            self
        }

        /// Trusts the certificates in this PEM text in addition to the system's, such as those of a company's own
        /// authority.
        pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
            self.http.root_certificates.push(pem.into());
            self
        }
    };
}

pub(crate) use http_settings;
