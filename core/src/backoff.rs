//! The pauses between attempts.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

/// Pauses of which each is twice as long as the one before, up to a longest. Half of each is left
/// to chance, so that clients which failed together do not come back together.
///
/// ```ignore
/// let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
/// while attempt().await.is_err() {
///     sleep(backoff.pause()).await;
/// }
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// The pause after so many failed attempts, for whoever counts them.
    #[cfg(feature = "nats")]
    pub(crate) fn after(mut self, attempts: usize) -> Duration {
        let doubled = attempts.saturating_sub(1).try_into().ok().and_then(|n| 2_u32.checked_pow(n));
        self.next = self.next.saturating_mul(doubled.unwrap_or(u32::MAX));
        self.pause()
    }

    /// The pause before the next attempt.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next.min(self.longest);
        self.next = pause.saturating_mul(2);
        let half = pause / 2;
        half.saturating_add(up_to(half))
    }
}

/// A part of a duration, left to chance.
pub(crate) fn up_to(longest: Duration) -> Duration {
    // The standard library has no random numbers but the keys of its hash maps.
    let chance = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(u32::MAX);
    longest.mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        let backoff = || Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
        let mut seen = Vec::new();
        for _ in 0..20 {
            let mut backoff = backoff();
            for longest in [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
                let (longest, pause) = (Duration::from_millis(longest), backoff.pause());
                assert!(longest / 2 <= pause && pause <= longest, "{longest:?}: {pause:?}");
                seen.push(pause);
            }
        }
        assert!(seen.iter().any(|pause| *pause != seen[0] && pause.as_millis() <= 250));
        #[cfg(feature = "nats")]
        for (attempts, longest) in [(0, 250), (1, 250), (2, 500), (6, 8000), (9, 10_000)] {
            let (longest, pause) = (Duration::from_millis(longest), backoff().after(attempts));
            assert!(longest / 2 <= pause && pause <= longest, "{attempts}: {pause:?}");
        }
        #[cfg(feature = "nats")]
        assert!(backoff().after(usize::MAX) <= Duration::from_secs(10));
        let mut endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(endless.pause() >= Duration::MAX / 2 && endless.pause() >= Duration::MAX / 2);
    }
}
