//! Keys and tokens: types that never reveal them, and the source of new ones.
//!
//! A [`Secret`] is only ever written to a request: it has no `Display`, and its `Debug` prints `[redacted]`. A user's
//! [`Tokens`] are a pair of secrets. A [`TokenProvider`] supplies tokens to a store or a service when a call has none,
//! or when the service rejected them:
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
