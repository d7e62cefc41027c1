//! The CPU time of a chunk in the middle of a measurement: the opening of streams and their end are left out.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::{cpu_time, memory_kib};

/// Part of all units after which the measurement begins, and after which it ends.
const WINDOW: (f64, f64) = (0.2, 0.9);

/// A count of the units that all streams of a client have read, with clocks read at two of them.
#[derive(Debug)]
pub struct Meter {
    seen: Cell<usize>,
    /// The count at which a clock is read next.
    next: Cell<usize>,
    end: usize,
    marks: Cell<[Option<Mark>; 2]>,
    resident_kib: f64,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    seen: usize,
    cpu: Duration,
    wall: Instant,
}

/// The costs of a chunk.
#[derive(Clone, Copy, Debug, serde::Deserialize, serde::Serialize)]
pub struct Costs {
    /// CPU time of the whole process, user and system, in microseconds.
    pub cpu_us: f64,
    /// Wall time in microseconds.
    pub wall_us: f64,
    /// The most memory in use above that before the measurement, in KiB: of all streams together.
    pub memory_kib: f64,
}

impl Meter {
    /// A meter for so many units of any kind: chunks, or bytes.
    #[must_use]
    pub fn new(units: usize) -> Self {
        let at = |part: f64| (units as f64 * part) as usize;
        Self {
            seen: Cell::new(0),
            next: Cell::new(at(WINDOW.0)),
            end: at(WINDOW.1),
            marks: Cell::new([None, None]),
            resident_kib: memory_kib("VmRSS"),
        }
    }

    /// Counts units.
    pub fn add(&self, units: usize) {
        let seen = self.seen.get() + units;
        self.seen.set(seen);
        if seen >= self.next.get() {
            self.mark(seen);
        }
    }

    #[cold]
    fn mark(&self, seen: usize) {
        let mark = Some(Mark { seen, cpu: cpu_time(), wall: Instant::now() });
        let [first, _] = self.marks.get();
        if first.is_none() {
            self.marks.set([mark, None]);
            self.next.set(self.end.max(seen + 1));
        } else {
            self.marks.set([first, mark]);
            self.next.set(usize::MAX);
        }
    }

    /// Units counted so far.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen.get()
    }

    /// The costs of a chunk, if a chunk is so many units; `None` before the end of the measurement.
    #[must_use]
    pub fn costs(&self, units_a_chunk: f64) -> Option<Costs> {
        let [Some(first), Some(last)] = self.marks.get() else { return None };
        let chunks = (last.seen - first.seen) as f64 / units_a_chunk;
        Some(Costs {
            cpu_us: (last.cpu - first.cpu).as_secs_f64() * 1e6 / chunks,
            wall_us: (last.wall - first.wall).as_secs_f64() * 1e6 / chunks,
            memory_kib: (memory_kib("VmHWM") - self.resident_kib).max(0.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_middle_is_measured() {
        let meter = Meter::new(1_000);
        let before = cpu_time();
        // Work before the window and after it, which must not be counted.
        while cpu_time() - before < Duration::from_millis(30) {}
        for unit in 0..1_000 {
            meter.add(1);
            assert_eq!(meter.costs(1.0).is_some(), unit >= 899);
        }
        while cpu_time() - before < Duration::from_millis(60) {}
        let costs = meter.costs(1.0).unwrap();
        assert!(costs.cpu_us * 700.0 < 15_000.0, "{costs:?}");
        assert_eq!(meter.seen(), 1_000);
    }

    #[test]
    fn large_pieces_are_counted_by_what_was_read() {
        let meter = Meter::new(1_000);
        (0..4).for_each(|_| meter.add(250));
        let [first, last] = meter.marks.get();
        assert_eq!((first.unwrap().seen, last.unwrap().seen), (250, 1_000));
    }
}
