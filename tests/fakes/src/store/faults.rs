//! Faults of a store, drawn from a seed.

use super::data::scramble;

/// Faults of saves: a part of them, drawn from a seed, the message's id and the number of the attempt. So a message meets
/// the same faults in whatever order messages arrive. A fault is one of four: 503, 500, a connection that is reset before
/// the work, and one that is reset after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    seed: u64,
    per_mille: u64,
}

/// A fault of one save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The status 503.
    Unavailable,
    /// The status 500.
    Failed,
    /// The connection is reset, and nothing is saved.
    Cut,
    /// The message is saved, and the connection is reset in place of the answer.
    Lost,
}

impl Faults {
    /// Faults of so many saves of a thousand.
    pub fn new(seed: u64, per_mille: u64) -> Self {
        Self { seed, per_mille }
    }

    /// The fault of this attempt to save a message, if any.
    pub(crate) fn draw(self, id: &str, attempt: u64) -> Option<Fault> {
        let drawn = mixed(scramble(&format!("{}/{id}/{attempt}", self.seed)));
        let kinds = [Fault::Unavailable, Fault::Failed, Fault::Cut, Fault::Lost];
        let kind = kinds.into_iter().cycle().nth((drawn / 1000 % 4) as usize);
        kind.filter(|_| drawn % 1000 < self.per_mille)
    }
}

/// Spreads the last bytes of a hash over all of its bits (the end of MurmurHash3).
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_its_part_of_all_kinds_and_the_same_each_time() {
        let faults = Faults::new(1, 300);
        let draw = |faults: Faults| -> Vec<Option<Fault>> {
            (0..10_000).map(|n| faults.draw(&format!("m{}", n / 4), n % 4)).collect()
        };
        let drawn = draw(faults);
        for kind in [Fault::Unavailable, Fault::Failed, Fault::Cut, Fault::Lost] {
            let of_kind = drawn.iter().filter(|fault| **fault == Some(kind)).count();
            assert!((650..850).contains(&of_kind), "{kind:?}: {of_kind}");
        }
        assert_eq!(draw(faults), drawn);
        assert_ne!(draw(Faults::new(2, 300)), drawn);
        assert!(draw(Faults::new(1, 0)).iter().all(Option::is_none));
    }
}
