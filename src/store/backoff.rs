//! When what could not be done is tried again.

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};

/// The first pause, and the longest (`workqueue.NewTypedItemExponentialFailureRateLimiter` in
/// `pkg/controller/certificates/certificate_controller.go`).
const FIRST: Duration = Duration::milliseconds(200);
const LONGEST: Duration = Duration::seconds(1000);

/// The pauses of everything that could not be done.
#[derive(Debug, Default)]
pub struct Backoff {
    items: HashMap<String, Item>,
}

#[derive(Debug)]
struct Item {
    failures: u32,
    next: OffsetDateTime,
    /// What it was when it failed.
    digest: Vec<u8>,
}

impl Backoff {
    /// Whether an item is to be left alone now. One that has changed is not.
    #[must_use]
    pub fn pauses(&self, name: &str, digest: &[u8], now: OffsetDateTime) -> bool {
        self.items.get(name).is_some_and(|item| item.digest == digest && now < item.next)
    }

    /// Notes that an item could not be done.
    pub fn fail(&mut self, name: &str, digest: &[u8], now: OffsetDateTime) {
        let failures =
            self.items.get(name).filter(|item| item.digest == digest).map_or(0, |item| item.failures + 1);
        // Thirteen doublings are more than the longest pause.
        let pause = (FIRST * 2_i32.pow(failures.min(13))).min(LONGEST);
        self.items.insert(name.to_owned(), Item { failures, next: now + pause, digest: digest.to_vec() });
    }

    /// Forgets an item.
    pub fn forget(&mut self, name: &str) {
        self.items.remove(name);
    }

    /// Forgets every pause: something has changed that all of them may wait for.
    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// Keeps only items that are still there.
    pub fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.items.retain(|name, _| is_there(name));
    }

    /// When the next item is to be tried.
    #[must_use]
    pub fn next(&self) -> Option<OffsetDateTime> {
        self.items.values().map(|item| item.next).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let now = datetime!(2026-11-22 12:00 UTC);
        let mut pauses = Vec::new();
        for _ in 0..16 {
            backoff.fail("a", b"1", now);
            pauses.push((backoff.next().unwrap() - now).whole_milliseconds());
        }
        assert_eq!(pauses[..4], [200, 400, 800, 1600]);
        assert_eq!(pauses[12..], [819_200, 1_000_000, 1_000_000, 1_000_000]);
        assert!(backoff.pauses("a", b"1", now) && !backoff.pauses("a", b"2", now));
        assert!(!backoff.pauses("a", b"1", now + LONGEST));
        backoff.fail("a", b"2", now);
        assert_eq!(backoff.next(), Some(now + FIRST));
        backoff.retain(|_| false);
        assert_eq!(backoff.next(), None);
    }
}
