//! The settings that the builder of every client has.

/// Defines them on a builder whose field `http` is an [`HttpConfig`](super::HttpConfig).
macro_rules! http_settings {
    () => {
        /// Sends a header with every call, in place of the client's own.
        pub fn header(
            mut self,
            name: impl Into<String>,
            value: impl Into<$crate::credentials::Secret>,
        ) -> Self {
            self.http.headers.push((name.into(), Some(value.into())));
            self
        }

        /// Sends these headers with every call, in place of the client's own of their names. One without a value is not
        /// sent at all.
        pub fn headers<N: Into<String>, V: Into<$crate::credentials::Secret>>(
            mut self,
            headers: impl IntoIterator<Item = (N, Option<V>)>,
        ) -> Self {
            self.http.headers.extend($crate::config::header_changes(headers));
            self
        }

        /// Adds a parameter to the query of every call, also beside others of its name, such as Azure's `api-version`.
        pub fn query(
            mut self,
            name: impl Into<String>,
            value: impl Into<$crate::credentials::Secret>,
        ) -> Self {
            self.http.query.push((name.into(), value.into()));
            self
        }

        /// Adds these parameters to the query of every call, as [`query`](Self::query).
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

        /// The retries of transient failures.
        pub fn retry(mut self, retry: $crate::config::RetryPolicy) -> Self {
            self.http.retry = retry;
            self
        }

        /// The sizes that the service may send.
        pub fn limits(mut self, limits: $crate::config::Limits) -> Self {
            self.http.limits = limits;
            self
        }

        /// Sends everything through this proxy (`http:`, `https:` or `socks5:`), whatever the environment names.
        pub fn proxy(mut self, url: impl Into<$crate::credentials::Secret>) -> Self {
            self.http.proxy = $crate::http::ProxyChoice::Url(url.into());
            self
        }

        /// Uses no proxy, whatever the environment names.
        pub fn no_proxy(mut self) -> Self {
            self.http.proxy = $crate::http::ProxyChoice::None;
            self
        }

        /// Trusts the certificates in this PEM text besides the system's, such as those of a company's own authority.
        pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
            self.http.root_certificates.push(pem.into());
            self
        }
    };
}

pub(crate) use http_settings;
