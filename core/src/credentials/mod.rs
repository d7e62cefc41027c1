//! Keys and tokens: types that never show them, and the source of fresh ones.
//!
//! A [`Secret`] reaches a request and nothing else: it has no `Display`, and its `Debug` shows `[redacted]`. A user's
//! [`Tokens`] are a pair of them. A [`TokenProvider`] supplies tokens to a store or a service when a call has none, or
//! when the service refused those that it had:
//!
//! ```
//! use turnwire::ChatStore;
//! use turnwire::credentials::{TokenRequest, Tokens};
//!
//! # fn main() -> turnwire::Result<()> {
//! let store = ChatStore::builder("http://localhost:8888")
//!     .token_provider(|asked: TokenRequest| async move {
//!         // `Ok(None)`: there are none now. An error is the call's error.
//!         Ok(asked.user.map(|user| Tokens::new(format!("access of {user}"), format!("refresh of {user}"))))
//!     })
//!     .build()?;
//! # let _ = store;
//! # Ok(())
//! # }
//! ```

mod provider;
mod secret;

pub(crate) use provider::{Credentials, GuardedProvider};
pub use provider::{TokenProvider, TokenRequest};
pub use secret::{Secret, Tokens};
