//! When data comes too slowly to go on waiting for it.

use std::time::Duration;

/// Counts what came against the time spent waiting for it.
///
/// Silence is caught by a time-out; this catches the server that sends one byte just before each time-out. Its clock
/// runs only while someone waits for data, so a caller with a slow disk does not make the server look slow.
#[derive(Debug)]
pub(super) struct RateWatch {
    minimum: u64,
    window: Duration,
    waited: Duration,
    bytes: u64,
}

impl RateWatch {
    pub(super) fn new(bytes_per_second: u64, window: Duration) -> Self {
        Self { minimum: bytes_per_second, window, waited: Duration::ZERO, bytes: 0 }
    }

    /// Takes note of `bytes` that came after waiting for `waited`. False where a whole window was too slow.
    #[must_use]
    pub(super) fn keeps_up(&mut self, waited: Duration, bytes: usize) -> bool {
        self.waited = self.waited.saturating_add(waited);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.waited < self.window {
            return true;
        }
        let due = u128::from(self.minimum).saturating_mul(self.waited.as_millis()) / 1000;
        let enough = u128::from(self.bytes) >= due;
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(30);

    #[test]
    fn a255_a_byte_every_29_seconds_ends_at_the_first_full_window() {
        let mut watch = RateWatch::new(1024, WINDOW);
        let verdicts: Vec<bool> = (0..2).map(|_| watch.keeps_up(Duration::from_secs(29), 1)).collect();
        assert_eq!(verdicts, [true, false]);
    }

    #[test]
    fn exactly_the_minimum_rate_goes_on() {
        let mut watch = RateWatch::new(1024, WINDOW);
        assert!((0..100).all(|_| watch.keeps_up(Duration::from_secs(1), 1024)));
    }

    #[test]
    fn a_fast_start_does_not_pay_for_a_slow_rest() {
        let mut watch = RateWatch::new(1024, WINDOW);
        assert!(watch.keeps_up(WINDOW, 1 << 30));
        assert!(!watch.keeps_up(WINDOW, 1024));
    }

    #[test]
    fn a_short_body_is_never_too_slow() {
        let mut watch = RateWatch::new(u64::MAX, WINDOW);
        assert!(watch.keeps_up(Duration::from_secs(29), 0));
    }
}
