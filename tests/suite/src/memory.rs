//! Memory, counted by the allocator: per thread, so that concurrent tests do not disturb each other, and for the
//! process, for a test alone in its process.
//!
//! A test binary counts once it has `#[global_allocator] static ALLOCATOR: Counting = Counting;`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicIsize, AtomicUsize};

/// The counting allocator.
#[derive(Debug)]
pub struct Counting;

/// Memory used since the count began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use {
    /// Bytes allocated now.
    pub held: isize,
    /// Peak of allocated bytes.
    pub peak: isize,
    /// Total of allocated bytes.
    pub allocated: usize,
    /// Number of allocations.
    pub calls: usize,
}

thread_local! {
    static THREAD: Cell<Use> = const { Cell::new(Use { held: 0, peak: 0, allocated: 0, calls: 0 }) };
}

static HELD: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static PIECES: AtomicIsize = AtomicIsize::new(0);

/// Runs `work` and returns the memory that this thread used for it.
pub fn used<T>(work: impl FnOnce() -> T) -> (T, Use) {
    THREAD.set(Use::default());
    let value = work();
    (value, THREAD.get())
}

/// Bytes currently allocated by the process.
pub fn held() -> isize {
    HELD.load(Relaxed)
}

/// Current allocations of the process.
pub fn pieces() -> isize {
    PIECES.load(Relaxed)
}

/// Total of bytes allocated by the process.
pub fn allocated() -> usize {
    ALLOCATED.load(Relaxed)
}

/// Resets the process's peak, from which [`peak`] counts.
pub fn forget_peak() {
    PEAK.store(held(), Relaxed);
}

/// The process's peak of allocated bytes since [`forget_peak`].
pub fn peak() -> isize {
    PEAK.load(Relaxed)
}

fn count(old: usize, new: usize) {
    let grown = new.cast_signed() - old.cast_signed();
    let held = HELD.fetch_add(grown, Relaxed) + grown;
    PEAK.fetch_max(held, Relaxed);
    ALLOCATED.fetch_add(new, Relaxed);
    PIECES.fetch_add(isize::from(new > 0) - isize::from(old > 0), Relaxed);
    // The thread's last frees happen after its thread-local is destroyed.
    let _ = THREAD.try_with(|cell| {
        let mut used = cell.get();
        used.held += grown;
        used.peak = used.peak.max(used.held);
        used.allocated += new;
        used.calls += usize::from(new > 0);
        cell.set(used);
    });
}

// SAFETY: every call is forwarded unchanged to the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), size);
        unsafe { System.realloc(memory, layout, size) }
    }
}
