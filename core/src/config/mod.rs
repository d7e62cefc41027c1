//! Plain options with their defaults: time limits, retries, sizes, and the options of single calls.
//!
//! The builder of every client has the same three settings, and its `with` accepts [`CallOptions`] for single calls:
//!
//! ```text
//! builder ── timeouts(Timeouts) · retry(RetryPolicy) · limits(Limits) ──▶ client ── with(CallOptions) ──▶ client
//! ```
//!
//! A call that exceeds a time limit fails with `connect_timeout`, `headers_timeout`, `idle_timeout`, `content_timeout`
//! or `total_timeout`. A service that exceeds a size limit causes `too_large`. An unusable setting fails in the
//! builder's `build`, with `config`.
//!
//! ```
//! use std::time::Duration;
//! use turnwire::OpenAi;
//! use turnwire::config::{CallOptions, Limits, RetryPolicy, Timeouts};
//!
//! # fn main() -> turnwire::Result<()> {
//! let llm = OpenAi::builder()
//!     .base_url("http://127.0.0.1:8080/v1")
//!     .timeouts(Timeouts::new().idle(Duration::from_secs(30)).total(None)) // `None`: no limit
//!     .retry(RetryPolicy::new().max_retries(5))
//!     .limits(Limits::new().reply(1024 * 1024))
//!     .build()?;
//! let hasty = llm.with(CallOptions::new().timeout(Duration::from_secs(5)));
//! # let _ = hasty;
//! # Ok(())
//! # }
//! ```

mod call;
mod limits;
mod retry;
mod timeouts;

pub use call::CallOptions;
pub(crate) use call::{HeaderChange, header_changes};
pub use limits::Limits;
pub use retry::RetryPolicy;
pub use timeouts::Timeouts;
