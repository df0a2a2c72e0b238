//! Whether and when a request is repeated.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use super::options::HttpOptions;

/// What a failure says about asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would fail again.
    Never,
    /// It may pass; the server asked for this wait, if it asked.
    After(Option<Duration>),
}

/// The longest wait that a server can ask for. One that asks for more is not asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// No repetition starts later than this after the first request, so that repetitions cannot add up.
const LATEST: Duration = Duration::from_secs(60);

/// The wait before repetition number `repetition` (from 0), or none where there is to be no repetition.
pub(super) fn delay(options: &HttpOptions, again: Again, repetition: u32, elapsed: Duration) -> Option<Duration> {
    let Again::After(asked) = again else { return None };
    if repetition >= options.retries || asked.is_some_and(|asked| asked > LONGEST_WAIT) {
        return None;
    }
    let own = options.retry_delay.saturating_mul(1_u32.checked_shl(repetition).unwrap_or(u32::MAX));
    let delay = jitter(own.min(LONGEST_WAIT)).max(asked.unwrap_or_default());
    (elapsed.saturating_add(delay) <= LATEST).then_some(delay)
}

/// Half to all of `delay`, so that many clients do not come back in step. Not for secrets.
fn jitter(delay: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or(0);
    let half = delay / 2;
    half.saturating_add(half.mul_f64(f64::from(random) / f64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> HttpOptions {
        HttpOptions { retries: 3, retry_delay: Duration::from_secs(1), ..HttpOptions::default() }
    }

    #[test]
    fn a261_waits_double_and_end() {
        let wait = |n| delay(&options(), Again::After(None), n, Duration::ZERO).map(|d| d.as_secs_f64());
        for (n, longest) in [(0, 1.0), (1, 2.0), (2, 4.0)] {
            let seconds = wait(n).unwrap();
            assert!((longest / 2.0..=longest).contains(&seconds), "repetition {n} waits {seconds} s");
        }
        assert_eq!(wait(3), None);
    }

    #[test]
    fn a261_no_repetition_starts_after_a_minute() {
        assert_eq!(delay(&options(), Again::After(None), 0, Duration::from_secs(60)), None);
    }

    #[test]
    fn a_server_may_ask_for_half_a_minute_and_no_more() {
        let asked = |seconds| delay(&options(), Again::After(Some(Duration::from_secs(seconds))), 0, Duration::ZERO);
        assert_eq!(asked(30), Some(Duration::from_secs(30)));
        assert_eq!(asked(31), None);
    }

    #[test]
    fn what_would_fail_again_is_not_repeated() {
        assert_eq!(delay(&options(), Again::Never, 0, Duration::ZERO), None);
    }
}
