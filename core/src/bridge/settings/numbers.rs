//! Numbers that a host gives to single calls and waits, refused in the words of settings.

use std::time::Duration;

use super::names::{LimitKind, Names};
use crate::error::{Error, ErrorKind, Result};

/// A time limit in the unit of the language, NaN for a value that is no number; `None` for no limit, which more seconds than
/// [`Duration`] can hold mean as well.
///
/// # Errors
///
/// `config` for a number that is no time.
pub fn time(
    name: &str,
    limit: f64,
    operation: &'static str,
    names: Names,
) -> Result<Option<Duration>> {
    match limit >= 0.0 {
        true => Ok(Duration::try_from_secs_f64(limit * names.unit_of_time()).ok()),
        false => Err(refused(name, &names.values_of(LimitKind::Time), operation)),
    }
}

/// A whole number, NaN for a value that is none.
///
/// # Errors
///
/// `config` for a number that `T` cannot hold.
pub fn whole<T: TryFrom<u64>>(name: &str, number: f64, operation: &'static str) -> Result<T> {
    let is_whole = number >= 0.0 && number.fract() == 0.0 && number < 2f64.powi(64);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is in the range"
    )]
    let whole = is_whole.then_some(number as u64).and_then(|number| T::try_from(number).ok());
    let bits = u32::try_from(8 * size_of::<T>()).unwrap_or(u64::BITS);
    whole.ok_or_else(|| refused(name, &whole_of(bits), operation))
}

/// The values of a whole number of so many bits, for errors.
pub(super) fn whole_of(bits: u32) -> String {
    format!("a whole number from 0 on, of {bits} bits at most")
}

fn refused(name: &str, values: &str, operation: &'static str) -> Error {
    Error::new(ErrorKind::Config, operation, format!("{name} must be {values}"))
}
