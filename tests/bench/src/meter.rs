//! The CPU time of a chunk: of a flood as a whole, of paced streams in their middle.
//!
//! A flood is measured from the request to the end, since a client may read ahead of its caller. Of paced streams the
//! opening and the end are left out: they are few chunks, among which the requests would weigh.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::{cpu_time, memory_kib, time_without_core};

/// Part of all units of paced streams after which the measurement begins, and after which it ends.
const MIDDLE: (f64, f64) = (0.2, 0.9);

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
    /// Units counted so far.
    seen: usize,
    cpu: Duration,
    wall: Instant,
    without_core: Duration,
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
    /// Part of the wall time in which the client was ready to run but had no core.
    pub without_core: f64,
}

impl Mark {
    fn now(seen: usize) -> Self {
        let without_core = time_without_core();
        Mark { seen, cpu: cpu_time(), wall: Instant::now(), without_core }
    }
}

impl Meter {
    /// A meter of everything from now on.
    #[must_use]
    pub fn of_flood() -> Self {
        let marks = [Some(Mark::now(0)), None];
        Self::new(marks, usize::MAX, usize::MAX)
    }

    /// A meter of the middle of so many units of any kind: chunks, or bytes.
    #[must_use]
    pub fn of_middle(units: usize) -> Self {
        let at = |part: f64| (units as f64 * part) as usize;
        Self::new([None, None], at(MIDDLE.0), at(MIDDLE.1))
    }

    fn new(marks: [Option<Mark>; 2], next: usize, end: usize) -> Self {
        Self {
            seen: Cell::new(0),
            next: Cell::new(next),
            end,
            marks: Cell::new(marks),
            resident_kib: memory_kib("VmRSS"),
        }
    }

    /// Ends the measurement of a flood.
    pub fn finish(&self) {
        if let [Some(first), None] = self.marks.get()
            && first.seen == 0
        {
            self.marks.set([Some(first), Some(Mark::now(self.seen.get()))]);
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
        let mark = Some(Mark::now(seen));
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
        let wall = last.wall - first.wall;
        Some(Costs {
            cpu_us: (last.cpu - first.cpu).as_secs_f64() * 1e6 / chunks,
            wall_us: wall.as_secs_f64() * 1e6 / chunks,
            memory_kib: (memory_kib("VmHWM") - self.resident_kib).max(0.0),
            without_core: (last.without_core - first.without_core).as_secs_f64()
                / wall.as_secs_f64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses so much CPU time.
    fn work(ms: u64) {
        let before = cpu_time();
        while cpu_time() - before < Duration::from_millis(ms) {}
    }

    #[test]
    fn of_paced_streams_only_the_middle_is_measured() {
        let meter = Meter::of_middle(1_000);
        work(30);
        for unit in 0..1_000 {
            meter.add(1);
            assert_eq!(meter.costs(1.0).is_some(), unit >= 899);
        }
        work(30);
        meter.finish();
        let costs = meter.costs(1.0).unwrap();
        assert!(costs.cpu_us * 700.0 < 15_000.0, "{costs:?}");
        assert_eq!(meter.seen(), 1_000);
    }

    #[test]
    fn of_a_flood_all_is_measured() {
        let meter = Meter::of_flood();
        work(30);
        (0..1_000).for_each(|_| meter.add(1));
        work(30);
        assert!(meter.costs(1.0).is_none());
        meter.finish();
        let costs = meter.costs(2.0).unwrap();
        assert!(costs.cpu_us * 500.0 >= 60_000.0, "{costs:?}");
    }

    #[test]
    fn large_pieces_are_counted_by_what_was_read() {
        let meter = Meter::of_middle(1_000);
        (0..4).for_each(|_| meter.add(250));
        let [first, last] = meter.marks.get();
        assert_eq!((first.unwrap().seen, last.unwrap().seen), (250, 1_000));
    }
}
