//! What one message may cost, and what the slowest did.
//!
//! Time is CPU time of this thread, in a build that counts every branch and checks every sum. What
//! is over the limit is tried again, since other work on the machine must not look like a fault, and
//! then by the build that counts nothing.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use crate::{plain, session::PAYLOAD_MAX};

/// For a message of the largest size; a smaller one has its share, and never less than the floor.
const NANOS_MAX: u64 = 10_000_000;
const NANOS_FLOOR: u64 = 1_000_000;

/// Bytes a message may make a decoder hold beside its own.
const EXTRA_MAX: usize = 4 * 1024 * 1024;

/// How often a slow message is tried again before it is called slow, or before the plain build is
/// asked.
const RETRIES: usize = 16;
const RETRIES_BEFORE_ASKING: usize = 2;

/// Inputs that were slow here and not in the plain build.
static ASKED: AtomicU64 = AtomicU64::new(0);
static SLOWEST_NANOS: AtomicU64 = AtomicU64::new(0);
static SLOWEST_BYTES: AtomicUsize = AtomicUsize::new(0);
static MOST_EXTRA: AtomicUsize = AtomicUsize::new(0);

/// What one message took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    bytes: usize,
    nanos: u64,
    /// The most bytes that were held beside those held before.
    extra: usize,
}

impl Cost {
    /// Does the work for a message of so many bytes.
    pub(crate) fn of<T>(bytes: usize, work: impl FnOnce() -> T) -> (T, Self) {
        let before = HELD.load(Relaxed);
        PEAK.store(before, Relaxed);
        let start = cpu_nanos();
        let result = work();
        let nanos = cpu_nanos() - start;
        (result, Self { bytes, nanos, extra: PEAK.load(Relaxed).saturating_sub(before) })
    }

    fn limit(self) -> u64 {
        (NANOS_MAX * self.bytes as u64 / PAYLOAD_MAX as u64).max(NANOS_FLOOR)
    }
}

/// Holds the messages of an input to their limits. Where one was slow, `again` does all of them
/// once more.
pub(crate) fn judge(mut costs: Vec<Cost>, mut again: impl FnMut() -> Vec<Cost>) {
    let retries = if plain::has_last_word() { RETRIES_BEFORE_ASKING } else { RETRIES };
    for _ in 0..retries {
        let record = SLOWEST_NANOS.load(Relaxed);
        if costs.iter().all(|cost| cost.nanos <= record.min(cost.limit())) {
            break;
        }
        for (cost, other) in costs.iter_mut().zip(again()) {
            cost.nanos = cost.nanos.min(other.nanos);
        }
    }
    let is_slow = costs.iter().any(|cost| cost.nanos > cost.limit());
    let is_excused = is_slow && plain::is_content();
    ASKED.fetch_add(u64::from(is_excused), Relaxed);
    for cost in costs {
        let Cost { bytes, nanos, extra } = cost;
        MOST_EXTRA.fetch_max(extra, Relaxed);
        if SLOWEST_NANOS.fetch_max(nanos, Relaxed) < nanos {
            SLOWEST_BYTES.store(bytes, Relaxed);
        }
        let is_in_time = nanos <= cost.limit() || is_excused;
        assert!(is_in_time, "{bytes} bytes took {nanos} ns, {} allowed", cost.limit());
        assert!(extra <= EXTRA_MAX, "{bytes} bytes took {extra} bytes of memory");
    }
}

/// Runs work that changes nothing, within the limits of a message of so many bytes.
pub(crate) fn limited<T>(bytes: usize, mut work: impl FnMut() -> T) -> T {
    let (result, cost) = Cost::of(bytes, &mut work);
    judge(vec![cost], || vec![Cost::of(bytes, &mut work).1]);
    result
}

fn cpu_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or(0)
}

/// Says at the end what `tools/fuzz.sh` reads.
pub(crate) fn report_at_exit() {
    extern "C" fn report() {
        eprintln!("stat::slowest_us: {}", SLOWEST_NANOS.load(Relaxed) / 1_000);
        eprintln!("stat::excused: {}", ASKED.load(Relaxed));
        eprintln!("stat::slowest_bytes: {}", SLOWEST_BYTES.load(Relaxed));
        eprintln!("stat::most_extra_kib: {}", MOST_EXTRA.load(Relaxed) / 1024);
    }
    // SAFETY: the function is static and reads atomics only.
    unsafe { libc::atexit(report) };
}

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's, counted.
struct Counting;

fn grown(bytes: usize) {
    PEAK.fetch_max(HELD.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: all is the system allocator's work; counting changes none of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
