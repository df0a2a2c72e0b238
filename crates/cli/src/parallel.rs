//! Many jobs at once, their results in the order of the jobs.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Look-ups wait for the network, hashing for the processor: with more threads than cores neither waits for the other.
fn threads(jobs: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    cores.saturating_mul(2).clamp(8, 64).min(jobs.max(1))
}

/// Does a job for each item. After the first that fails no further one is begun, and its error is the result: of
/// several the one that comes first in the order of the items.
pub(crate) fn map<T: Sync, R: Send, E: Send>(
    items: &[T],
    job: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results: Mutex<Vec<(usize, Result<R, E>)>> = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            let result = job(item);
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads(items.len()) {
            // Where the system gives no more threads, those that there are do the work.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled = map(&items, |item| Ok::<_, ()>(item * 2));
        assert_eq!(doubled, Ok((0..1000).map(|item| item * 2).collect()));
        assert_eq!(map(&[] as &[u32], |item| Ok::<_, ()>(*item)), Ok(Vec::new()));
    }

    #[test]
    fn the_first_error_in_the_order_of_the_items_is_the_result() {
        let items: Vec<u32> = (0..1000).collect();
        let result = map(&items, |item| if item % 7 == 3 { Err(*item) } else { Ok(()) });
        assert_eq!(result, Err(3));
    }
}
